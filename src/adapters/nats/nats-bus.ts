/**
 * The bus over NATS JetStream: each region one standalone server with a stream of its own, and each peer pulls over a
 * connection of its own. Of the topologies that were tried this is the one in which a cut never blocks a local write, a wiped
 * store never silences a peer, and a heal is noticed within seconds.
 *
 *   nats-held.ts      a connection to a server of the region itself
 *   nats-pause.ts     the wait between two attempts
 *   nats-own.ts       the own server: appends, announcements, answers
 *   nats-stream.ts    its stream, made and recreated
 *   nats-session.ts   a peer's server: its stream, its announcements, questions
 *   nats-search.ts    which of a peer's servers has a node that answers
 *   nats-pull.ts      flow control
 *   nats-questions.ts questions and their answers
 *   nats-answering.ts whether a node answers at a server
 *   nats-heartbeat.ts black-hole detection
 *   nats-subjects.ts  every name
 */
import { streamBytesMax } from '../../core/limits/limits.ts'
import type { Answerer, Bus, CacheFeed, PeerSession, Stream } from '../../ports/bus.ts'
import type { Log } from '../../ports/log.ts'
import { connectTimeoutMs, connectTimeoutMsFar, type NatsServer } from './nats-connect.ts'
import { OwnSide } from './nats-own.ts'
import { findNode } from './nats-search.ts'
import { openSession } from './nats-session.ts'

type NatsServers = NatsServer | readonly NatsServer[]

export type NatsBusOptions = {
  /** This region's name. */
  readonly region: string
  readonly own: NatsServer
  /** A region of several nodes has a server for each of them, and one of its nodes answers. */
  readonly peers: Readonly<Record<string, NatsServers>>
  readonly log: Log
  readonly streamBytesMax?: number
  readonly streamAgeMsMax?: number
}

const streamAgeMsDefault = 24 * 60 * 60 * 1000

/** A bus that connects, until it is closed. */
export function startNatsBus(options: NatsBusOptions): NatsBus {
  const bus = new NatsBus(options)
  bus.start()
  return bus
}

export class NatsBus implements Bus {
  readonly #options: NatsBusOptions
  readonly #own: OwnSide
  readonly #peers: Map<string, readonly NatsServer[]>
  readonly #sessions = new Set<PeerSession>()
  /** Attempts in a row that have failed, by peer. */
  readonly #failures = new Map<string, number>()
  #closed = false

  constructor(options: NatsBusOptions) {
    this.#options = options
    this.#peers = new Map(Object.entries(options.peers).map(([name, servers]) => [name, [servers].flat()]))
    const log = options.log.with({ room: 'nats' })
    this.#own = new OwnSide({
      self: options.region,
      server: options.own,
      log,
      stream: {
        self: options.region,
        log,
        bytesMax: options.streamBytesMax ?? streamBytesMax,
        ageMsMax: options.streamAgeMsMax ?? streamAgeMsDefault,
      },
    })
  }

  start(): void {
    this.#own.start()
  }

  get stream(): Stream {
    return this.#own
  }

  get caches(): CacheFeed {
    return this.#own.caches
  }

  /** Adds or moves a peer; sessions under way with its old address stay until they end. Undefined forgets it. */
  setPeer(region: string, servers: NatsServers | undefined): void {
    this.#failures.delete(region)
    if (servers === undefined) this.#peers.delete(region)
    else this.#peers.set(region, [servers].flat())
  }

  announce(payload: Buffer): void {
    this.#own.announce(payload)
  }

  serve(handler: Answerer): void {
    this.#own.serve(handler)
  }

  async connect(region: string): Promise<PeerSession> {
    const servers = this.#peers.get(region)
    if (servers === undefined) throw new Error(`no address is known for ${region}`)
    if (this.#closed) throw new Error('the bus is closed')
    const session = await this.#open(region, servers)
    if (this.#closed) {
      await session.close()
      throw new Error('the bus is closed')
    }
    this.#sessions.add(session)
    void session.closed.then(() => this.#sessions.delete(session))
    return session
  }

  /** Every second attempt waits long enough for a peer that is seconds away. */
  async #open(peer: string, servers: readonly NatsServer[]): Promise<PeerSession> {
    const failures = this.#failures.get(peer) ?? 0
    const timeoutMs = failures % 2 === 0 ? connectTimeoutMs : connectTimeoutMsFar
    this.#failures.set(peer, failures + 1)
    const of = { self: this.#options.region, peer, timeoutMs }
    const [server, ...others] = servers
    if (server === undefined) throw new Error(`no address is known for ${peer}`)
    const session = others.length === 0 ? await openSession({ ...of, server }) : await findNode({ ...of, servers })
    this.#failures.delete(peer)
    return session
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#sessions].map((session) => session.close()))
    await this.#own.stop()
  }
}
