/**
 * The region's stream on its own server. It holds nothing that the log does not, so whatever is wrong with it has one cure: it is
 * recreated, and peers that miss something of it ask the log. Every error is thrown as a refusal with its kind (nats-refusals.ts).
 */
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos, TimeoutError } from '@nats-io/transport-node'
import { consumerInactiveMsMax } from '../../core/limits/limits.ts'
import { courses, StreamRefused } from '../../core/stream-refusal.ts'
import type { Log } from '../../ports/log.ts'
import { refusalFrom, storeFailed } from './nats-refusals.ts'
import { logSubject, streamName } from './nats-subjects.ts'

export type OwnStreamOptions = {
  readonly self: string
  readonly log: Log
  /** The stream forgets its oldest messages beyond either. */
  readonly bytesMax: number
  readonly ageMsMax: number
}

const bytesMaxLeast = 8 * 1024 * 1024
/** Only then it is the server's store, and not a moment's weakness. */
const unstoredMessagesMin = 3
const unstoredMsMin = 5000
const refusedUpdatesMin = 4
/** A server that gives a stream other settings than those asked for would have it recreated without end. */
const recreatedApartMs = 30_000

export class OwnStream {
  readonly name: string
  readonly #options: OwnStreamOptions
  #bytesMax: number
  /** Messages in a row that were not stored. */
  #unstored: { readonly sinceMs: number; messages: number } | undefined
  #recreatedAtMs = -Infinity
  /** In a row. */
  #refusedUpdates = 0

  constructor(options: OwnStreamOptions) {
    this.#options = options
    this.name = streamName(options.self)
    this.#bytesMax = options.bytesMax
  }

  /** The server may have more room than before. */
  connected(): void {
    this.#bytesMax = this.#options.bytesMax
  }

  /** The stream as it is; made when it is not there, and its settings set when they are others. */
  async info(manager: JetStreamManager): Promise<StreamInfo> {
    for (;;)
      try {
        return await this.#made(manager)
      } catch (error) {
        const refused = refusalFrom(error)
        // A server takes a part of its disk only, and promises it stream by stream.
        if (refused.kind !== 'full' || this.#bytesMax / 2 < bytesMaxLeast) throw refused
        this.#bytesMax = Math.floor(this.#bytesMax / 2)
        this.#options.log.warn('the server has little room: a smaller stream', { bytesMax: this.#bytesMax })
      }
  }

  stored(): void {
    this.#unstored = undefined
  }

  /**
   * A server whose disk was full once stores nothing on the stream any more until it is started again, and does not even
   * answer.
   */
  async notStored(manager: JetStreamManager, error: unknown): Promise<void> {
    if (!(error instanceof TimeoutError) && refusalFrom(error).code !== storeFailed) return
    const nowMs = performance.now()
    this.#unstored ??= { sinceMs: nowMs, messages: 0 }
    const { sinceMs } = this.#unstored
    if (++this.#unstored.messages < unstoredMessagesMin || nowMs - sinceMs < unstoredMsMin) return
    this.#unstored = undefined
    this.#options.log.warn('the server does not store messages: make the stream anew', { stream: this.name })
    // Of a server that does not even do that, the next question says why.
    await manager.streams.delete(this.name).catch(() => undefined)
  }

  async #made(manager: JetStreamManager): Promise<StreamInfo> {
    const config = this.#config()
    const found = await manager.streams.info(config.name).catch((error: unknown) => refusalFrom(error))
    if (!(found instanceof Error)) {
      if (isFed(found.config)) return await this.#recreate(manager, new StreamRefused('unusable', fedText))
      if (isAs(found.config, config)) return found
      const updated = await manager.streams.update(config.name, config).catch((error: unknown) => refusalFrom(error))
      if (!(updated instanceof Error)) {
        this.#refusedUpdates = 0
        return updated
      }
      // Consumers that the new settings forbid are just being removed (nats-consumers.ts).
      if (++this.#refusedUpdates < refusedUpdatesMin) throw updated
      return await this.#recreate(manager, updated)
    }
    if (found.kind !== 'gone') return await this.#recreate(manager, found)
    this.#options.log.info('make the stream', { stream: config.name })
    return await manager.streams.add(config)
  }

  /** Where that helps, and not again and again; else throws why the stream is refused. */
  async #recreate(manager: JetStreamManager, why: StreamRefused): Promise<StreamInfo> {
    const nowMs = performance.now()
    if (courses[why.kind].cure !== 'recreate' || nowMs - this.#recreatedAtMs < recreatedApartMs) throw why
    this.#recreatedAtMs = nowMs
    this.#refusedUpdates = 0
    this.#options.log.warn('the stream cannot be used as it is: make it anew', { why: why.message })
    await manager.streams.delete(this.name)
    return await manager.streams.add(this.#config())
  }

  #config() {
    const { self, ageMsMax } = this.#options
    return {
      ...unlimited,
      name: this.name,
      subjects: [logSubject(self)],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: this.#bytesMax,
      max_age: nanos(ageMsMax),
      num_replicas: 1,
      compression: StoreCompression.S2,
      deny_delete: true,
      consumer_limits: { inactive_threshold: nanos(consumerInactiveMsMax) },
    }
  }
}

/** What else would keep messages out, or their acknowledgements. */
const unlimited = {
  max_msgs: -1,
  max_msg_size: -1,
  max_msgs_per_subject: -1,
  max_consumers: -1,
  no_ack: false,
  sealed: false,
} as const

const fedText = 'the stream takes messages from other streams, or publishes its own again'

function isFed({ mirror, sources, republish }: StreamConfig): boolean {
  return mirror !== undefined || (sources ?? []).length > 0 || republish !== undefined
}

/** Whether the stream has every setting that is asked for; the server leaves out what is off. */
function isAs(found: StreamConfig, asked: Partial<StreamConfig>): boolean {
  const settings = found as unknown as Record<string, unknown>
  return Object.entries(asked).every(([name, value]) => isSame(settings[name], value))
}

function isSame(found: unknown, asked: unknown): boolean {
  if (asked === null || typeof asked !== 'object') return (found ?? false) === asked
  if (found === null || typeof found !== 'object') return false
  const settings = found as Record<string, unknown>
  return Object.entries(asked).every(([name, value]) => isSame(settings[name], value))
}
