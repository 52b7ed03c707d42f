/**
 * Keeps the change streams of a region (core/change-stream/change-stream.ts). It ends their shards every few hours and begins those that follow. It holds the log for as long
 * as records can be read, and removes what is over. It raises an alarm before the log has to let go of records that are not over yet.
 */
import { openGeneration } from '../../core/change-stream/change-stream.ts'
import { errorText } from '../../core/error-text.ts'
import {
  streamAlarmShare,
  streamGenerationsMax,
  streamRetentionBytes,
  streamRetentionMs,
  streamRollMs,
} from '../../core/limits/stream-limits.ts'
import { isGoing } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from '../periodic.ts'

export type StreamSettings = {
  readonly retentionMs: number
  /** Of the log, at most so many bytes are held for streams. */
  readonly retentionBytes: number
  readonly rollMs: number
  readonly everyMs: number
}

export const usualStreams: StreamSettings = {
  retentionMs: streamRetentionMs,
  retentionBytes: streamRetentionBytes,
  rollMs: streamRollMs,
  everyMs: 10_000,
}

type Kept = Pick<Engine, 'streams' | 'retention' | 'tables' | 'define' | 'flushed' | 'oldest'>

export function streamKeeper(env: Env, engine: Kept, settings: StreamSettings): Service {
  const keeper = new Keeper(env, engine, settings)
  const loop = periodic(env.clock, { everyMs: settings.everyMs, run: (isStopped) => keeper.run(isStopped) })
  let release = (): void => undefined
  return {
    start: () => {
      release = keeper.hold()
      return loop.start()
    },
    stop: async () => {
      await loop.stop()
      release()
    },
  }
}

class Keeper {
  readonly #env: Env
  readonly #engine: Kept
  readonly #settings: StreamSettings
  #isAlarmed = false

  constructor(env: Env, engine: Kept, settings: StreamSettings) {
    this.#env = env
    this.#engine = engine
    this.#settings = settings
  }

  hold(): () => void {
    const engine = this.#engine
    return engine.retention.hold({
      name: 'streams',
      needs: () => (this.#isHeld() ? { sinceMs: this.#sinceMs() } : { after: engine.flushed() }),
      caps: () => ({ bytesMax: this.#settings.retentionBytes }),
    })
  }

  #isHeld(): boolean {
    return this.#settings.retentionMs > 0 && this.#engine.streams.all().length > 0
  }

  async run(isStopped: () => boolean): Promise<void> {
    try {
      await this.#adopt(isStopped)
      await this.#roll(isStopped)
      await this.#expire()
      this.#alarm()
    } catch (error) {
      if (!isStopped()) this.#env.log.warn('change streams wait', { error: errorText(error) })
    }
  }

  /** Of a store that an earlier version has written: tables with a stream have none yet. */
  async #adopt(isStopped: () => boolean): Promise<void> {
    const engine = this.#engine
    const have = new Set(engine.streams.all().flatMap(({ table, hidden }) => (hidden === true ? [] : [table])))
    for (const table of engine.tables()) {
      if (isStopped()) return
      const lacks = table.settings.stream?.enabled === true && !isGoing(table) && !have.has(table.id)
      if (lacks) await engine.define(table.id, [])
    }
  }

  async #roll(isStopped: () => boolean): Promise<void> {
    const { streams } = this.#engine
    const bornMs = this.#env.clock.wallMs() - this.#settings.rollMs
    for (const stream of streams.all()) {
      if (isStopped()) return
      const open = openGeneration(stream)
      const isDue = open !== undefined && open.sinceMs <= bornMs
      if (isDue && stream.generations.length < streamGenerationsMax) await streams.roll(stream.number)
    }
  }

  async #expire(): Promise<void> {
    const { streams } = this.#engine
    const upTo = Math.max(streams.before(this.#sinceMs()), this.#engine.oldest() - 1)
    if (streams.all().length > 0) await streams.expire(upTo)
  }

  /** The last bytes that the log may hold do not reach back as far as records are to be readable. */
  #alarm(): void {
    const { streams, retention } = this.#engine
    const { retentionBytes } = this.#settings
    const isTight =
      streams.all().length > 0 &&
      retention.beforeLastBytes(retentionBytes * streamAlarmShare) > streams.before(this.#sinceMs())
    this.#env.meter.gauge('longitude_stream_retention_alarm', isTight ? 1 : 0)
    if (isTight && !this.#isAlarmed)
      this.#env.log.error('change streams are about to lose records before their time: the log is too large', {
        retentionBytes,
      })
    this.#isAlarmed = isTight
  }

  #sinceMs(): number {
    return this.#env.clock.wallMs() - this.#settings.retentionMs
  }
}
