/**
 * A node's connection to one peer's server over the memory bus. What travels in one direction of one session stays
 * in order, as over TCP, except for the faults that the link is told to commit.
 */
import type { PeerSession, StreamMessage, StreamState } from '../ports/bus.ts'
import type { Link, MemoryBus, MemoryNetwork } from './memory-bus.ts'
import type { MemoryServer } from './memory-server.ts'

export type LinkEnds = { readonly client: MemoryBus; readonly server: MemoryServer }

type Direction = 'up' | 'down'

/** What is on its way in one direction, in order. A cut link holds it up; TCP delivers it if the link heals in time. */
type Transit = {
  readonly queue: (() => void)[]
  /** How many of the queue have had their delay. */
  due: number
  lastArrivalMs: number
}

export class MemorySession implements PeerSession {
  readonly client: MemoryBus
  readonly server: MemoryServer
  readonly closed: Promise<string>
  readonly #network: MemoryNetwork
  #open = true
  #resolveClosed: (reason: string) => void = () => {}
  readonly #transit: Readonly<Record<Direction, Transit>> = {
    up: { queue: [], due: 0, lastArrivalMs: 0 },
    down: { queue: [], due: 0, lastArrivalMs: 0 },
  }
  #consumer: Consumer | undefined
  #onAnnouncement: ((payload: Buffer) => void) | undefined

  /** A dial takes the way there and back; into a black hole it takes the whole time-out. */
  static open(network: MemoryNetwork, ends: LinkEnds): Promise<PeerSession> {
    const { client, server } = ends
    const up = network.link(client.region, server.region)
    const down = network.link(server.region, client.region)
    return new Promise((resolve, reject) => {
      const swallowed = up.state === 'black-hole' || down.state === 'black-hole'
      const waitMs = swallowed ? network.settings.connectTimeoutMs : up.delayMs + down.delayMs
      network.clock.after(waitMs, () => {
        const refusal = swallowed ? 'connect timed out' : refusalOf({ up, down, server })
        client.whenAlive(() => {
          if (refusal === undefined) resolve(new MemorySession(network, ends))
          else reject(new Error(refusal))
        })
      })
    })
  }

  constructor(network: MemoryNetwork, { client, server }: LinkEnds) {
    this.#network = network
    this.client = client
    this.server = server
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    network.sessions.add(this)
  }

  uses(from: string, to: string): boolean {
    const { client, server } = this
    return (client.region === from && server.region === to) || (client.region === to && server.region === from)
  }

  state(): Promise<StreamState> {
    return this.#ask((answer) => answer(this.server.state()), undefined)
  }

  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    this.#send('up', () => {
      this.#consumer = { next: fromSequence, outstanding: 0, arrived: [], busy: false, onMessage, kept: undefined }
      this.pump()
    })
  }

  request(payload: Buffer, timeoutMs: number): Promise<Buffer> {
    const copy = this.#carried('up', payload)
    return this.#ask<Buffer>((answer, refuse) => {
      const node = this.#network.node(this.server.region)
      if (node?.handler === undefined) return refuse(new Error('no responders'))
      node.handler(copy, this.client.region).then(
        (reply) => (node.alive && reply !== undefined ? answer(this.#carried('down', reply)) : undefined),
        () => undefined,
      )
    }, timeoutMs)
  }

  tell(payload: Buffer): void {
    const copy = this.#carried('up', payload)
    this.#sendUnreliably('up', () => {
      const node = this.#network.node(this.server.region)
      node?.handler?.(copy, this.client.region).catch(() => undefined)
    })
  }

  onAnnouncement(handler: (payload: Buffer) => void): void {
    this.#onAnnouncement = handler
  }

  close(): Promise<void> {
    this.end('closed here')
    return Promise.resolve()
  }

  /** The node is told at once: the port's own detection time has passed already. */
  end(reason: string): void {
    if (!this.#open) return
    this.drop()
    this.client.whenAlive(() => this.#resolveClosed(reason))
  }

  /** Ends without a word, for a node that is dead. */
  drop(): void {
    this.#open = false
    this.#consumer = undefined
    this.#network.sessions.delete(this)
  }

  /** The link works again: what it held up arrives. */
  resume(): void {
    for (const direction of ['up', 'down'] as const)
      this.#network.clock.after(this.#link(direction).delayMs, () => this.#arrive(direction))
  }

  announce(payload: Buffer): void {
    const copy = this.#carried('down', payload)
    this.#sendUnreliably('down', () => this.client.whenAlive(() => this.#onAnnouncement?.(copy)))
  }

  /** Sends what the stream has for the consumer, as far as its window reaches. */
  pump(): void {
    const consumer = this.#consumer
    if (consumer === undefined || !this.#open) return
    while (consumer.outstanding < this.#network.settings.outstandingMax) {
      const message = this.server.messageFrom(consumer.next)
      if (message === undefined || message.sequence < consumer.next) return
      consumer.next = message.sequence + 1
      this.#deliver(consumer, message)
    }
  }

  #deliver(consumer: Consumer, message: StreamMessage): void {
    const link = this.#link('down')
    if (this.#happens(link.loseChance)) return
    if (consumer.kept === undefined && this.#happens(link.reorderChance)) {
      consumer.kept = message
      return
    }
    this.#hand(consumer, message)
    if (this.#happens(link.duplicateChance)) this.#hand(consumer, message)
    const kept = consumer.kept
    consumer.kept = undefined
    if (kept !== undefined) this.#hand(consumer, kept)
  }

  #hand(consumer: Consumer, message: StreamMessage): void {
    consumer.outstanding++
    const copy = { sequence: message.sequence, payload: this.#carried('down', message.payload) }
    this.#send('down', () => {
      consumer.arrived.push(copy)
      if (!consumer.busy) this.#next(consumer)
    })
  }

  /** One at a time, each after the one before has been dealt with. */
  #next(consumer: Consumer): void {
    const message = consumer.arrived.shift()
    consumer.busy = message !== undefined
    if (message === undefined || !this.#open || !this.client.alive) return
    const work = consumer.onMessage(message)
    const finished = (): void => {
      consumer.outstanding--
      this.pump()
      this.#next(consumer)
    }
    if (work === undefined) finished()
    else work.then(finished, (error: unknown) => this.end(`the consumer failed: ${String(error)}`))
  }

  #ask<T>(
    question: (answer: (value: T) => void, refuse: (error: Error) => void) => void,
    timeoutMs = this.#network.settings.connectTimeoutMs,
  ): Promise<T> {
    if (!this.#open) return Promise.reject(new Error('the session has ended'))
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#network.clock.after(timeoutMs, () =>
        this.client.whenAlive(() => reject(new Error('the request timed out'))),
      )
      const settle = (work: () => void): void =>
        this.#sendUnreliably('down', () => {
          cancel()
          this.client.whenAlive(work)
        })
      this.#sendUnreliably('up', () =>
        question(
          (value) => settle(() => resolve(value)),
          (error) => settle(() => reject(error)),
        ),
      )
      const giveUp = (reason: string): void => {
        cancel()
        reject(new Error(reason))
      }
      void this.closed.then(giveUp)
    })
  }

  #sendUnreliably(direction: Direction, work: () => void): void {
    if (!this.#happens(this.#link(direction).loseChance)) this.#send(direction, work)
  }

  #send(direction: Direction, work: () => void): void {
    if (!this.#open) return
    const transit = this.#transit[direction]
    const link = this.#link(direction)
    const jitterMs = link.jitterMs > 0 ? link.jitterMs * this.#network.random.fraction() : 0
    const nowMs = this.#network.clock.monotonicMs()
    const stallMs = this.#happens(link.stallChance) ? link.stallMs : 0
    transit.lastArrivalMs = Math.max(transit.lastArrivalMs, nowMs + link.delayMs + jitterMs + stallMs)
    transit.queue.push(work)
    this.#network.clock.after(transit.lastArrivalMs - nowMs, () => {
      transit.due++
      this.#arrive(direction)
    })
  }

  /** A copy, since the sender may use its buffer again. */
  #carried(direction: Direction, payload: Buffer): Buffer {
    const { alter } = this.#link(direction)
    return alter === undefined ? Buffer.from(payload) : alter(Buffer.from(payload))
  }

  #arrive(direction: Direction): void {
    const transit = this.#transit[direction]
    while (transit.due > 0 && this.#open && this.#link(direction).state === 'up') {
      transit.due--
      transit.queue.shift()?.()
    }
  }

  #link(direction: Direction): Link {
    const { client, server } = this
    return direction === 'up'
      ? this.#network.link(client.region, server.region)
      : this.#network.link(server.region, client.region)
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#network.random.fraction() < chance
  }
}

type Consumer = {
  next: number
  /** Sent and not yet dealt with. */
  outstanding: number
  readonly arrived: StreamMessage[]
  busy: boolean
  readonly onMessage: (message: StreamMessage) => void | Promise<void>
  /** Held back by a reordering link until the next one has gone. */
  kept: StreamMessage | undefined
}

function refusalOf({ up, down, server }: { up: Link; down: Link; server: MemoryServer }): string | undefined {
  if (up.state !== 'up' || down.state !== 'up') return 'connection reset'
  return server.up ? undefined : 'connection refused'
}
