/**
 * Which own changes each peer still lacks, by table, counted as they are made and as they are confirmed, never by going
 * through the log again: so pending counts are exact, and the age of the oldest is known while the link is cut. A peer that
 * has a table paused confirms its place in the log and, apart, where it stands with that table.
 */
import type { Change, Position } from '../../core/change/change.ts'
import { readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import { Latencies, type Latency } from './latencies.ts'
import { nextPart } from './own-changes.ts'

type Entry = { readonly position: Position; readonly stamp: Stamp }

/** The changes of one table that some peer lacks, in the log's order. */
type Queue = { entries: Entry[]; /** Entries that all peers have and that are forgotten. */ dropped: number }

/** What a peer lacks of one table. */
type TablePlace = {
  /** The first entry that it lacks, counted from the beginning of the queue's time. */
  next: number
  /** Entries that it lacks and that the log no longer holds: counted until the peer has the state instead. */
  lost: { count: number; upTo: Position; oldestMs: number } | undefined
}

type PeerPlace = {
  confirmed: Position
  /** Tables of which the peer has less than that. */
  parked: ReadonlyMap<TableId, Position>
  readonly tables: Map<TableId, TablePlace>
  /** Those of `tables` with something pending. */
  readonly lacking: Set<TableId>
  readonly latencies: Map<TableId, Latencies>
}

const noneParked: ReadonlyMap<TableId, Position> = new Map()
const droppedAtOnce = 4096

export class Ledger {
  readonly #engine: Engine
  /** Changes up to here were made before this process: when they arrive says nothing of how long the way takes. */
  readonly #before: Position
  readonly #queues = new Map<TableId, Queue>()
  #upTo: Position
  readonly #peers = new Map<string, PeerPlace>()

  /** `confirmed` is what each peer is known to have; counting starts at the least of them. */
  constructor(engine: Engine, confirmed: ReadonlyMap<string, Position>) {
    this.#engine = engine
    this.#before = engine.flushed()
    const least = Math.min(engine.flushed(), ...confirmed.values())
    this.#upTo = Math.max(least, engine.oldest() - 1)
    for (const [peer, position] of confirmed) this.#peers.set(peer, newPlace(position))
  }

  /** A peer that has nothing yet: everything that the log holds is counted, also what all others have and was forgotten. */
  add(peer: string): void {
    this.#recall(Math.min(this.leastConfirmed(), this.#upTo))
    const place = newPlace(0)
    for (const [table, { entries, dropped }] of this.#queues) {
      place.tables.set(table, { next: dropped, lost: undefined })
      if (entries.length > 0) place.lacking.add(table)
    }
    this.#peers.set(peer, place)
  }

  /** The peer has lost what it had. */
  reset(peer: string): void {
    this.add(peer)
  }

  remove(peer: string): void {
    this.#peers.delete(peer)
    for (const table of this.#queues.keys()) this.#forget(table)
  }

  get upTo(): Position {
    return this.#upTo
  }

  confirmed(peer: string): Position {
    return this.#peers.get(peer)?.confirmed ?? 0
  }

  /** Up to where the peer has everything, parked tables too: it may ask for what is beyond. */
  needed(peer: string): Position {
    const place = this.#peers.get(peer)
    return place === undefined ? 0 : Math.min(place.confirmed, ...place.parked.values())
  }

  leastConfirmed(): Position {
    return Math.min(this.#engine.flushed(), ...[...this.#peers.values()].map((place) => place.confirmed))
  }

  leastNeeded(): Position {
    return Math.min(this.#engine.flushed(), ...[...this.#peers.keys()].map((peer) => this.needed(peer)))
  }

  /** Tables of which the peer lacks something. */
  lacking(peer: string): readonly TableId[] {
    return [...(this.#peers.get(peer)?.lacking ?? [])]
  }

  hasLost(peer: string, table: TableId): boolean {
    return this.#peers.get(peer)?.tables.get(table)?.lost !== undefined
  }

  pending(peer: string): number {
    let sum = 0
    for (const table of this.#peers.get(peer)?.lacking ?? []) sum += this.pendingOf(peer, table)
    return sum
  }

  pendingOf(peer: string, table: TableId): number {
    const place = this.#peers.get(peer)?.tables.get(table)
    const queue = this.#queues.get(table)
    if (place === undefined || queue === undefined) return 0
    return (place.lost?.count ?? 0) + queue.dropped + queue.entries.length - place.next
  }

  /** Age of the oldest own change that the peer has not confirmed; 0 when there is none. */
  lagMs(peer: string, nowMs: number): number {
    let lag = 0
    for (const table of this.#peers.get(peer)?.lacking ?? []) lag = Math.max(lag, this.lagOf(peer, table, nowMs))
    return lag
  }

  lagOf(peer: string, table: TableId, nowMs: number): number {
    const place = this.#peers.get(peer)?.tables.get(table)
    const oldestMs = place?.lost?.oldestMs ?? this.oldestOf(peer, table)?.wallMs
    return oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs)
  }

  /** The stamp of the oldest change that the peer lacks and the log still holds. */
  oldestOf(peer: string, table: TableId): Stamp | undefined {
    const place = this.#peers.get(peer)?.tables.get(table)
    const queue = this.#queues.get(table)
    return place === undefined || queue === undefined ? undefined : queue.entries[place.next - queue.dropped]?.stamp
  }

  latencyOf(peer: string, table: TableId, nowMs: number): Latency | undefined {
    return this.#peers.get(peer)?.latencies.get(table)?.lastMinute(nowMs)
  }

  /** Notes what the log holds in (after, upTo], as its reader has found it. What is known already is passed over. */
  observe(after: Position, upTo: Position, leaving: readonly Change[]): void {
    if (after > this.#upTo || upTo <= this.#upTo) return
    for (const change of leaving) if (change.position > this.#upTo) this.#add(change)
    this.#upTo = upTo
  }

  /** Reads on in the log by itself, where the publisher has not been. True when there is more. */
  readOn(): boolean {
    if (this.#upTo < this.#engine.oldest() - 1) this.#upTo = this.#engine.oldest() - 1
    const { leaving, upTo } = nextPart(this.#engine, this.#upTo)
    if (upTo === this.#upTo) return false
    this.observe(this.#upTo, upTo, leaving)
    return this.#upTo < this.#engine.flushed()
  }

  /** `appliedMs`: when the peer applied the last of it, by this region's clock. */
  confirm(
    peer: string,
    position: Position,
    more: { readonly parked?: ReadonlyMap<TableId, Position>; readonly appliedMs?: number } = {},
  ): void {
    const place = this.#peers.get(peer)
    const { parked = noneParked, appliedMs } = more
    if (place === undefined || position < place.confirmed) return
    if (position === place.confirmed && parked.size === 0 && place.parked.size === 0) return
    place.confirmed = position
    place.parked = parked
    for (const table of place.lacking) this.#advance(place, table, reachOf(place, table), appliedMs)
  }

  /** The log was trimmed up to `upTo`, past what some peers have confirmed. */
  trimmed(upTo: Position): void {
    for (const place of this.#peers.values())
      for (const table of place.lacking) {
        if (reachOf(place, table) >= upTo) continue
        const queue = this.#queues.get(table) as Queue
        const at = place.tables.get(table) as TablePlace
        const oldestMs = at.lost?.oldestMs ?? queue.entries[at.next - queue.dropped]?.stamp.wallMs ?? 0
        const from = at.next
        while ((queue.entries[at.next - queue.dropped]?.position ?? Infinity) <= upTo) at.next++
        const count = (at.lost?.count ?? 0) + at.next - from
        if (count > 0) at.lost = { count, upTo, oldestMs }
        this.#forget(table)
      }
  }

  /** Reads in the log again what was forgotten because all had it: nothing beyond `upTo`. */
  #recall(upTo: Position): void {
    const found = new Map<TableId, Entry[]>()
    for (let after = this.#engine.oldest() - 1; after < upTo;) {
      const part = nextPart(this.#engine, after)
      if (part.upTo === after) break
      after = part.upTo
      for (const { position, table, row } of part.leaving) {
        if (position > upTo || position >= (this.#queues.get(table)?.entries[0]?.position ?? Infinity)) continue
        const entries = found.get(table) ?? []
        found.set(table, entries)
        entries.push({ position, stamp: readStamp(row, 1) })
      }
    }
    for (const [table, entries] of found) {
      const queue = this.#queues.get(table) ?? { entries: [], dropped: 0 }
      this.#queues.set(table, { entries: [...entries, ...queue.entries], dropped: queue.dropped - entries.length })
    }
  }

  #add(change: Change): void {
    if (this.#peers.size === 0) return
    const { position, table } = change
    const queue = this.#queues.get(table) ?? { entries: [], dropped: 0 }
    this.#queues.set(table, queue)
    for (const place of this.#peers.values()) {
      if (!place.tables.has(table))
        place.tables.set(table, { next: queue.dropped + queue.entries.length, lost: undefined })
      place.lacking.add(table)
    }
    queue.entries.push({ position, stamp: readStamp(change.row, 1) })
    for (const place of this.#peers.values())
      if (position <= reachOf(place, table)) this.#advance(place, table, reachOf(place, table), undefined)
  }

  #advance(place: PeerPlace, table: TableId, reach: Position, appliedMs: number | undefined): void {
    const queue = this.#queues.get(table) as Queue
    const at = place.tables.get(table) as TablePlace
    for (;;) {
      const entry = queue.entries[at.next - queue.dropped]
      if (entry === undefined || entry.position > reach) break
      if (appliedMs !== undefined && entry.position > this.#before)
        latenciesOf(place, table).add(appliedMs, Math.max(0, appliedMs - entry.stamp.wallMs))
      at.next++
    }
    if (at.lost !== undefined && at.lost.upTo <= reach) at.lost = undefined
    if (at.lost === undefined && at.next === queue.dropped + queue.entries.length) place.lacking.delete(table)
    this.#forget(table)
  }

  #forget(table: TableId): void {
    const queue = this.#queues.get(table) as Queue
    const end = queue.dropped + queue.entries.length
    const least = Math.min(end, ...[...this.#peers.values()].map((place) => place.tables.get(table)?.next ?? end))
    if (least < end && least - queue.dropped < droppedAtOnce) return
    queue.entries = queue.entries.slice(least - queue.dropped)
    queue.dropped = least
  }
}

function newPlace(confirmed: Position): PeerPlace {
  return { confirmed, parked: noneParked, tables: new Map(), lacking: new Set(), latencies: new Map() }
}

function reachOf(place: PeerPlace, table: TableId): Position {
  return Math.min(place.confirmed, place.parked.get(table) ?? Infinity)
}

function latenciesOf(place: PeerPlace, table: TableId): Latencies {
  const known = place.latencies.get(table) ?? new Latencies()
  place.latencies.set(table, known)
  return known
}
