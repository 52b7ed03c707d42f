/** What is counted of a region's node: it goes to Prometheus, and to the region's own metrics. */
import { join } from 'node:path'
import { FolderBlobs } from '../adapters/files/folder-blobs.ts'
import type { PrometheusMeter } from '../adapters/metrics/prometheus-meter.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import { Collector } from '../readers/metrics/collector.ts'
import { MetricStore } from '../readers/metrics/metric-store.ts'
import type { MetricSettings } from '../region/metric-services.ts'
import type { Region } from '../region/start-region.ts'
import type { Encryption } from './store/encryption.ts'
import type { RegionRecovery } from './store/own-engine.ts'
import { measureStore } from './store/store-measures.ts'

type Measuring = { readonly data: string; readonly log: Log }

type Of = {
  readonly clock: Clock
  readonly encryption: Encryption | undefined
  readonly prometheus: PrometheusMeter
}

export function measuring({ data, log }: Measuring, { clock, encryption, prometheus }: Of) {
  const plainBlobs = new FolderBlobs(join(data, 'metrics'))
  const blobs = encryption?.blobs(plainBlobs) ?? plainBlobs
  const store = new MetricStore({ env: { clock, log }, blobs })
  const metrics: MetricSettings = { store, blobs, isEager: true }
  const meter = new Collector(prometheus, { clock, store })
  encryption?.watch(meter)
  return { metrics, meter }
}

type Measured = {
  readonly region: Region
  readonly meter: Meter
  readonly prometheus: PrometheusMeter
  readonly folder: string
  readonly recovery: RegionRecovery
}

/** Sets the gauges of what is to be asked for. */
export async function measureAll({ region, meter, folder, recovery }: Omit<Measured, 'prometheus'>): Promise<void> {
  await region.measure()
  measureStore(meter, region.engine, { folder, damage: recovery.notice() })
}

/** What /metrics answers. */
export async function metricsOf(measured: Measured) {
  const { prometheus } = measured
  await measureAll(measured)
  return { contentType: prometheus.contentType, text: await prometheus.render() }
}
