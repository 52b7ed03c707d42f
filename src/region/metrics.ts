/** Metrics and alarms of a region, and CloudWatch before them. */
import type { Engine } from '../engine/engine.ts'
import { cloudWatch } from '../operations/cloudwatch/cloudwatch.ts'
import type { OperationContext } from '../operations/operation.ts'
import type { ServiceEntry } from '../operations/service.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Env } from '../ports/env.ts'
import type { Service } from '../ports/service.ts'
import { AlarmActions } from '../readers/metrics/alarms/alarm-actions.ts'
import { AlarmBook } from '../readers/metrics/alarms/alarm-book.ts'
import { AlarmEvaluator } from '../readers/metrics/alarms/alarm-evaluator.ts'
import type { MetricStore } from '../readers/metrics/metric-store.ts'
import { Metrics } from '../readers/metrics/metrics.ts'
import type { FunctionPorts } from './lambda.ts'

export type MetricSettings = {
  /** What the region's meter puts its values in (readers/metrics/collector.ts). */
  readonly store: MetricStore
  /** Where points and the history of alarms are written. */
  readonly blobs: Blobs
  /** Take samples and evaluate alarms from the start on, and not only once CloudWatch is asked. */
  readonly isEager: boolean
}

type MadeMetrics = { readonly loops: readonly Service[]; readonly services: readonly ServiceEntry[] }

type MetricDeps = {
  readonly env: Env
  readonly engine: Engine
  readonly settings: OperationContext['settings']
  readonly ports: FunctionPorts
  readonly measure: () => Promise<void>
}

export function metricsOf({ store, blobs, isEager }: MetricSettings, deps: MetricDeps): MadeMetrics {
  const { env, engine, settings, ports, measure } = deps
  const book = new AlarmBook({ env, notes: engine, blobs })
  const { functions, destinations } = ports
  const actions = new AlarmActions({ env, book, functions, destinations, place: settings })
  const evaluator = new AlarmEvaluator({ env, book, store, actions })
  const metrics = new Metrics({
    env,
    engine,
    store,
    measure,
    onMinute: async (endMs) => await evaluator.evaluate(endMs),
    beside: book,
    // A region with alarms watches for them.
    isEager: isEager || book.size > 0,
  })
  return {
    loops: [{ start: () => undefined, stop: () => actions.stop() }, metrics],
    services: [
      cloudWatch({
        env,
        settings,
        store,
        alarms: book,
        setState: async (name, to) => await evaluator.enter(name, to),
        begin: async () => await metrics.begin(),
      }),
    ],
  }
}
