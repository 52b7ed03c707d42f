/**
 * Where the peers stand in this region's log, table by table, as their confirmations say it: known at the source, so it is
 * true, and grows, while a link is cut. What leaves this region is told here only, to people and to machines alike.
 */
import type { Position } from '../../../core/change/change.ts'
import type { Confirmation, PausedPosition } from '../../../core/change/control.ts'
import type { ClockState } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { counterMax, type Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import { statusTablesAtOnceMax, voicesOverlapMsMin } from '../../../core/limits/limits.ts'
import type { Table } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Claims } from '../prove/claims.ts'
import type { PeerState } from '../talk/peer-state.ts'
import { silenceMsMaxOf } from '../talk/silence.ts'
import type { Ledger } from './ledger.ts'
import { Voices } from '../prove/voices.ts'
import type { Latency } from './latencies.ts'

export type OutboundState = 'live' | 'idle' | 'cut' | 'unknown'

/** Of this region's writes to one table, on their way to one peer. */
export type TableStatus = {
  readonly table: string
  /** Changes that the peer has not applied, exactly. */
  readonly pending: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagMs: number
  /** Everything written here with a stamp up to this is applied there; absent where that is not known. */
  readonly watermark?: ClockState
  /** As AWS defines it: from the write here until it appears there; over the last minute, absent when nothing came. */
  readonly replicationLatency?: Latency
  readonly pausedUntilMs?: number
  /** The peer has everything that this region has acknowledged of the table. */
  readonly safeToEvacuate: boolean
}

export type OutboundStatus = {
  /**
   * Of the way to the peer, as its confirmations show it: 'cut' when they have stopped, 'unknown' before the first, and while the
   * last one names less than one before: what the peer has lost is not counted as pending.
   */
  readonly outbound: OutboundState
  /** What the peer has confirmed of this region's log. */
  readonly confirmed: Position
  /** Own changes that concern the peer and that it has not applied, exactly. */
  readonly pending: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagMs: number
  /** The peer has everything that this region has acknowledged, of all tables that both have. */
  readonly safeToEvacuate: boolean
  /** The whole link, by the peer. */
  readonly pausedUntilMs?: number
  readonly tables: readonly TableStatus[]
}

type Deps = {
  readonly engine: Engine
  readonly clock: Clock
  readonly ledger: Ledger
  readonly claims: Claims
}

type Heard = {
  readonly atMs: number
  /** Of the peer's disk: what another one had confirmed is worth nothing. */
  readonly epoch: string | undefined
  /** The process that confirmed. */
  readonly start: string | undefined
  readonly pausedUntilMs: number
  readonly paused: readonly PausedPosition[]
  /** It has confirmed more before: its store is an older copy. What it lacks beyond its place is not all counted. */
  readonly hasGoneBack: boolean
  /** It may lack changes from before this log. */
  readonly hasPendingMerges: boolean
}

/** What the peer had confirmed before the process `start` began to confirm for it: that may speak for a copy of the peer's store. */
type Kept = { readonly start: string; readonly position: Position; readonly untilMs: number }

export class Outbound {
  readonly voices: Voices
  readonly ledger: Ledger
  readonly #deps: Deps
  readonly #heard = new Map<string, Heard>()
  readonly #kept = new Map<string, Kept>()

  constructor(deps: Deps) {
    this.#deps = deps
    this.voices = new Voices(deps)
    this.ledger = deps.ledger
  }

  confirmed(confirmation: Confirmation, peerState: PeerState | undefined): void {
    const { clock, engine, ledger, claims } = this.#deps
    const {
      region,
      epoch,
      position,
      start,
      pausedUntilMs = 0,
      parked: paused = [],
      owes: hasPendingMerges = false,
    } = confirmation
    const isOfThisLog = epoch === engine.epoch
    const isPossible = isOfThisLog && claims.holds(region, confirmation)
    const counts = this.voices.heard(region, start, isPossible ? { position } : {})
    if (!isOfThisLog || !counts) return
    if (!isPossible) return void this.#heard.delete(region)
    this.#keepFor(region, start)
    const hasGoneBack = position < ledger.confirmed(region)
    const by = { epoch: peerState?.last?.epoch, start }
    this.#heard.set(region, { atMs: clock.monotonicMs(), ...by, pausedUntilMs, paused, hasGoneBack, hasPendingMerges })
    const appliedMs = appliedMsOf(confirmation, peerState?.nearestSkewMs, clock.wallMs())
    ledger.confirm(region, position, {
      paused: new Map(paused.map(({ table, position: at }) => [table, at])),
      appliedMs,
    })
  }

  /** The log may go up to there: no copy of the peer's store has confirmed it in its place. */
  needed(peer: string): Position {
    const { clock, ledger } = this.#deps
    const kept = this.#kept.get(peer)
    const isKept = kept !== undefined && clock.monotonicMs() < kept.untilMs
    return Math.min(ledger.needed(peer), isKept ? kept.position : Infinity)
  }

  #keepFor(peer: string, start: string | undefined): void {
    const last = this.#kept.get(peer)
    if (start === undefined || last?.start === start) return
    const untilMs = last === undefined ? 0 : this.#deps.clock.monotonicMs() + voicesOverlapMsMin
    this.#kept.set(peer, { start, position: this.needed(peer), untilMs })
  }

  /** A region that has left. */
  forget(peer: string): void {
    this.#heard.delete(peer)
    this.#kept.delete(peer)
    this.voices.forget(peer)
  }

  statusOf(peer: string, peerState: PeerState): OutboundStatus {
    return this.#statusWith(
      peer,
      peerState,
      this.#tablesOf(peer).map((table) => this.#tableOf(peer, table, peerState)),
    )
  }

  /** The same, with the tables looked at in several turns; what is said of all of them together is of the last turn. */
  async statusInTurns(peer: string, peerState: PeerState): Promise<OutboundStatus> {
    const tables: TableStatus[] = []
    for (const table of this.#tablesOf(peer)) {
      if (tables.length % statusTablesAtOnceMax === statusTablesAtOnceMax - 1) await this.#deps.clock.sleep(0)
      tables.push(this.#tableOf(peer, table, peerState))
    }
    return this.#statusWith(peer, peerState, tables)
  }

  #tablesOf(peer: string): readonly Table[] {
    return this.#deps.engine.tables().filter((table) => replicaStatus(table, peer) !== undefined)
  }

  #statusWith(peer: string, peerState: PeerState, tables: readonly TableStatus[]): OutboundStatus {
    const { engine, ledger, clock } = this.#deps
    const nowMs = clock.wallMs()
    const concerning = ledger.lacking(peer).filter((id) => {
      const table = engine.tableWithId(id)
      return table === undefined || replicaStatus(table, peer) !== undefined
    })
    const pending = concerning.reduce((sum, table) => sum + ledger.pendingOf(peer, table), 0)
    const outbound = this.#stateOf(peer, peerState, pending)
    const paused = this.#heard.get(peer)?.pausedUntilMs ?? 0
    return {
      outbound,
      confirmed: ledger.confirmed(peer),
      pending,
      lagMs: Math.max(0, ...concerning.map((table) => ledger.lagOf(peer, table, nowMs))),
      // Of any table: the peer may have got a replica of which this region has not heard yet.
      safeToEvacuate:
        ledger.lacking(peer).length === 0 &&
        this.#isAgreed(peer, peerState, outbound) &&
        this.#tablesOf(peer).every((table) => isComplete(replicaStatus(table, peer))),
      ...(paused > nowMs ? { pausedUntilMs: paused } : {}),
      tables,
    }
  }

  #tableOf(peer: string, table: Table, peerState: PeerState): TableStatus {
    const { ledger, clock } = this.#deps
    const nowMs = clock.wallMs()
    const pending = ledger.pendingOf(peer, table.id)
    const outbound = this.#stateOf(peer, peerState, pending)
    const latency = ledger.latencyOf(peer, table.id, nowMs)
    const paused = this.#heard.get(peer)?.paused.find((each) => each.table === table.id)
    const complete = isComplete(replicaStatus(table, peer))
    const watermark = complete ? this.#watermarkOf(peer, table, outbound) : undefined
    return {
      table: table.name,
      pending,
      lagMs: ledger.lagOf(peer, table.id, nowMs),
      ...(watermark === undefined ? {} : { watermark }),
      ...(latency === undefined ? {} : { replicationLatency: latency }),
      ...(paused !== undefined && paused.untilMs > nowMs ? { pausedUntilMs: paused.untilMs } : {}),
      safeToEvacuate: complete && pending === 0 && this.#isAgreed(peer, peerState, outbound),
    }
  }

  /** What was written here to the table up to this is applied there; undefined where that is not known. */
  #watermarkOf(peer: string, table: Table, outbound: OutboundState): ClockState | undefined {
    const { engine, ledger } = this.#deps
    if (!this.#isKnown(peer, outbound)) return undefined
    if (ledger.pendingOf(peer, table.id) === 0) return engine.clock()
    const oldest = ledger.oldestOf(peer, table.id)
    return oldest === undefined || ledger.hasLost(peer, table.id) ? undefined : before(oldest)
  }

  /** Everything is counted, and the peer has confirmed since this process and that disk of the peer's are there, no less than before. */
  #isKnown(peer: string, outbound: OutboundState): boolean {
    return outbound !== 'unknown' && this.#deps.ledger.isCounted(peer)
  }

  /** Both ends say the same of what the peer has: nothing of it is behind the log or in a former one. */
  #isAgreed(peer: string, peerState: PeerState, outbound: OutboundState): boolean {
    const { engine, ledger } = this.#deps
    const heard = this.#heard.get(peer)
    if (!this.#isKnown(peer, outbound) || heard?.hasPendingMerges !== false) return false
    return peerState.last?.doubts !== true && ledger.confirmed(peer) >= engine.oldest() - 1
  }

  #stateOf(peer: string, peerState: PeerState, pending: number): OutboundState {
    const heard = this.#heard.get(peer)
    const epoch = peerState.last?.epoch
    if (heard === undefined || heard.hasGoneBack) return 'unknown'
    if (differ(heard.epoch, epoch) || differ(heard.start, peerState.last?.start)) return 'unknown'
    if (this.#deps.clock.monotonicMs() - heard.atMs > silenceMsMaxOf(peerState.pace)) return 'cut'
    return pending > 0 ? 'live' : 'idle'
  }
}

/** Both are known, and not the same. */
function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

function replicaStatus(table: Table, region: string): string | undefined {
  return table.replicas.find((replica) => replica.region === region)?.status
}

function isComplete(status: string | undefined): boolean {
  return status === 'ACTIVE' || status === 'UPDATING'
}

function before({ wallMs, counter }: Stamp): ClockState {
  return counter > 0 ? { wallMs, counter: counter - 1 } : { wallMs: wallMs - 1, counter: counterMax }
}

/** When a peer applied what it confirms, by the hearer's clock: each has seen the other's clock, less the way between them. */
export function appliedMsOf({ applied }: Confirmation, skewMs: number | undefined, nowMs: number): number {
  if (applied === undefined || skewMs === undefined) return nowMs
  return Math.min(nowMs, applied.wallMs - (skewMs - applied.skewMs) / 2)
}
