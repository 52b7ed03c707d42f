/** Metrics and alarms of a region with CloudWatch before them, and the auto scaling that follows from them. */
import type { CacheReport } from '../core/change/cache-talk.ts'
import type { Engine } from '../engine/engine.ts'
import { ActivityBook } from '../operations/autoscaling/activity-book.ts'
import { autoScaling } from '../operations/autoscaling/autoscaling.ts'
import { Scaler } from '../operations/autoscaling/scaler.ts'
import { ScalingBook } from '../operations/autoscaling/scaling-book.ts'
import { cloudWatch } from '../operations/cloudwatch/cloudwatch.ts'
import type { CloudWatchContext } from '../operations/cloudwatch/cloudwatch-context.ts'
import type { Insights } from '../operations/insights/insights.ts'
import { switchRule } from '../operations/insights/switch-rule.ts'
import type { Evacuated } from '../operations/evacuated.ts'
import type { OperationContext } from '../operations/operation.ts'
import type { ServiceEntry } from '../operations/service-entry.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Env } from '../ports/env.ts'
import type { Service } from '../ports/service.ts'
import { AlarmActions } from '../readers/metrics/alarms/alarm-actions.ts'
import { AlarmBook } from '../readers/metrics/alarms/alarm-book.ts'
import { AlarmEvaluator } from '../readers/metrics/alarms/alarm-evaluator.ts'
import { CacheFigures } from '../readers/metrics/cache-figures.ts'
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
  readonly context: OperationContext
  readonly ports: FunctionPorts
  readonly measure: () => Promise<void>
  readonly api: { readonly insights: Insights; readonly evacuation: Pick<Evacuated, 'fence'> }
  /** Those that have told lately what they count. */
  readonly caches: () => readonly CacheReport[]
}

export function metricsOf({ store, blobs, isEager }: MetricSettings, deps: MetricDeps): MadeMetrics {
  const { env, engine, context, ports, measure, api, caches } = deps
  const figures = new CacheFigures(store)
  const [{ settings }, { insights, evacuation }] = [context, api]
  const book = new AlarmBook({ env, notes: engine, blobs })
  const { functions, destinations } = ports
  const actions = new AlarmActions({ env, book, functions, destinations, place: settings })
  const evaluator = new AlarmEvaluator({ env, book, store, actions })
  const activities = new ActivityBook(env, blobs)
  const begin = async (): Promise<void> => await metrics.begin()
  const scaling = { alarms: book, book: new ScalingBook(engine), activities, evacuation }
  const scaler = new Scaler({ ...context, ...scaling, begin, store })
  const metrics = new Metrics({
    env,
    engine,
    store,
    measure: async () => {
      scaler.sample()
      figures.take(caches(), env.clock.wallMs())
      await measure()
    },
    onMinute: async (endMs) => {
      await scaler.look()
      await evaluator.evaluate(endMs)
      await scaler.minute(endMs)
    },
    beside: together([book, activities]),
    // A region with alarms watches for them.
    isEager: isEager || book.size > 0 || scaler.isNeeded,
  })
  return {
    loops: [
      { start: () => undefined, stop: () => actions.stop() },
      metrics,
      scalerOf(scaler, { engine, begin, isEager }),
    ],
    services: [
      cloudWatch({
        env,
        settings,
        store,
        alarms: book,
        setState: async (name, to) => await evaluator.enter(name, to),
        begin,
        insights: rulesOf(insights, context),
      }),
      autoScaling(scaler.context),
    ],
  }
}

const rulesOf = (insights: Insights, context: OperationContext): CloudWatchContext['insights'] => ({
  rules: () => insights.rules(),
  labelsOf: (rule) => insights.labelsOf(rule),
  report: (rule, asked) => insights.report(rule, asked),
  setEnabled: async (name, isEnabled) => await switchRule({ name, isEnabled, insights }, context),
})

type Beside = { readonly load: () => Promise<void>; readonly flush: () => Promise<void> }

const together = (all: readonly Beside[]): Beside => ({
  load: async () => {
    for (const each of all) await each.load()
  },
  flush: async () => {
    for (const each of all) await each.flush()
  },
})

type Scaling = Pick<MetricDeps, 'engine'> & {
  readonly begin: () => Promise<void>
  readonly isEager: boolean
}

/** Another region may give this one something to scale: where metrics wait to be asked for, that begins them too. */
function scalerOf(scaler: Scaler, { engine, begin, isEager }: Scaling): Service {
  let unsubscribe = (): void => undefined
  let seen = -1
  const look = (): void => {
    if (engine.tableChanges.count === seen) return
    seen = engine.tableChanges.count
    if (!scaler.isNeeded) return
    unsubscribe()
    void begin()
  }
  return {
    start: () => {
      if (!isEager) unsubscribe = engine.onFlushed(look)
    },
    stop: () => {
      unsubscribe()
      scaler.stop()
    },
  }
}
