/**
 * Replication through the lives of a store. When the store turns out to be an older copy of this region's (claims.ts), the
 * readers stop, the log goes on under a new epoch with what no peer has of it, every table that others have too is put in
 * doubt (refill.ts), and new readers begin. To the peers that is a region with a new disk, whose own last writes they still get.
 *
 * A store that the peers have never met is another deployment's. Nothing of it may reach them: the readers stay stopped. The same
 * goes for a store of which a copy runs elsewhere, in the process that peers have heard for a shorter time (voices.ts). Such a region
 * takes no writes, since no peer would get them.
 */
import type { Position } from '../../core/change/change.ts'
import type { Aside } from '../../core/change/aside.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { logPositionsMax, storeAgeCheckMsMax } from '../../core/limits/limits.ts'
import type { Table, TableId } from '../../core/table/table.ts'
import type { Topology } from '../../core/topology.ts'
import type { RegisterHorizon } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import { PeerAway } from '../../ports/peer-archives.ts'
import type { Service } from '../../ports/service.ts'
import { agreedNotes, type Finding, type StoreFinding } from './prove/claims.ts'
import type { RepairedReplica } from './compare/replica-repair.ts'
import type { Pauses } from './pause/pauses.ts'
import { doubtAll } from './notes/doubts.ts'
import { confirmedNote, Readers } from './replication.ts'
import type { ReplicationSettings } from './settings.ts'
import type { StreamTroubleStatus } from './send/stream-trouble.ts'
import type { ReplicationStatus } from './status/status.ts'
import type { Comparison } from './compare/verify.ts'

export interface Replication extends Service {
  /** Of this moment; what the log has got lately may not be counted yet, and then nothing is called safe. */
  status(): ReplicationStatus
  /** Counts first, and looks at the tables in several turns of the event loop. */
  statusInTurns(): Promise<ReplicationStatus>
  /** Sets the gauges from the status as it is now. */
  measure(): Promise<void>
  readonly pauses: Pauses
  /**
   * Compares all replicas of a table, or repairs this region's; rejects with NotComparable when it cannot be done now.
   */
  compare(table: Table): Promise<Comparison>
  repair(table: Table): Promise<RepairedReplica>
  /** Tombstones up to this are of no more use to any region; undefined as long as that is not known. */
  horizon(table: Table): Stamp | undefined
  /** The same of a table's registers, which every region has, with a replica or without. */
  registerHorizon(table: TableId): RegisterHorizon | undefined
  /** Up to where the peer's log is applied here, paused tables too; undefined before anything is. */
  appliedOf(region: string): { readonly epoch: string; readonly position: Position } | undefined
  /** Whether the peer can be heard; false while the line to it is cut, and of a region that is no peer. */
  hears(region: string): boolean
  /** Asks a peer about what the log has no part in; rejects with PeerAway where it does not answer. */
  askAside(region: string, say: Aside, question: string): Promise<string>
  /** `topology.regions` has other regions than before: follows those that have come, lets go of those that have left. */
  topologyChanged(): void
  /** Why nothing is replicated and no write is taken; undefined as a rule. */
  readonly halted: string | undefined
  /** Why the region's own NATS server does not take what the peers are to get; undefined as a rule. */
  readonly stream: StreamTroubleStatus | undefined
  /** Peers that have not said since this process began whether the store is the latest: until then rows that they know to be deleted may be read. */
  readonly unverifiedBy: readonly string[]
  /** Resolves once the peers that can be reached have said whether the store is the latest, within a bounded time. */
  checked(): Promise<void>
}

/** It has to be started. */
export function replicationOf(
  env: Env,
  engine: Engine,
  topology: Topology,
  settings: ReplicationSettings = { logPositionsMax },
): Replication {
  return new RenewingReplication({ env, engine, topology, settings })
}

type Deps = {
  readonly env: Env
  readonly engine: Engine
  readonly topology: Topology
  readonly settings: ReplicationSettings
}

const foundNote = 'replication/found'
const againMs = 1000

class RenewingReplication implements Replication {
  readonly #deps: Deps
  #readers: Readers
  #renewing: Promise<void> | undefined
  #halted: StoreFinding | undefined
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#readers = this.#begin()
  }

  start(): void {
    this.#readers.start()
  }

  status(): ReplicationStatus {
    return this.#withFinding(this.#readers.status())
  }

  async statusInTurns(): Promise<ReplicationStatus> {
    return this.#withFinding(await this.#readers.statusInTurns())
  }

  #withFinding(status: ReplicationStatus): ReplicationStatus {
    const found = this.#halted ?? (this.#deps.engine.note(foundNote) as StoreFinding | undefined)
    const isWhole = this.#renewing === undefined && this.#halted === undefined && status.doubts.length === 0
    return { ...status, ...(found === undefined ? {} : { found }), safeToEvacuate: status.safeToEvacuate && isWhole }
  }

  measure(): Promise<void> {
    return this.#readers.measure()
  }

  get pauses(): Pauses {
    return this.#readers.pauses
  }

  compare(table: Table): Promise<Comparison> {
    return this.#readers.compare(table)
  }

  repair(table: Table): Promise<RepairedReplica> {
    return this.#readers.repair(table)
  }

  horizon(table: Table): Stamp | undefined {
    return this.#renewing === undefined && this.#halted === undefined
      ? this.#readers.horizons.ofTable(table)
      : undefined
  }

  registerHorizon(table: TableId): RegisterHorizon | undefined {
    return this.#renewing === undefined && this.#halted === undefined
      ? this.#readers.horizons.ofRegisters(table)
      : undefined
  }

  appliedOf(region: string): { readonly epoch: string; readonly position: Position } | undefined {
    const cursor = this.#deps.engine.cursor(region)
    return cursor && { epoch: cursor.epoch, position: this.#readers.reach(region, cursor.position) }
  }

  hears(region: string): boolean {
    return this.#readers.hears(region)
  }

  async askAside(region: string, say: Aside, question: string): Promise<string> {
    const questions = this.#readers.questionsTo(region)
    if (questions === undefined) throw new PeerAway(`${region} cannot be reached`)
    try {
      return await questions.aside(say, question)
    } catch (error) {
      throw new PeerAway(`${region} does not answer: ${(error as Error).message}`, { cause: error })
    }
  }

  topologyChanged(): void {
    this.#readers.topologyChanged()
  }

  get halted(): string | undefined {
    return this.#halted === undefined ? undefined : haltedText(this.#halted)
  }

  get stream(): StreamTroubleStatus | undefined {
    return this.#readers.publisher.trouble
  }

  get unverifiedBy(): readonly string[] {
    return this.#readers.unverifiedBy
  }

  async checked(): Promise<void> {
    if (this.#deps.engine.flushed() === 0) return
    const checked = this.#readers.examined().then(() => this.#renewing)
    await Promise.race([checked, this.#deps.env.clock.sleep(storeAgeCheckMsMax)])
  }

  /** Begins a new log, and puts every table that others have in doubt. Resolves when the new log has begun. */
  #renewOnce(finding: Finding): Promise<void> {
    this.#renewing ??= this.#renew(finding).finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#renewing
    await this.#readers.stop()
  }

  #begin(): Readers {
    return new Readers({ ...this.#deps, onFinding: (finding) => this.#found(finding) })
  }

  #found(finding: Finding): void {
    if (this.#stopped || this.#renewing !== undefined || this.#halted !== undefined) return
    if (finding.found === 'older') return void this.#renewOnce(finding).catch(() => undefined)
    this.#note(finding)
    this.#halted = { ...finding, atMs: this.#deps.env.clock.wallMs() }
    this.#deps.engine.lineage.refuseWrites(haltedText(finding))
    void this.#readers.stop()
  }

  #note({ found, reason }: Finding): void {
    const { log, meter } = this.#deps.env
    meter.count('longitude_store_found_total', { found })
    log.error(messages[found], { reason })
  }

  async #renew(finding: Finding): Promise<void> {
    const { engine, env } = this.#deps
    this.#note(finding)
    // The caller that has found it is in the middle of a turn.
    await env.clock.sleep(0)
    await this.#readers.stop()
    const { agreed } = this.#readers
    while (!this.#stopped) {
      try {
        const found: StoreFinding = { ...finding, atMs: env.clock.wallMs() }
        const notes = [[foundNote, found], [confirmedNote, undefined], ...agreedNotes, doubtAll(engine)] as const
        await engine.lineage.renew({ notes, after: engine.lineage.partedAfter(agreed) })
        break
      } catch (error) {
        // A disk that takes no writes.
        env.log.warn('the new log waits', { error: String(error) })
        await env.clock.sleep(againMs)
      }
    }
    if (this.#stopped) return
    this.#readers = this.#begin()
    this.#readers.start()
    env.log.warn('a new log has begun', { epoch: engine.epoch, oldest: engine.oldest(), flushed: engine.flushed() })
  }
}

function haltedText({ found, reason }: Finding): string {
  return `${messages[found]} (${reason})`
}

const messages: Readonly<Record<Finding['found'], string>> = {
  older: 'the store is an older copy: its tables are filled again from the peers',
  foreign: 'the store is another deployment’s: nothing is replicated; put the right store back',
  twice: 'a copy of this store runs in another process: stop the one that is not to run, then start the other again',
}
