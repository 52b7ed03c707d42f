/**
 * The bus without a network: every region's server, stream and links in one process, for the simulator and for
 * tests of the readers. Time and chance come from outside, so the same seed gives the same deliveries.
 *
 * It misbehaves only in ways that were seen of JetStream and of TCP (or that the port allows): a cut link either
 * swallows what is sent until the missed heartbeats are noticed, or resets its sessions; a healed one delivers what
 * was stalled; a server that lost its tail uses sequence numbers again, and a consumer that starts beyond the end
 * silently waits for its number; a stream trimmed past a consumer goes on silently at its first message; an append
 * may be stored and its acknowledgement lost.
 */
import type { Answerer, Bus, CacheAnswerer, CacheFeed, PeerSession, Stream } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Link, LinkState, MemoryNetworkSettings } from './memory-link.ts'
import { MemoryLine } from './memory-line.ts'
import { MemoryServer } from './memory-server.ts'
import { type LinkEnds, MemorySession } from './memory-session.ts'

const flawless = {
  loseChance: 0,
  duplicateChance: 0,
  reorderChance: 0,
  stallChance: 0,
  stallMs: 0,
  bytesPerSecond: undefined,
  alter: undefined,
}

const usual: MemoryNetworkSettings = {
  connectTimeoutMs: 3000,
  heartbeatTimeoutMs: 5000,
  localDelayMs: 0.2,
  delayMs: 1,
  jitterMs: 0,
  outstandingMax: 64,
  streamMessagesMax: 100_000,
}

export class MemoryNetwork {
  readonly settings: MemoryNetworkSettings
  readonly clock: Pick<Clock, 'after' | 'monotonicMs' | 'sleep'>
  readonly random: Pick<Random, 'fraction'>
  readonly sessions = new Set<MemorySession>()
  /** Told when a link is cut or healed. */
  readonly onChange = new Set<() => void>()
  readonly #servers = new Map<string, MemoryServer>()
  readonly #links = new Map<string, Link>()
  readonly #lines = new Map<string, MemoryLine>()
  readonly #nodes = new Map<string, MemoryBus>()
  readonly #copies = new Map<string, MemoryBus>()
  /** Counts cuts, so that a heartbeat's alarm set for one cut does not go off for the next. */
  readonly #cuts = new Map<string, number>()

  constructor(
    clock: Pick<Clock, 'after' | 'monotonicMs' | 'sleep'>,
    random: Pick<Random, 'fraction'>,
    settings: Partial<MemoryNetworkSettings> = {},
  ) {
    this.clock = clock
    this.random = random
    this.settings = { ...usual, ...settings }
  }

  /** The bus of a region's node from now on; the one before it, if any, is dead. */
  join(region: string): MemoryBus {
    this.#nodes.get(region)?.crash()
    const bus = new MemoryBus(this, region)
    this.#nodes.set(region, bus)
    return bus
  }

  /** The bus of a second process of the region, which runs on a copy of its store. */
  joinBeside(region: string): MemoryBus {
    this.#copies.get(region)?.crash()
    const bus = new MemoryBus(this, region)
    this.#copies.set(region, bus)
    return bus
  }

  node(region: string): MemoryBus | undefined {
    const bus = this.#nodes.get(region)
    return bus?.alive ? bus : undefined
  }

  /** All processes that hear what is said to the region: one as a rule. */
  nodes(region: string): readonly MemoryBus[] {
    return [this.node(region), this.#copies.get(region)].filter((bus) => bus?.alive === true) as readonly MemoryBus[]
  }

  /** The one whose answer comes first. */
  answering(region: string): MemoryBus | undefined {
    const able = this.nodes(region).filter(({ handler }) => handler !== undefined)
    return able.length > 1 ? able[Math.floor(this.random.fraction() * able.length)] : able[0]
  }

  server(region: string): MemoryServer {
    let server = this.#servers.get(region)
    if (server === undefined) {
      server = new MemoryServer(this, region)
      this.#servers.set(region, server)
    }
    return server
  }

  link(from: string, to: string): Link {
    const name = linkName(from, to)
    let link = this.#links.get(name)
    if (link === undefined) {
      const { delayMs, jitterMs } = this.settings
      link = { delayMs, jitterMs, state: 'up', ...flawless }
      this.#links.set(name, link)
    }
    return link
  }

  /** Of one direction, as slow as its link now is. */
  line(from: string, to: string): MemoryLine {
    const name = linkName(from, to)
    const link = this.link(from, to)
    let line = this.#lines.get(name)
    if (line === undefined) {
      line = new MemoryLine(this.clock, () => link.state === 'up')
      this.#lines.set(name, line)
    }
    line.bytesPerSecond = link.bytesPerSecond
    return line
  }

  /** All links as good as new, but for their delays. */
  mend(): void {
    for (const [name, link] of this.#links) {
      const [from = '', to = ''] = name.split('>')
      Object.assign(link, flawless)
      this.heal(from, to)
    }
  }

  /** One direction only; cut both for a cut cable. */
  cut(from: string, to: string, how: 'black-hole' | 'reset'): void {
    this.#setState(from, to, how)
    const cut = this.#count(from, to)
    if (how === 'reset') this.#endSessions(from, to, 'connection reset')
    else
      this.clock.after(this.settings.heartbeatTimeoutMs, () => {
        if (this.#cuts.get(linkName(from, to)) === cut && this.link(from, to).state === 'black-hole')
          this.#endSessions(from, to, 'missed heartbeats')
      })
  }

  heal(from: string, to: string): void {
    this.#setState(from, to, 'up')
    this.#count(from, to)
    this.line(from, to).serve()
    for (const session of this.sessions) if (session.uses(from, to)) session.resume()
  }

  #setState(from: string, to: string, state: LinkState): void {
    Object.assign(this.link(from, to), { state })
    for (const tell of this.onChange) tell()
  }

  #count(from: string, to: string): number {
    const cuts = (this.#cuts.get(linkName(from, to)) ?? 0) + 1
    this.#cuts.set(linkName(from, to), cuts)
    return cuts
  }

  #endSessions(from: string, to: string, reason: string): void {
    for (const session of this.sessions) if (session.uses(from, to)) session.end(reason)
  }
}

/** A node's own end. After `crash` nothing that was under way ever resolves, and no handler is called again. */
export class MemoryBus implements Bus {
  readonly region: string
  readonly stream: Stream
  readonly caches: CacheFeed
  alive = true
  handler: Answerer | undefined
  cacheHandler: CacheAnswerer | undefined
  readonly #network: MemoryNetwork
  readonly #toServer: (() => void)[] = []
  readonly #fromServer: (() => void)[] = []

  constructor(network: MemoryNetwork, region: string) {
    this.region = region
    this.#network = network
    this.stream = {
      last: () => this.#local((server) => server.end()),
      append: (payload, after) => this.#append(Buffer.from(payload), after),
    }
    this.caches = {
      invalidate: (payload) => {
        const copy = Buffer.from(payload)
        this.#hop(this.#toServer, () => this.#network.server(this.region).invalidate(copy))
      },
      serve: (answer) => {
        this.cacheHandler = answer
      },
    }
  }

  announce(payload: Buffer): void {
    const copy = Buffer.from(payload)
    this.#hop(this.#toServer, () => this.#network.server(this.region).announce(copy))
  }

  serve(handler: Answerer): void {
    this.handler = handler
  }

  async connect(region: string): Promise<PeerSession> {
    const ends: LinkEnds = { client: this, server: this.#network.server(region) }
    return MemorySession.open(this.#network, ends)
  }

  /** The answer goes out behind what was said to caches before it. */
  answerCache(payload: Buffer, answer: (payload: Buffer) => void): void {
    const answered = this.alive ? this.cacheHandler?.(Buffer.from(payload)) : undefined
    const send = (bytes: Buffer | undefined): void => {
      if (bytes === undefined || !this.alive) return
      this.#hop(this.#toServer, () => {
        if (this.#network.server(this.region).up) answer(bytes)
      })
    }
    answered?.then(send, () => {})
  }

  close(): Promise<void> {
    for (const session of this.#sessions()) session.end('closed here')
    this.alive = false
    return Promise.resolve()
  }

  crash(): void {
    this.alive = false
    for (const session of this.#sessions()) session.drop()
  }

  /** Runs node code, unless the node has died meanwhile. */
  whenAlive(work: () => void): void {
    if (this.alive) work()
  }

  #sessions(): MemorySession[] {
    return [...this.#network.sessions].filter((session) => session.client === this)
  }

  #append(payload: Buffer, after: number): Promise<number> {
    return this.#local((server) => server.append({ payload, after }))
  }

  /** There and back to the own server, in order; the answer is lost when the server stops in between. */
  #local<T>(ask: (server: MemoryServer) => T): Promise<T> {
    const server = this.#network.server(this.region)
    return new Promise<T>((resolve, reject) => {
      this.#hop(this.#toServer, () => {
        const { run } = server
        const result = attempt(() => ask(server))
        this.#hop(this.#fromServer, () => {
          if (!this.alive) return
          if ('error' in result) reject(result.error)
          else if (server.run !== run) reject(new Error('the connection was lost'))
          else resolve(result.value)
        })
      })
    })
  }

  /** One queue a direction: equal delays must not race. What a node sent before it died still arrives. */
  #hop(queue: (() => void)[], work: () => void): void {
    queue.push(work)
    this.#network.clock.after(this.#network.settings.localDelayMs, () => queue.shift()?.())
  }
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

const linkName = (from: string, to: string): string => `${from}>${to}`
