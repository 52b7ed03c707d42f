/**
 * The loop of a region's metrics: shortly before each minute ends it takes what has to be asked for (replication, tables' settings), and when it has
 * ended it evaluates alarms; now and then it writes the points down. It begins with the region, or when metrics are first asked for.
 */
import { metricFlushMs, metricResolutionMs, starredMetricMs } from '../../core/limits/metric-limits.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import type { MetricStore } from './metric-store.ts'
import { idleUnits, tableSettings } from './table-settings.ts'

export type MetricsDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly engine: Pick<Engine, 'tables'>
  readonly store: MetricStore
  /** Sets the gauges of what is to be asked for. */
  readonly measure: () => Promise<void>
  /** Called when a minute has ended, with its end. */
  readonly onMinute: (endMs: number) => Promise<void>
  /** What else is written down with the points, and read with them. */
  readonly beside: { readonly load: () => Promise<void>; readonly flush: () => Promise<void> }
  /** Begin with the region. */
  readonly isEager: boolean
}

/** Samples are taken so long before the minute ends, so that they belong to it. */
const sampleLeadMs = 2000

export class Metrics implements Service {
  readonly #deps: MetricsDeps
  readonly #retries: Retries
  #began: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #flushedMs = 0
  #settingsMs = -Infinity
  #stopped = false

  constructor(deps: MetricsDeps) {
    this.#deps = deps
    this.#retries = new Retries(deps.env)
  }

  start(): void {
    if (this.#deps.isEager) void this.begin()
  }

  /** Resolves when it goes, once and for all. */
  async begin(): Promise<void> {
    this.#began ??= this.#begin()
    await this.#began
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    if (this.#began === undefined) return
    await this.#began
    await this.#try(() => this.#flush())
  }

  async #begin(): Promise<void> {
    const { store, beside, env } = this.#deps
    await this.#try(async () => {
      await store.load()
      await beside.load()
    })
    this.#flushedMs = env.clock.monotonicMs()
    this.#beforeMinute()
  }

  #beforeMinute(): void {
    if (this.#stopped) return
    const { clock } = this.#deps.env
    const nowMs = clock.wallMs()
    const end = (Math.floor((nowMs + sampleLeadMs) / metricResolutionMs) + 1) * metricResolutionMs
    this.#cancel = clock.after(end - sampleLeadMs - nowMs, () => void this.#sample(end))
  }

  async #sample(endMs: number): Promise<void> {
    const { clock } = this.#deps.env
    await this.#try(() => this.#take())
    if (this.#stopped) return
    this.#cancel = clock.after(Math.max(0, endMs - clock.wallMs()), () => void this.#minute(endMs))
  }

  async #take(): Promise<void> {
    const { env, engine, store, measure } = this.#deps
    const nowMs = env.clock.wallMs()
    await measure()
    for (const ref of idleUnits(engine.tables())) store.addIfNone(ref, nowMs, 0)
    if (env.clock.monotonicMs() - this.#settingsMs < starredMetricMs) return
    this.#settingsMs = env.clock.monotonicMs()
    for (const { ref, value } of tableSettings(engine.tables())) store.add(ref, nowMs, value)
  }

  async #minute(endMs: number): Promise<void> {
    await this.#try(() => this.#deps.onMinute(endMs))
    if (this.#deps.env.clock.monotonicMs() - this.#flushedMs >= metricFlushMs) await this.#try(() => this.#flush())
    this.#beforeMinute()
  }

  async #flush(): Promise<void> {
    this.#flushedMs = this.#deps.env.clock.monotonicMs()
    await this.#deps.store.flush()
    await this.#deps.beside.flush()
  }

  /** A failure costs this minute's part, and is told. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#stopped) this.#retries.note('metrics', error, 'metrics wait')
    }
  }
}
