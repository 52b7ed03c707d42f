/**
 * One region's server of the memory bus: its stream, and what can happen to it. It lives apart from the region's
 * node, so either can die alone.
 */
import type { StreamEnd, StreamMessage, StreamState } from '../../ports/bus.ts'
import type { MemoryNetworkSettings } from './memory-link.ts'

export type StreamCopy = {
  readonly messages: readonly StreamMessage[]
  readonly firstSequence: number
  readonly lastSequence: number
}

type Session = { pump(): void; announce(payload: Buffer): void; end(reason: string): void }

/** What a server needs of its network. */
type Surroundings = {
  readonly settings: Pick<MemoryNetworkSettings, 'streamMessagesMax'>
  readonly sessions: Iterable<Session & { readonly server: unknown }>
}

export class MemoryServer {
  readonly region: string
  up = true
  /** Counts the server's lives: what was asked of one is not answered by the next. */
  run = 1
  /** Caches beside the region that listen to its invalidations. */
  readonly caches = new Set<{ hear(payload: Buffer): void; end(reason: string): void }>()
  readonly #network: Surroundings
  #messages: StreamMessage[] = []
  #firstSequence = 1
  #lastSequence = 0

  constructor(network: Surroundings, region: string) {
    this.#network = network
    this.region = region
  }

  state(): StreamState {
    return { firstSequence: this.#firstSequence, lastSequence: this.#lastSequence }
  }

  end(): StreamEnd {
    this.#mustBeUp()
    return { sequence: this.#lastSequence, payload: this.#messages.at(-1)?.payload }
  }

  append({ payload, after }: { payload: Buffer; after: number }): number {
    this.#mustBeUp()
    if (after !== this.#lastSequence)
      throw new Error(`wrong last sequence: the stream is at ${this.#lastSequence}, not ${after}`)
    this.#lastSequence++
    this.#messages.push({ sequence: this.#lastSequence, payload })
    this.trim(this.#network.settings.streamMessagesMax)
    for (const session of this.#sessions()) session.pump()
    return this.#lastSequence
  }

  /** The first message from `sequence` on: what was trimmed is passed over in silence. */
  messageFrom(sequence: number): StreamMessage | undefined {
    return this.#messages[Math.max(0, sequence - this.#firstSequence)]
  }

  announce(payload: Buffer): void {
    if (this.up) for (const session of this.#sessions()) session.announce(payload)
  }

  invalidate(payload: Buffer): void {
    if (this.up) for (const cache of this.caches) cache.hear(payload)
  }

  /** Connections end; the stream stays as it is on the disk. */
  stop(): void {
    this.up = false
    this.run++
    for (const session of [...this.#sessions(), ...this.caches]) session.end('the server stopped')
  }

  start(): void {
    this.up = true
  }

  /** Something else than the owner's next message, as if from elsewhere. */
  inject(payload: Buffer): void {
    if (this.up) this.append({ payload, after: this.#lastSequence })
  }

  /** The messages that the stream holds, oldest first. */
  payloads(): readonly Buffer[] {
    return this.#messages.map(({ payload }) => payload)
  }

  /** A copy of the stream, for a server that begins with it. */
  copyStream(): StreamCopy {
    return { messages: [...this.#messages], firstSequence: this.#firstSequence, lastSequence: this.#lastSequence }
  }

  beginWith({ messages, firstSequence, lastSequence }: StreamCopy): void {
    this.#messages = [...messages]
    this.#firstSequence = firstSequence
    this.#lastSequence = lastSequence
  }

  /** The store is gone; numbers start at 1 again. */
  wipe(): void {
    this.stop()
    this.#messages = []
    this.#firstSequence = 1
    this.#lastSequence = 0
    this.start()
  }

  /** A power loss: the last messages were acknowledged and are gone, and their numbers will be used again. */
  loseTail(count: number): void {
    this.stop()
    const lost = Math.min(count, this.#messages.length)
    this.#messages.length -= lost
    this.#lastSequence -= lost
    this.start()
  }

  /** Retention: only the last messages stay, or none of them; the numbers go on. */
  trim(messagesMax: number): void {
    const dropped = Math.max(0, this.#messages.length - messagesMax)
    this.#messages.splice(0, dropped)
    this.#firstSequence += dropped
  }

  #mustBeUp(): void {
    if (!this.up) throw new Error('the server is away')
  }

  #sessions(): readonly Session[] {
    return [...this.#network.sessions].filter((session) => session.server === this)
  }
}
