/**
 * A region's part in replication: it publishes its own log, follows those of its peers, answers what they ask, and keeps its
 * replicas. Everything that is known for sure is in the store: cursors, what peers have confirmed, how far a snapshot has come.
 *
 *   publisher.ts     own log -> own stream          ledger.ts     what each peer still lacks
 *   subscriber.ts    a peer's stream -> engine      repair.ts     holes, from the peer's log
 *   transfer.ts      a peer's state, where its log does not do
 *   replicas.ts      tables that come and go        join.ts       one that comes (joins.ts: several at a time)
 *   debts.ts         what is still to be merged, once, of regions that were wiped or have left
 *   horizon.ts       up to when deletes may be forgotten
 *   answers.ts       what peers ask                 questions.ts  what peers are asked
 */
import type { Position } from '../../core/change/change.ts'
import type { Announcement, Confirmation, Seen } from '../../core/change/control.ts'
import { encodeControl } from '../../core/change/control.ts'
import type { ClockState } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { everyRegion, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { countedForStatusMax, countedInStatusMax, logPositionsMax, trimmedAtOnceMax } from '../../core/limits.ts'
import type { Replica, Table, TableId } from '../../core/table/table.ts'
import { peersOf, type Region, type Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import { answer } from './answers.ts'
import { Exclusive } from './exclusive.ts'
import { horizonOf } from './horizon.ts'
import { Ledger } from './ledger.ts'
import { Loop } from './loop.ts'
import { Measures } from './measure.ts'
import { lackingOf, MissingNote } from './missing-note.ts'
import { type Mended, mendReplica } from './mend.ts'
import { Outbound } from './outbound.ts'
import { Pauses } from './pauses.ts'
import { Publisher } from './publisher.ts'
import { type Mark, Replicas } from './replicas.ts'
import { peerStatusInTurns, peerStatusOf, statusOf } from './peer-status.ts'
import { Sources } from './sources.ts'
import type { PeerStatus, ReplicationStatus } from './status.ts'
import type { ReplicationSettings } from './settings.ts'
import { Subscriber } from './subscriber.ts'
import { transferState } from './transfer.ts'
import { type Comparison, compareReplicas, type VerifyRoom } from './verify.ts'
import type { Session } from './session.ts'
import { isSilent } from './silence.ts'

export interface Replication {
  /** Of this moment; what the log has got lately may not be counted yet, and then nothing is called safe. */
  status(): ReplicationStatus
  /** Counts first, and looks at the tables in several turns of the event loop. */
  statusInTurns(): Promise<ReplicationStatus>
  /** Sets the gauges from the status as it is now. */
  measure(): Promise<void>
  readonly pauses: Pauses
  /**
   * Compares all replicas of a table, or mends this region's; rejects with NotComparable when it cannot be done now.
   */
  compare(table: Table): Promise<Comparison>
  mend(table: Table): Promise<Mended>
  /** Tombstones up to this are of no more use to anybody; undefined as long as nobody can know. */
  horizon(table: Table): Stamp | undefined
  /** The same of a table's registers, which every region has, with a replica or without. */
  registerHorizon(table: TableId): Stamp | undefined
  /** `topology.regions` has other regions than before: follows those that have come, lets go of those that have left. */
  topologyChanged(): void
  stop(): Promise<void>
}

export function startReplication(
  env: Env,
  engine: Engine,
  topology: Topology,
  settings: ReplicationSettings = { logPositionsMax },
): Replication {
  return new RunningReplication(env, engine, topology, settings)
}

const announceMs = 1000
const countMs = 200
const confirmedNote = 'replication/confirmed'
const pulseNote = 'replication/pulse'
const pulseMsMin = 150
/** Announcements between two rounds of what is less urgent. */
const slowEvery = 5

class RunningReplication implements Replication {
  readonly #settings: ReplicationSettings
  readonly #env: Env
  readonly #engine: Engine
  readonly #loop: Loop
  readonly #ledger: Ledger
  readonly #publisher: Publisher
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #topology: Topology
  readonly #follow: (peer: Region) => Subscriber
  /** Subscribers of regions that have left, until they have stopped. */
  readonly #leaving = new Map<Promise<void>, string>()
  readonly #replicas: Replicas
  readonly #sources: Sources
  readonly #missing: MissingNote
  readonly #outbound: Outbound
  readonly #measures: Measures
  readonly pauses: Pauses
  readonly #counting: Loop
  readonly #running: Promise<unknown>
  /** Of each peer's disk, as last heard. */
  readonly #epochs = new Map<string, string>()
  #noted = ''
  #pulsedMs = 0
  #pulsedAtMs = 0

  constructor(env: Env, engine: Engine, topology: Topology, settings: ReplicationSettings) {
    this.#settings = settings
    this.#env = env
    this.#engine = engine
    this.#topology = topology
    this.#loop = new Loop(env.clock)
    this.#counting = new Loop(env.clock)
    this.#sources = new Sources(env.clock)
    this.#missing = new MissingNote(engine, env.clock)
    const peers = peersOf(topology)
    const confirmed = (engine.note(confirmedNote) ?? {}) as Record<string, number>
    this.#ledger = new Ledger(engine, new Map(peers.map(({ name }) => [name, confirmed[name] ?? 0])))
    this.#outbound = new Outbound({ engine, clock: env.clock, ledger: this.#ledger })
    this.#measures = new Measures(env)
    this.pauses = new Pauses({ engine, clock: env.clock, log: env.log })
    this.pauses.onChange(() => [...this.#subscribers.values()].forEach((subscriber) => subscriber.ring()))
    this.#publisher = new Publisher(env, engine, this.#ledger)
    const room = {
      env,
      engine,
      get peers(): readonly Region[] {
        return peersOf(topology)
      },
      exclusive: new Exclusive(),
      sources: this.#sources,
      leftovers: settings.leftovers,
      onRegisters: () => this.#replicas.consider(),
      sessionTo: (region: string) => this.#subscribers.get(region)?.session,
      mark: (replicas: readonly Replica[]) => this.#mark(replicas),
      hasPassed: (mark: Mark, replicas: readonly Replica[]) => this.#hasPassed(mark, replicas),
    }
    this.#replicas = new Replicas(room)
    const transfer = (session: Session, from: Region, epoch: string): Promise<void> =>
      transferState(room, session, from, epoch)
    this.#follow = (peer) =>
      new Subscriber({ env, engine, peer, ...settings, pauses: this.pauses, transfer, onRegisters: room.onRegisters })
    for (const peer of peers) this.#subscribers.set(peer.name, this.#follow(peer))
    const answers = {
      engine,
      topology,
      announcement: () => this.#announcement(),
      onPulse: () => void this.#pulseNow().catch(() => undefined),
      onConfirmed: (confirmation: Confirmation) => this.#confirmed(confirmation),
      reach: (peer: string, cursor: Position) => this.#reach(peer, cursor),
      leaving: () => this.#leaving.values(),
      isComplete: (table: string) => this.#replicas.isComplete(table),
    }
    env.bus.serve((payload, asker) => Promise.resolve(this.#loop.stopped ? undefined : answer(answers, payload, asker)))
    this.#running = Promise.all([this.#run(), this.#count()])
  }

  status(): ReplicationStatus {
    for (let part = 0; part < countedInStatusMax && this.#ledger.readOn(); part++);
    const peers = [...this.#subscribers.values()].map((each) => peerStatusOf(this.#engine, this.#outbound, each))
    return statusOf({ engine: this.#engine, publisher: this.#publisher, pauses: this.pauses }, peers)
  }

  async statusInTurns(): Promise<ReplicationStatus> {
    for (let part = 1; part <= countedForStatusMax && this.#ledger.readOn(); part++)
      if (part % countedInStatusMax === 0) await this.#env.clock.sleep(0)
    const peers: PeerStatus[] = []
    for (const each of this.#subscribers.values())
      peers.push(await peerStatusInTurns(this.#engine, this.#outbound, each))
    return statusOf({ engine: this.#engine, publisher: this.#publisher, pauses: this.pauses }, peers)
  }

  async measure(): Promise<void> {
    await this.#measures.take(await this.statusInTurns())
  }

  horizon(table: Table): Stamp | undefined {
    const own = { region: this.#engine.region.name, clock: this.#engine.clock() }
    if (table.replicas.length === 0) return { ...own.clock, region: everyRegion }
    return this.#horizonFrom(own, this.#met(), table)
  }

  registerHorizon(id: TableId): Stamp | undefined {
    const own = { region: this.#engine.region.name, clock: this.#engine.clock() }
    const met = this.#met()
    // A region that has not been met yet may know anything.
    return met.length < this.#subscribers.size ? undefined : this.#horizonFrom(own, met, { id, replicas: [] })
  }

  #horizonFrom(own: Seen, met: readonly Subscriber[], table: Pick<Table, 'id' | 'replicas'>): Stamp | undefined {
    // Of a state that is being merged, parts may have been read before the peer knew what it knows now.
    if (this.#replicas.owes || met.some((subscriber) => subscriber.state() === 'resync')) return undefined
    const told = met.map(({ peer, hearing }) => ({ region: peer.name, watermark: hearing.watermark }))
    const least = horizonOf(table, own, told)
    return least === undefined ? undefined : { ...least, region: everyRegion }
  }

  compare(table: Table): Promise<Comparison> {
    return compareReplicas(this.#verifyRoom(), table)
  }

  mend(table: Table): Promise<Mended> {
    return mendReplica(this.#verifyRoom(), table)
  }

  topologyChanged(): void {
    if (this.#loop.stopped) return
    const peers = peersOf(this.#topology)
    for (const [name, subscriber] of this.#subscribers)
      if (!peers.includes(subscriber.peer)) this.#leave(name, subscriber)
    for (const peer of peers) {
      if (this.#subscribers.has(peer.name)) continue
      this.#ledger.add(peer.name)
      this.#subscribers.set(peer.name, this.#follow(peer))
      this.#env.log.info('region joins', { peer: peer.name })
    }
    this.#replicas.consider()
  }

  #leave(name: string, subscriber: Subscriber): void {
    this.#subscribers.delete(name)
    this.#ledger.remove(name)
    for (const each of [this.#outbound, this.#sources]) each.forget(name)
    this.#epochs.delete(name)
    const stopped = subscriber.stop()
    this.#leaving.set(stopped, name)
    void stopped.finally(() => {
      this.#leaving.delete(stopped)
      if (!this.#subscribers.has(name)) this.#env.meter.forget({ peer: name })
    })
    this.#env.log.info('region leaves', { peer: name })
  }

  async stop(): Promise<void> {
    this.#loop.stop()
    this.#counting.stop()
    await Promise.all([
      this.#publisher.stop(),
      this.#replicas.stop(),
      ...[...this.#subscribers.values()].map((subscriber) => subscriber.stop()),
      ...this.#leaving.keys(),
      this.#running,
    ])
  }

  /** Counts what the publisher has not come to, because its stream is away or it is behind. */
  async #count(): Promise<void> {
    while (!this.#counting.stopped) {
      while (this.#ledger.readOn() && !this.#counting.stopped) await this.#env.clock.sleep(0)
      await this.#counting.pause(countMs)
    }
  }

  /** Announces, notes what was confirmed, and lets go of what nobody needs. */
  async #run(): Promise<void> {
    for (let turn = 1; !this.#loop.stopped; turn++) {
      try {
        this.#env.bus.announce(encodeControl(this.#announcement()))
        this.#forgetWiped()
        await Promise.all([this.#noteConfirmed(), this.#missing.write(this.#subscribers.values())])
        await this.#pulse()
        if (turn % slowEvery === 0) await this.#trim()
      } catch (error) {
        // Of a disk that refuses writes everybody is told already.
        const level = this.#engine.trouble() === undefined ? 'warn' : 'debug'
        if (!this.#loop.stopped) this.#env.log[level]('replication housekeeping failed', { error: String(error) })
      }
      await this.#loop.pause(announceMs)
    }
  }

  #announcement(): Announcement {
    const { name, number } = this.#engine.region
    const seen = this.#met().map(({ peer, hearing: { watermark } }) => ({
      region: peer.name,
      clock: watermark.clock,
      ...(watermark.waiting.length === 0 ? {} : { waiting: watermark.waiting }),
    }))
    const { sent, published } = this.#publisher
    return {
      say: 'here',
      region: name,
      number,
      epoch: this.#engine.epoch,
      flushed: this.#engine.flushed(),
      sent,
      published,
      wallMs: Math.max(0, Math.floor(this.#env.clock.wallMs())),
      clock: this.#engine.clock(),
      seen,
      ...(this.#replicas.owes ? { owes: true } : {}),
      ...lackingOf(this.#engine, this.#ledger, this.#subscribers.keys()),
    }
  }

  /** Those whose logs this region has a place in. */
  #met(): readonly Subscriber[] {
    return [...this.#subscribers.values()].filter(({ peer }) => this.#engine.cursor(peer.name) !== undefined)
  }

  #confirmed(confirmation: Confirmation): void {
    this.#outbound.confirmed(confirmation, this.#subscribers.get(confirmation.region)?.hearing)
  }

  /** A confirmation that is forgotten only means that the log is kept, or sent again. */
  async #noteConfirmed(): Promise<void> {
    const confirmed = Object.fromEntries([...this.#subscribers.keys()].map((peer) => [peer, this.#ledger.needed(peer)]))
    const text = JSON.stringify(confirmed)
    if (text === this.#noted) return
    await this.#engine.setNote(confirmedNote, confirmed)
    this.#noted = text
  }

  /** A region in which nothing happens says so durably: its clock goes on, and the peers' watermarks with it. */
  async #pulse(): Promise<void> {
    const { wallMs } = this.#engine.clock()
    if (wallMs === this.#pulsedMs) await this.#engine.setNote(pulseNote, wallMs)
    this.#pulsedMs = this.#engine.clock().wallMs
  }

  /** Somebody waits for the watermarks: not more often than a disk can well do it. */
  async #pulseNow(): Promise<void> {
    const nowMs = this.#env.clock.monotonicMs()
    if (this.#loop.stopped || nowMs - this.#pulsedAtMs < pulseMsMin) return
    this.#pulsedAtMs = nowMs
    await this.#engine.setNote(pulseNote, this.#env.clock.wallMs())
    if (!this.#loop.stopped) this.#env.bus.announce(encodeControl(this.#announcement()))
  }

  /** What a peer's former disk had confirmed, the one that it has now does not have. */
  #forgetWiped(): void {
    for (const [name, { hearing }] of this.#subscribers) {
      const epoch = hearing.last?.epoch
      if (epoch === undefined) continue
      const before = this.#epochs.get(name) ?? this.#engine.cursor(name)?.epoch
      if (before !== undefined && before !== epoch) this.#ledger.reset(name)
      this.#epochs.set(name, epoch)
    }
  }

  /** Past what every peer has confirmed and what is published; beyond the cap, past everything. */
  async #trim(): Promise<void> {
    const flushed = this.#engine.flushed()
    const kept = Math.min(this.#ledger.leastNeeded(), this.#publisher.published, this.#ledger.upTo)
    const upTo = Math.max(kept, flushed - this.#settings.logPositionsMax)
    for (let end = this.#engine.oldest(); end <= upTo && !this.#loop.stopped; end += trimmedAtOnceMax) {
      const step = Math.min(upTo, end + trimmedAtOnceMax - 1)
      await this.#engine.trimLog(step)
      this.#ledger.trimmed(step)
    }
    this.#ledger.forgetTables((table) => this.#engine.tableWithId(table) !== undefined)
  }

  #mark(replicas: readonly Replica[]): Mark | undefined {
    const following = replicas.map(({ region }) => this.#subscribers.get(region))
    if (
      following.some(
        (subscriber) => subscriber !== undefined && (isSilent(subscriber.hearing) || subscriber.state() === 'cut'),
      )
    )
      return undefined
    const peers = [...this.#subscribers].map(([name, { hearing }]) => [name, hearing.last?.flushed ?? 0] as const)
    return { own: this.#engine.flushed(), peers: new Map(peers) }
  }

  #hasPassed(mark: Mark, replicas: readonly Replica[]): boolean {
    return replicas.every(({ region }) => {
      if (region === this.#engine.region.name || !this.#subscribers.has(region)) return true
      const here = this.#reach(region, this.#engine.cursor(region)?.position ?? 0)
      return this.#ledger.needed(region) >= mark.own && here >= (mark.peers.get(region) ?? 0)
    })
  }

  #reach(peer: string, cursor: Position): Position {
    return this.#subscribers.get(peer)?.parked.reach(cursor) ?? cursor
  }

  #verifyRoom(): VerifyRoom {
    return {
      engine: this.#engine,
      clock: this.#env.clock,
      sessionTo: (region) => this.#subscribers.get(region)?.session,
      seen: (here, origin, table) => this.#seen(here, origin, table),
      peers: () => peersOf(this.#topology),
      pulse: () => this.#pulseNow(),
    }
  }

  #seen(here: string, origin: string, table: TableId): ClockState | undefined {
    const seen =
      here === this.#engine.region.name
        ? this.#subscribers.get(origin)?.hearing.watermark
        : this.#subscribers.get(here)?.hearing.last?.seen.find(({ region }) => region === origin)
    return seen?.waiting?.find((each) => each.table === table)?.clock ?? seen?.clock
  }
}
