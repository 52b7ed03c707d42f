/**
 * A region's part in replication: it publishes its own log, follows those of its peers, answers what they ask, and keeps its
 * replicas. What is known for sure is in the store: cursors, confirmations, the progress of snapshots. README.md lists the rooms.
 */
import type { Position } from '../../core/change/change.ts'
import { type Announcement, type Confirmation, encodeControl } from '../../core/change/control.ts'
import type { ConfirmedPlace } from '../../core/change/place.ts'
import type { PeerErrors } from './talk/peer-errors.ts'
import { countedForStatusMax, countedInStatusMax, storeAgeCheckMsMax } from '../../core/limits/limits.ts'
import type { Replica, Table } from '../../core/table/table.ts'
import { peersOf, type Region, type Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { announcementOf } from './send/announcing.ts'
import { type Answers, answererOf } from './answer/answers.ts'
import { Claims } from './prove/claims.ts'
import { Retries } from '../retries.ts'
import { Mutex } from './flow/mutex.ts'
import { hasPendingMergesOf } from './notes/pending-merges.ts'
import { seenOf } from './talk/peer-state.ts'
import { Horizons } from './status/horizons.ts'
import { Ledger } from './send/ledger.ts'
import { Loop } from './flow/loop.ts'
import { Measures } from './status/measure.ts'
import { lackingOf } from './send/lacking.ts'
import { MissingNote } from './receive/missing-note.ts'
import { type RepairedReplica, repairReplica } from './compare/replica-repair.ts'
import { Outbound } from './send/outbound.ts'
import { Pauses } from './pause/pauses.ts'
import { Pulse } from './send/pulse.ts'
import { Publisher } from './send/publisher.ts'
import { Questions } from './talk/questions.ts'
import { type LogEnds, Replicas } from './replicas/replicas.ts'
import { peerStatusInTurns, peerStatusOf, statusOf } from './status/peer-status.ts'
import { RowSeries } from './answer/row-series.ts'
import { Sources } from './replicas/copy-sources.ts'
import type { PeerStatus, ReplicationStatus } from './status/status.ts'
import type { ReadersOptions } from './settings.ts'
import { Subscriber } from './receive/subscriber.ts'
import { LogHolds } from './send/trimming.ts'
import { Emptied, type Transfers, transferState } from './copy/transfer.ts'
import { type Comparison, compareReplicas, type VerifyDeps } from './compare/verify.ts'
import type { Session } from './talk/session.ts'
import { isSilent } from './talk/silence.ts'
import { Seals } from './talk/seals.ts'

const announceMs = 1000
const countMs = 200
export const confirmedNote = 'replication/confirmed'
/** Announcements between two rounds of what is less urgent. */
const slowEvery = 5

function ledgerOf(engine: Engine, peers: readonly Region[]): Ledger {
  const confirmed = (engine.note(confirmedNote) ?? {}) as Record<string, number>
  return new Ledger(engine, new Map(peers.map(({ name }) => [name, confirmed[name] ?? 0])))
}

/** Everything that reads the log under one epoch; a new log has new readers (renewing.ts). */
export class Readers implements Service {
  readonly #env: Env
  readonly #engine: Engine
  readonly #loop: Loop
  readonly #ledger: Ledger
  readonly #holds: LogHolds
  readonly publisher: Publisher
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #topology: Topology
  readonly #follow: (peer: Region) => Subscriber
  /** Subscribers of regions that have left, until they have stopped. */
  readonly #leaving = new Map<Promise<void>, string>()
  readonly #replicas: Replicas
  readonly #sources: Sources
  readonly #missing: MissingNote
  readonly #outbound: Outbound
  readonly #claims: Claims
  readonly #seals: Seals
  readonly #measures: Measures
  readonly horizons: Horizons
  readonly pauses: Pauses
  readonly #counting: Loop
  readonly #settings: ReadersOptions['settings']
  #running: Promise<unknown> | undefined
  readonly #goesOn = (): boolean => !this.#loop.stopped
  readonly #pulse: Pulse
  readonly #retries: Retries
  /** Of each peer's disk, as last heard. */
  readonly #epochs = new Map<string, string>()
  #noted = ''
  #isChecked: boolean

  constructor({ env, engine, topology, settings, onFinding }: ReadersOptions) {
    this.#env = env
    this.#engine = engine
    this.#settings = settings
    this.#isChecked = engine.flushed() === 0
    this.#topology = topology
    this.#loop = new Loop(env.clock)
    this.#counting = new Loop(env.clock)
    this.#sources = new Sources(env.clock)
    this.#missing = new MissingNote(engine, env.clock)
    const peers = peersOf(topology)
    this.#ledger = ledgerOf(engine, peers)
    this.#seals = new Seals({ ...settings, self: engine.region.name, clock: env.clock })
    this.#claims = new Claims({ env, engine, onFinding })
    this.#outbound = new Outbound({ engine, clock: env.clock, ledger: this.#ledger, claims: this.#claims })
    this.#measures = new Measures(env)
    this.#retries = new Retries(env)
    this.#pulse = new Pulse({ engine, clock: env.clock, announce: () => this.#announce(), goesOn: this.#goesOn })
    this.pauses = new Pauses({ engine, clock: env.clock, log: env.log })
    this.pauses.onChange(() => [...this.#subscribers.values()].forEach((subscriber) => subscriber.ring()))
    this.publisher = new Publisher({ env, engine, ledger: this.#ledger, claims: this.#claims, seals: this.#seals })
    this.#holds = new LogHolds({ ...settings, engine, outbound: this.#outbound, publisher: this.publisher })
    const deps = {
      ...settings,
      env,
      engine,
      get peers(): readonly Region[] {
        return peersOf(topology)
      },
      mutex: new Mutex(),
      retries: this.#retries,
      sources: this.#sources,
      emptied: new Emptied(),
      onRegisters: () => this.#replicas.consider(),
      sessionTo: (region: string) => this.#subscribers.get(region)?.session,
      logEnds: (replicas: readonly Replica[]) => this.#logEnds(replicas),
      hasPassed: (logEnds: LogEnds, replicas: readonly Replica[]) => this.#hasPassed(logEnds, replicas),
    }
    this.#replicas = new Replicas(deps)
    this.#follow = this.#followers(deps, settings)
    for (const peer of peers) this.#subscribers.set(peer.name, this.#follow(peer))
    this.horizons = new Horizons({
      engine,
      topology,
      subscribers: this.#subscribers,
      met: () => this.#met(),
      hasPendingMerges: () => this.#replicas.hasPendingMerges,
    })
  }

  start(): void {
    const { clock, bus } = this.#env
    for (const part of [this.publisher, this.#replicas, ...this.#subscribers.values()]) part.start()
    void Promise.race([this.examined(), clock.sleep(storeAgeCheckMsMax)]).then(() => (this.#isChecked = true))
    const peerErrorsOf = (asker: string): PeerErrors | undefined => this.#subscribers.get(asker)?.peerErrors
    bus.serve(answererOf(this.#answers(), { clock, seals: this.#seals, goesOn: this.#goesOn, peerErrorsOf }))
    this.#running = Promise.all([this.#run(), this.#count()])
  }

  #answers(): Answers {
    return {
      engine: this.#engine,
      topology: this.#topology,
      announcement: () => this.#announcement(),
      onPulse: () => void this.#pulse.now().catch(() => undefined),
      onConfirmed: (confirmation) => this.#confirmed(confirmation),
      reach: (peer, cursor) => this.reach(peer, cursor),
      standing: (peer, place) => this.#claims.judge(peer, place),
      confirmedBy: (peer) => this.#confirmedBy(peer),
      twice: (peer) => this.#outbound.voices.laterOf(peer),
      leaving: () => this.#leaving.values(),
      mayTell: () => this.#isChecked && !this.#claims.hasFound,
      isComplete: (table) => this.#replicas.isComplete(table),
      isFilling: (table) => this.#replicas.isFilling(table),
      series: new RowSeries(),
      asides: this.#settings,
    }
  }

  get unverifiedBy(): readonly string[] {
    return this.#claims.unverifiedBy([...this.#subscribers.keys()])
  }

  get agreed(): Position {
    return this.#claims.agreed
  }

  /** Resolves when every peer has been asked for this region's places, or could not be. */
  async examined(): Promise<void> {
    await Promise.all([...this.#subscribers.values()].map(({ examined }) => examined))
  }

  status(): ReplicationStatus {
    for (let part = 0; part < countedInStatusMax && this.#ledger.readOn(); part++);
    const peers = [...this.#subscribers.values()].map((each) => peerStatusOf(this.#engine, this.#outbound, each))
    return this.#statusWith(peers)
  }

  async statusInTurns(): Promise<ReplicationStatus> {
    for (let part = 1; part <= countedForStatusMax && this.#ledger.readOn(); part++)
      if (part % countedInStatusMax === 0) await this.#env.clock.sleep(0)
    const peers: PeerStatus[] = []
    for (const each of this.#subscribers.values())
      peers.push(await peerStatusInTurns(this.#engine, this.#outbound, each))
    return this.#statusWith(peers)
  }

  #statusWith(peers: readonly PeerStatus[]): ReplicationStatus {
    const [engine, seals, publisher, pauses] = [this.#engine, this.#seals, this.publisher, this.pauses]
    return { ...statusOf({ engine, seals, publisher, pauses }, peers), unverifiedBy: this.unverifiedBy }
  }

  async measure(): Promise<void> {
    await this.#measures.take(await this.statusInTurns())
  }

  compare(table: Table): Promise<Comparison> {
    return compareReplicas(this.#verifyDeps(), table)
  }

  repair(table: Table): Promise<RepairedReplica> {
    return repairReplica(this.#verifyDeps(), table)
  }

  topologyChanged(): void {
    if (this.#loop.stopped) return
    const peers = peersOf(this.#topology)
    for (const [name, subscriber] of this.#subscribers)
      if (!peers.includes(subscriber.peer)) this.#leave(name, subscriber)
    for (const peer of peers) {
      if (this.#subscribers.has(peer.name)) continue
      this.#ledger.add(peer.name)
      this.#holds.follow()
      const subscriber = this.#follow(peer)
      this.#subscribers.set(peer.name, subscriber)
      subscriber.start()
      this.#env.log.info('region joins', { peer: peer.name })
    }
    this.#replicas.consider()
  }

  #leave(name: string, subscriber: Subscriber): void {
    this.#subscribers.delete(name)
    this.#ledger.remove(name)
    this.#holds.follow()
    for (const each of [this.#outbound, this.#sources, this.#claims]) each.forget(name)
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
    for (const loop of [this.#loop, this.#counting]) loop.stop()
    await Promise.all([
      this.publisher.stop(),
      this.#replicas.stop(),
      ...[...this.#subscribers.values()].map((subscriber) => subscriber.stop()),
      ...this.#leaving.keys(),
      this.#running,
    ])
    this.#holds.release()
  }

  /** Counts what the publisher has not come to, because its stream is away or it is behind. */
  async #count(): Promise<void> {
    while (!this.#counting.stopped) {
      while (this.#ledger.readOn() && !this.#counting.stopped) await this.#env.clock.sleep(0)
      await this.#counting.pause(countMs)
    }
  }

  /** Announces, notes what was confirmed, and trims what no peer needs. */
  async #run(): Promise<void> {
    for (let turn = 1; !this.#loop.stopped; turn++) {
      try {
        this.#announce()
        for (const peer of this.#subscribers.keys()) this.#forgetWiped(peer)
        await Promise.all([this.#noteConfirmed(), this.#missing.write(this.#subscribers.values())])
        await this.#pulse.beat()
        if (turn % slowEvery === 0 && this.#settings.mayTrim?.() !== false) await this.#holds.trim(this.#goesOn)
      } catch (error) {
        if (!this.#loop.stopped) this.#retries.note('housekeeping', error, 'replication housekeeping failed')
      }
      await this.#loop.pause(announceMs)
    }
  }

  #followers(deps: Transfers, settings: ReadersOptions['settings']): (peer: Region) => Subscriber {
    const given = {
      ...settings,
      seals: this.#seals,
      voices: this.#outbound.voices,
      pauses: this.pauses,
      retries: this.#retries,
      examine: (session: Session, from: Region) => this.#examine(session, from),
      hasPendingMergesOf: (of: string) => hasPendingMergesOf(deps, of),
      transfer: (session: Session, from: Region, epoch: string) => transferState(deps, session, from, epoch),
      onRegisters: () => this.#replicas.consider(),
    }
    return (peer) => new Subscriber({ env: this.#env, engine: this.#engine, ...given, peer })
  }

  /** Whether the peer can be heard; false of a region that is none. */
  hears(region: string): boolean {
    return ![undefined, 'cut'].includes(this.#subscribers.get(region)?.state())
  }

  /** Undefined while the peer is not spoken to. */
  questionsTo(region: string): Questions | undefined {
    const session = this.#subscribers.get(region)?.session
    return session && new Questions(session, this.#engine.region.name)
  }

  #announce(): void {
    this.#env.bus.announce(this.#seals.toAll(encodeControl(this.#announcement())))
  }

  #announcement(): Announcement {
    return announcementOf({
      clock: this.#env.clock,
      engine: this.#engine,
      publisher: this.publisher,
      met: this.#met(),
      hasPendingMerges: this.#replicas.hasPendingMerges,
      twice: this.#outbound.voices.later(),
      ...lackingOf(this.#engine, this.#ledger, this.#subscribers.keys()),
    })
  }

  /** Those whose logs this region has a place in. */
  #met(): readonly Subscriber[] {
    return [...this.#subscribers.values()].filter(({ peer }) => this.#engine.cursor(peer.name) !== undefined)
  }

  /** A node that does not answer is asked again in the next session. */
  async #examine(session: Session, { name }: Region): Promise<void> {
    const places = await new Questions(session, this.#engine.region.name).places().catch(() => undefined)
    if (places !== undefined) await this.#claims.examine(name, places)
  }

  #confirmedBy(peer: string): ConfirmedPlace | undefined {
    const epoch = this.#epochs.get(peer) ?? this.#engine.cursor(peer)?.epoch
    return epoch === undefined ? undefined : { epoch, position: this.#ledger.confirmed(peer) }
  }

  #confirmed(confirmation: Confirmation): void {
    this.#forgetWiped(confirmation.region)
    this.#outbound.confirmed(confirmation, this.#subscribers.get(confirmation.region)?.peerState)
  }

  /** A confirmation that is forgotten only means that the log is kept, or sent again. */
  async #noteConfirmed(): Promise<void> {
    const confirmed = Object.fromEntries(this.#ledger.peers().map((peer) => [peer, this.#outbound.needed(peer)]))
    const text = JSON.stringify(confirmed)
    if (text === this.#noted) return
    await this.#engine.setNote(confirmedNote, confirmed)
    await this.#claims.note()
    this.#noted = text
  }

  /** What a peer's former disk had confirmed, the one that it has now does not have. */
  #forgetWiped(peer: string): void {
    const epoch = this.#subscribers.get(peer)?.peerState.last?.epoch
    if (epoch === undefined) return
    if ((this.#confirmedBy(peer)?.epoch ?? epoch) !== epoch) this.#ledger.reset(peer)
    this.#epochs.set(peer, epoch)
  }

  #logEnds(replicas: readonly Replica[]): LogEnds | undefined {
    const following = replicas.flatMap(({ region }) => this.#subscribers.get(region) ?? [])
    if (following.some((subscriber) => isSilent(subscriber.peerState) || subscriber.state() === 'cut')) return undefined
    const ends = [...this.#subscribers].map(([name, { peerState }]) => [name, peerState.last?.flushed ?? 0] as const)
    return { own: this.#engine.flushed(), peers: new Map(ends) }
  }

  #hasPassed({ own, peers }: LogEnds, replicas: readonly Replica[]): boolean {
    return replicas.every(({ region }) => {
      const peerState = this.#subscribers.get(region)?.peerState
      if (peerState === undefined) return true
      // A log does not shrink: an end beyond that of a later word was not true.
      const end = Math.min(peers.get(region) ?? 0, peerState.last?.flushed ?? Infinity)
      const here = this.reach(region, this.#engine.cursor(region)?.position ?? 0)
      return this.#ledger.needed(region) >= own && here >= end
    })
  }

  reach(peer: string, cursor: Position): Position {
    return this.#subscribers.get(peer)?.pausedPositions.reach(cursor) ?? cursor
  }

  #verifyDeps(): VerifyDeps {
    return {
      engine: this.#engine,
      clock: this.#env.clock,
      sessionTo: (region) => this.#subscribers.get(region)?.session,
      seen: (here, origin, table) => seenOf(this.#subscribers, { self: this.#engine.region.name, here, origin, table }),
      peers: () => peersOf(this.#topology),
      isComplete: (table) => this.#replicas.isComplete(table),
      pulse: () => this.#pulse.now(),
    }
  }
}
