/**
 * A node's connection to one peer's server over the memory bus. What travels in one direction of one session stays
 * in order, as over TCP, except for the faults that the link is told to commit.
 */
import type { Answerer, Asked, PeerSession, StreamMessage, StreamState } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Link, MemoryNetworkSettings } from './memory-link.ts'
import type { LineFlow, MemoryLine } from './memory-line.ts'
import type { MemoryServer } from './memory-server.ts'

/** A node, as its own sessions and those of others need it. */
type Node = {
  readonly region: string
  readonly alive: boolean
  readonly handler: Answerer | undefined
  whenAlive(work: () => void): void
}

export type LinkEnds = { readonly client: Node; readonly server: MemoryServer }

/** What a session needs of its network. */
type Surroundings = {
  readonly settings: MemoryNetworkSettings
  readonly clock: Pick<Clock, 'after' | 'monotonicMs'>
  readonly random: Pick<Random, 'fraction'>
  readonly sessions: Set<MemorySession>
  link(from: string, to: string): Link
  line(from: string, to: string): MemoryLine
  nodes(region: string): readonly Node[]
  answering(region: string): Node | undefined
}

type Direction = 'up' | 'down'

/** What is in flight in one direction, in order. A cut link holds it up; TCP delivers it if the link heals in time. */
type Transit = {
  readonly queue: (() => void)[]
  /** How many of the queue have had their delay. */
  due: number
  lastArrivalMs: number
  /** What waits for a line with a bandwidth. */
  readonly flow: LineFlow
}

/** What a message costs on the wire beside its payload: subject, reply subject, sizes. */
const overheadBytes = 64

export class MemorySession implements PeerSession {
  readonly client: Node
  readonly server: MemoryServer
  readonly closed: Promise<string>
  readonly #network: Surroundings
  /** Ends what is asked and not answered. */
  readonly #asked = new Set<(reason: string) => void>()
  #open = true
  #resolveClosed: (reason: string) => void = () => {}
  readonly #transit: Readonly<Record<Direction, Transit>> = {
    up: this.#newTransit(() => undefined),
    down: this.#newTransit((bytes) => this.#leave(bytes)),
  }
  #receivedBytes = 0
  /** Pieces on their way from a slow line. */
  readonly #pieces: { readonly atMs: number; readonly bytes: number }[] = []
  #allowedBytes = Infinity
  #consumer: Consumer | undefined
  #onAnnouncement: ((payload: Buffer) => void) | undefined

  /** A dial takes the way there and back; into a black hole it takes the whole time-out. */
  static open(network: Surroundings, ends: LinkEnds): Promise<PeerSession> {
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

  constructor(network: Surroundings, { client, server }: LinkEnds) {
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

  state(): Asked<StreamState> {
    return this.#ask(0, (answer) => answer(this.server.state(), 0))
  }

  allow(bytes: number): void {
    this.#allowedBytes = bytes
    this.pump()
  }

  receivedBytes(): number {
    const nowMs = this.#network.clock.monotonicMs()
    for (let next = this.#pieces[0]; next !== undefined && next.atMs <= nowMs; next = this.#pieces[0]) {
      this.#receivedBytes += next.bytes
      this.#pieces.shift()
    }
    return this.#receivedBytes
  }

  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    this.#send('up', 0, () => {
      this.#consumer = {
        next: fromSequence,
        outstanding: 0,
        outstandingBytes: 0,
        arrived: [],
        busy: false,
        onMessage,
        kept: undefined,
      }
      this.pump()
    })
  }

  ask(payload: Buffer): Asked<Buffer> {
    const copy = this.#carried('up', payload)
    return this.#ask<Buffer>(copy.length, (answer, refuse) => {
      const node = this.#network.answering(this.server.region)
      if (node?.handler === undefined) return refuse(new Error('no responders'))
      node.handler(copy, this.client.region).then(
        (reply) =>
          node.alive && reply !== undefined ? answer(this.#carried('down', reply, copy), reply.length) : undefined,
        () => undefined,
      )
    })
  }

  tell(payload: Buffer): void {
    const copy = this.#carried('up', payload)
    this.#sendUnreliably('up', copy.length, () => {
      for (const { handler } of this.#network.nodes(this.server.region))
        handler?.(copy, this.client.region).catch(() => undefined)
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
    this.client.whenAlive(() => {
      this.#resolveClosed(reason)
      for (const end of this.#asked) end(reason)
      this.#asked.clear()
    })
  }

  /** Ends without a word, for a node that is dead. */
  drop(): void {
    this.#open = false
    this.#consumer = undefined
    for (const { flow } of Object.values(this.#transit)) flow.waiting.length = 0
    this.#network.sessions.delete(this)
  }

  /** The link works again: what it held up arrives. */
  resume(): void {
    for (const direction of ['up', 'down'] as const)
      this.#network.clock.after(this.#link(direction).delayMs, () => this.#arrive(direction))
  }

  announce(payload: Buffer): void {
    const copy = this.#carried('down', payload)
    this.#sendUnreliably('down', copy.length, () => {
      this.#receivedBytes -= copy.length + overheadBytes
      this.client.whenAlive(() => this.#onAnnouncement?.(copy))
    })
  }

  /** Sends what the stream has for the consumer, as far as its window reaches. */
  pump(): void {
    const consumer = this.#consumer
    if (consumer === undefined || !this.#open) return
    while (this.#hasRoom(consumer)) {
      const message = this.server.messageFrom(consumer.next)
      if (message === undefined || message.sequence < consumer.next) return
      consumer.next = message.sequence + 1
      this.#deliver(consumer, message)
    }
  }

  /** One message may be larger than what is allowed. */
  #hasRoom({ outstanding, outstandingBytes }: Consumer): boolean {
    if (outstanding >= this.#network.settings.outstandingMax) return false
    return outstanding === 0 || outstandingBytes < this.#allowedBytes
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
    consumer.outstandingBytes += message.payload.length
    const copy = { sequence: message.sequence, payload: this.#carried('down', message.payload) }
    this.#send('down', copy.payload.length, () => {
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
      this.#credit(() => {
        consumer.outstanding--
        consumer.outstandingBytes -= message.payload.length
        this.pump()
      })
      this.#next(consumer)
    }
    if (work === undefined) finished()
    else work.then(finished, (error: unknown) => this.end(`the consumer failed: ${String(error)}`))
  }

  /** Where the line is slow, the server hears a way later that there is room again. */
  #credit(work: () => void): void {
    const { delayMs, bytesPerSecond } = this.#link('down')
    if (bytesPerSecond === undefined) work()
    else this.#network.clock.after(delayMs, work)
  }

  #ask<T>(
    sizeBytes: number,
    question: (answer: (value: T, sizeBytes: number) => void, refuse: (error: Error) => void) => void,
  ): Asked<T> {
    if (!this.#open) return { answer: Promise.reject(new Error('the session has ended')), drop: () => undefined }
    let forget = (): unknown => undefined
    const answer = new Promise<T>((resolve, reject) => {
      const settle = (bytes: number, work: () => void): void =>
        this.#sendUnreliably('down', bytes, () => this.client.whenAlive(work))
      this.#sendUnreliably('up', sizeBytes, () =>
        question(
          (value, bytes) => settle(bytes, () => resolve(value)),
          (error) => settle(0, () => this.#refused(() => reject(error))),
        ),
      )
      const end = (reason: string): void => reject(new Error(reason))
      this.#asked.add(end)
      forget = () => this.#asked.delete(end)
    })
    answer.then(forget, forget)
    return { answer, drop: () => undefined }
  }

  /** The server's own word. */
  #refused(work: () => void): void {
    this.#receivedBytes -= overheadBytes
    work()
  }

  #sendUnreliably(direction: Direction, sizeBytes: number, work: () => void): void {
    if (!this.#happens(this.#link(direction).loseChance)) this.#send(direction, sizeBytes, work)
  }

  #send(direction: Direction, payloadBytes: number, work: () => void): void {
    if (!this.#open) return
    const sizeBytes = payloadBytes + overheadBytes
    const { flow } = this.#transit[direction]
    if (this.#link(direction).bytesPerSecond !== undefined || flow.waiting.length > 0)
      this.#line(direction).put(flow, sizeBytes, () => this.#travel(direction, work))
    else
      this.#travel(direction, () => {
        if (direction === 'down') this.#receivedBytes += sizeBytes
        work()
      })
  }

  #leave(bytes: number): void {
    this.#pieces.push({ atMs: this.#network.clock.monotonicMs() + this.#link('down').delayMs, bytes })
  }

  #newTransit(onPiece: (bytes: number) => void): Transit {
    const onFull = (): void => this.end('slow consumer')
    return { queue: [], due: 0, lastArrivalMs: 0, flow: { waiting: [], waitingBytes: 0, onPiece, onFull } }
  }

  #travel(direction: Direction, work: () => void): void {
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
  #carried(direction: Direction, payload: Buffer, question?: Buffer): Buffer {
    const { alter } = this.#link(direction)
    const copy = Buffer.from(payload)
    if (alter === undefined) return copy
    const [from, to] = this.#ends(direction)
    return alter(copy, { from, to, ...(question === undefined ? {} : { question }) })
  }

  #arrive(direction: Direction): void {
    const transit = this.#transit[direction]
    while (transit.due > 0 && this.#open && this.#link(direction).state === 'up') {
      transit.due--
      transit.queue.shift()?.()
    }
  }

  #line(direction: Direction): MemoryLine {
    return this.#network.line(...this.#ends(direction))
  }

  #link(direction: Direction): Link {
    return this.#network.link(...this.#ends(direction))
  }

  #ends(direction: Direction): readonly [from: string, to: string] {
    const { client, server } = this
    return direction === 'up' ? [client.region, server.region] : [server.region, client.region]
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#network.random.fraction() < chance
  }
}

type Consumer = {
  next: number
  /** Sent and not yet dealt with. */
  outstanding: number
  outstandingBytes: number
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
