/** What a process of a region tells of requests, beside its metrics: a log of slow ones, and OpenTelemetry. What is off costs nothing. */
import { OtlpExporter } from '../../adapters/otlp/otlp-exporter.ts'
import type { PrometheusMeter } from '../../adapters/metrics/prometheus-meter.ts'
import { otlpMetricsEveryMs } from '../../core/limits/observe-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import type { Random } from '../../ports/random.ts'
import type { RequestObserver } from '../../ports/request-observer.ts'
import { SlowLog } from './slow-log.ts'
import { Tracing } from './tracing.ts'

export type ObservingOptions = {
  /** Requests that take so many milliseconds are logged; none when not given. */
  readonly slow?: number | undefined
  /** A collector of OpenTelemetry's. */
  readonly otlp?: string | undefined
  /** Of traces of which no client decides. */
  readonly otlpShare?: number | undefined
}

type Surroundings = {
  readonly region: string
  readonly epoch: () => string
  readonly log: Log
  readonly meter: Pick<Meter, 'count'>
  readonly clock: Clock
  readonly random: Random
}

export type Observing = {
  readonly observer: RequestObserver | undefined
  readonly tracing: Tracing | undefined
  readonly exporter: OtlpExporter | undefined
}

export function observing(options: ObservingOptions, around: Surroundings): Observing {
  const { slow, otlp: url, otlpShare: share = 1 } = options
  const { region, log, meter } = around
  const slowLog = slow === undefined ? undefined : new SlowLog({ ...around, slowMs: slow })
  if (url === undefined) return { observer: slowLog, tracing: undefined, exporter: undefined }
  const instance = `${region}/${process.pid}`
  const resource = { 'service.name': 'longitude', 'service.instance.id': instance, 'cloud.region': region }
  const exporter = new OtlpExporter({ url, resource, log, meter })
  const tracing = new Tracing({ ...around, share, onSpan: (span) => exporter.span(span) })
  return { observer: both(tracing, slowLog), tracing, exporter }
}

function both(tracing: Tracing, slowLog: SlowLog | undefined): RequestObserver {
  if (slowLog === undefined) return tracing
  return {
    answered: (request) => {
      tracing.answered(request)
      slowLog.answered(request)
    },
  }
}

type Exporting = {
  readonly prometheus: Pick<PrometheusMeter, 'families'>
  readonly clock: Pick<Clock, 'wallMs'>
  /** Sets the gauges of what is to be asked for. */
  readonly measure: () => Promise<void>
}

/** Sends the node's metrics again and again. Returns what ends that; what waits is sent then. */
export function exportMetrics(exporter: OtlpExporter | undefined, exporting: Exporting): () => Promise<void> {
  if (exporter === undefined) return () => Promise.resolve()
  const { prometheus, clock, measure } = exporting
  const startedMs = clock.wallMs()
  let isWorking = false
  const send = async (): Promise<void> => {
    await measure()
    await exporter.metrics(prometheus.families(), { startedMs, nowMs: clock.wallMs() })
  }
  const timer = setInterval(() => {
    if (isWorking) return
    isWorking = true
    void send()
      .catch(() => undefined)
      .finally(() => (isWorking = false))
  }, otlpMetricsEveryMs).unref()
  return async () => {
    clearInterval(timer)
    await exporter.stop()
  }
}
