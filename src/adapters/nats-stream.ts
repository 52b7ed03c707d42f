/**
 * The region's stream on its own server. It holds nothing that the log does not, so whatever is wrong with it has one cure: it is
 * made anew, and peers that miss something of it ask the log.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos, TimeoutError } from '@nats-io/transport-node'
import { consumerInactiveMsMax } from '../core/limits.ts'
import type { Log } from '../ports/log.ts'
import { logSubject, streamName } from './nats-subjects.ts'

export type OwnStreamOptions = {
  readonly self: string
  readonly log: Log
  /** The stream forgets its oldest messages beyond either. */
  readonly bytesMax: number
  readonly ageMsMax: number
}

/** JetStream's own codes: the server's store did not take a message; it has no room for a stream of that size. */
const storeFailed = 10_077
const noRoom = 10_047
const bytesMaxLeast = 8 * 1024 * 1024
/** Only then it is the server's store, and not a moment's weakness. */
const unstoredMessagesMin = 3
const unstoredMsMin = 5000

export class OwnStream {
  readonly name: string
  readonly #options: OwnStreamOptions
  #bytesMax: number
  /** Messages in a row that were not stored. */
  #unstored: { readonly sinceMs: number; messages: number } | undefined

  constructor(options: OwnStreamOptions) {
    this.#options = options
    this.name = streamName(options.self)
    this.#bytesMax = options.bytesMax
  }

  /** The stream as it is; made when it is not there, and its bounds set when they are others. */
  async info(manager: JetStreamManager): Promise<StreamInfo> {
    for (;;)
      try {
        return await this.#made(manager)
      } catch (error) {
        // A server takes a part of its disk only, and promises it stream by stream.
        if (!isApiError(error, noRoom) || this.#bytesMax / 2 < bytesMaxLeast) throw error
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
    if (!(error instanceof TimeoutError) && !isApiError(error, storeFailed)) return
    const nowMs = performance.now()
    this.#unstored ??= { sinceMs: nowMs, messages: 0 }
    const { sinceMs } = this.#unstored
    if (++this.#unstored.messages < unstoredMessagesMin || nowMs - sinceMs < unstoredMsMin) return
    this.#unstored = undefined
    this.#options.log.warn('the server does not store messages: make the stream anew', { stream: this.name })
    await manager.streams.delete(this.name)
  }

  async #made(manager: JetStreamManager): Promise<StreamInfo> {
    const config = this.#config()
    try {
      const info = await manager.streams.info(config.name)
      const same =
        info.config.max_bytes === config.max_bytes &&
        info.config.max_age === config.max_age &&
        info.config.consumer_limits?.inactive_threshold === config.consumer_limits.inactive_threshold
      return same ? info : await manager.streams.update(config.name, config)
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.status !== 404) throw error
      this.#options.log.info('make the stream', { stream: config.name })
      return manager.streams.add(config)
    }
  }

  #config() {
    const { self, ageMsMax } = this.#options
    return {
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

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}
