/**
 * Which own changes each peer still lacks, by table, counted as they are made and as they are confirmed: so pending counts are
 * exact, and the age of the oldest is known while the link is cut. A peer that has a table paused confirms its place in the
 * log and, apart, where it stands with that table.
 *
 * Only for a peer that comes with nothing is the log read again (recall.ts): part by part, since the log may hold millions of
 * positions. The counts of that peer are known once it has been read.
 */
import type { Change, Position } from '../../../core/change/change.ts'
import { readStamp, type Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../../core/table/table.ts'
import { latencySamplesAtOnceMax } from '../../../core/limits/limits.ts'
import { DamagedRecord } from '../../../engine/store/damaged-record.ts'
import type { Engine } from '../../../engine/engine.ts'
import { Latencies, type Latency } from './latencies.ts'
import { nextPart } from './own-changes.ts'
import { type Entry, firstBeyond, Recall } from './recall.ts'

type LedgerEngine = Pick<
  Engine,
  'epoch' | 'flushed' | 'oldest' | 'region' | 'registers' | 'tableWithId' | 'visitOwnLog'
>

/** The changes of one table that some peer lacks, in the log's order. */
type Queue = { entries: readonly Entry[]; /** Entries that all peers have and that are forgotten. */ dropped: number }

/** What a peer lacks of one table. */
type TablePlace = {
  /** The first entry that it lacks, counted from the beginning of the queue's time. */
  next: number
  /** Entries that it lacks and that the log no longer holds: counted until the peer has the state instead. */
  lost: Lost | undefined
}

/** `from` is what the peer had confirmed when the log let go of the first of them. */
type Lost = { count: number; readonly from: Position; upTo: Position; oldestMs: number }

type PeerPlace = {
  confirmed: Position
  /** All that it lacks beyond this is counted: what the log had let go of before it was counted is not known. */
  countedFrom: Position
  /** Tables of which the peer has less than that. */
  paused: ReadonlyMap<TableId, Position>
  readonly tables: Map<TableId, TablePlace>
  /** Those of `tables` with something pending. */
  readonly lacking: Set<TableId>
  readonly latencies: Map<TableId, Latencies>
}

const nonePaused: ReadonlyMap<TableId, Position> = new Map()
const droppedAtOnce = 4096
/** Fewer would be copied too often. */
const droppedPart = 8

export class Ledger {
  readonly #engine: LedgerEngine
  /** Changes up to here were made before this process: when they arrive says nothing of how long the way takes. */
  readonly #before: Position
  readonly #queues = new Map<TableId, Queue>()
  #upTo: Position
  readonly #peers = new Map<string, PeerPlace>()
  #recall: Recall | undefined
  /** Peers whose counts are not known before the recall has ended. */
  readonly #recalling = new Set<string>()

  /** `confirmed` is what each peer is known to have; counting starts at the least of them. */
  constructor(engine: LedgerEngine, confirmed: ReadonlyMap<string, Position>) {
    this.#engine = engine
    this.#before = engine.flushed()
    const least = Math.min(engine.flushed(), ...confirmed.values())
    this.#upTo = Math.max(least, engine.oldest() - 1)
    for (const [peer, position] of confirmed) this.#peers.set(peer, newPlace(position, this.#upTo))
  }

  /** A peer that has nothing yet: everything that the log holds is counted, also what all others have and was forgotten. */
  add(peer: string): void {
    this.#recallUpTo(Math.min(this.leastConfirmed(), this.#upTo))
    if (this.#recall !== undefined) this.#recalling.add(peer)
    const place = newPlace(0, this.#engine.oldest() - 1)
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
    this.#recalling.delete(peer)
    if (this.#recalling.size === 0) this.#recall = undefined
    for (const table of this.#queues.keys()) this.#forget(table)
  }

  get upTo(): Position {
    return this.#upTo
  }

  /** What was made before this process is counted. */
  get hasReadBefore(): boolean {
    return this.#upTo >= this.#before
  }

  /** Everything that the peer lacks is counted. */
  isCounted(peer: string): boolean {
    return this.#upTo >= this.#engine.flushed() && !this.#recalling.has(peer)
  }

  /** Entries of its lists, by table and by peer: what comes back to nothing when tables and peers go. */
  get size(): number {
    const places = [...this.#peers.values()].map(({ tables, latencies }) => tables.size + latencies.size)
    return this.#queues.size + places.reduce((sum, size) => sum + size, 0)
  }

  /** Forgets the figures of tables that are gone. */
  forgetTables(isHere: (table: TableId) => boolean): void {
    for (const { latencies } of this.#peers.values())
      for (const table of latencies.keys()) if (!isHere(table)) latencies.delete(table)
  }

  /** From where on what the peer lacks is counted; undefined before it is. */
  countedFrom(peer: string): Position | undefined {
    const place = this.#peers.get(peer)
    if (place === undefined || this.#recalling.has(peer)) return undefined
    return Math.max(place.confirmed, place.countedFrom)
  }

  confirmed(peer: string): Position {
    return this.#peers.get(peer)?.confirmed ?? 0
  }

  /** Up to where the peer has everything, paused tables too: it may ask for what is beyond. */
  needed(peer: string): Position {
    const place = this.#peers.get(peer)
    return place === undefined ? 0 : Math.min(place.confirmed, ...place.paused.values())
  }

  leastConfirmed(): Position {
    return Math.min(this.#engine.flushed(), ...[...this.#peers.values()].map((place) => place.confirmed))
  }

  peers(): readonly string[] {
    return [...this.#peers.keys()]
  }

  /** Tables of which the peer lacks something. */
  lacking(peer: string): readonly TableId[] {
    return [...(this.#peers.get(peer)?.lacking ?? [])]
  }

  /** Some of what the log has let go of lies before `countedFrom`, or the peer has confirmed a part of it since: how many is not known. */
  isAtMost(peer: string): boolean {
    const place = this.#peers.get(peer)
    if (place === undefined) return false
    return [...place.lacking].some((id) => {
      const { lost, next = 0 } = place.tables.get(id) ?? {}
      const queue = this.#queues.get(id)
      const first = queue?.entries[next - queue.dropped]?.position ?? Infinity
      return (lost?.from ?? Infinity) < Math.max(reachOf(place, id), place.countedFrom) || first <= place.countedFrom
    })
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

  /** Reads one part of the log by itself, where the publisher has not been, or for a recall. True when there is more. */
  readOn(): boolean {
    if (this.#upTo < this.#engine.oldest() - 1) this.#passOver(this.#engine.oldest() - 1)
    try {
      const { leaving, upTo } = nextPart(this.#engine, this.#upTo)
      if (upTo === this.#upTo) return this.#recallOn()
      this.observe(this.#upTo, upTo, leaving)
      return this.#upTo < this.#engine.flushed() || this.#recall !== undefined
    } catch (error) {
      // The log cannot be read on: its store is about to be replaced.
      if (error instanceof DamagedRecord) return false
      throw error
    }
  }

  /** The log has let go of what was not counted yet. */
  #passOver(upTo: Position): void {
    this.#upTo = upTo
    for (const place of this.#peers.values()) place.countedFrom = upTo
  }

  /** `appliedMs`: when the peer applied the last of it, by this region's clock. */
  confirm(
    peer: string,
    position: Position,
    more: { readonly paused?: ReadonlyMap<TableId, Position>; readonly appliedMs?: number } = {},
  ): void {
    const place = this.#peers.get(peer)
    const { paused = nonePaused, appliedMs } = more
    if (place === undefined || position < place.confirmed) return
    if (position === place.confirmed && paused.size === 0 && place.paused.size === 0) return
    place.confirmed = position
    place.paused = paused
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
        at.next = Math.max(from, queue.dropped + firstBeyond(queue.entries, upTo))
        const count = (at.lost?.count ?? 0) + at.next - from
        if (count > 0) at.lost = { count, from: at.lost?.from ?? reachOf(place, table), upTo, oldestMs }
        this.#forget(table)
      }
  }

  /** The log is read again up to there: what was forgotten because all had it is in no queue. From its start if it is being read. */
  #recallUpTo(position: Position): void {
    const upTo = Math.max(position, this.#recall?.upTo ?? 0)
    if (upTo >= this.#engine.oldest()) this.#recall = new Recall(this.#engine, upTo)
  }

  /** One step. True when there is more. */
  #recallOn(): boolean {
    const recall = this.#recall
    if (recall === undefined) return false
    if (recall.readOn()) return true
    const next = recall.take()
    if (next !== undefined) {
      this.#prepend(...next)
      return true
    }
    this.#recall = undefined
    for (const peer of this.#recalling) {
      const place = this.#peers.get(peer)
      if (place !== undefined) place.countedFrom = Math.max(place.countedFrom, recall.wholeFrom)
    }
    this.#recalling.clear()
    // Of what was read, the log may have let go of some meanwhile.
    this.trimmed(this.#engine.oldest() - 1)
    return false
  }

  /** Puts what was forgotten of a table, and some peer lacks, before the queue. */
  #prepend(table: TableId, found: readonly Entry[]): void {
    const queue = this.#queues.get(table) ?? { entries: [], dropped: 0 }
    const places = [...this.#recalling].flatMap((peer) => this.#peers.get(peer) ?? [])
    const from = firstBeyond(found, Math.min(...places.map((place) => reachOf(place, table))))
    const older = found.slice(from, firstBeyond(found, (queue.entries[0]?.position ?? Infinity) - 1))
    if (older.length === 0) return
    queue.entries = [...older, ...queue.entries]
    queue.dropped -= older.length
    this.#queues.set(table, queue)
    for (const place of places) setBack(place, table, queue, older)
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
    ;(queue.entries as Entry[]).push({ position, stamp: readStamp(change.row, 1) })
    for (const place of this.#peers.values())
      if (position <= reachOf(place, table)) this.#advance(place, table, reachOf(place, table), undefined)
  }

  #advance(place: PeerPlace, table: TableId, reach: Position, appliedMs: number | undefined): void {
    const queue = this.#queues.get(table) as Queue
    const at = place.tables.get(table) as TablePlace
    const next = Math.max(at.next, queue.dropped + firstBeyond(queue.entries, reach))
    if (appliedMs !== undefined) this.#measure(place, table, { from: at.next, next, appliedMs })
    at.next = next
    if (at.lost !== undefined && at.lost.upTo <= reach) at.lost = undefined
    if (at.lost === undefined && at.next === queue.dropped + queue.entries.length) place.lacking.delete(table)
    this.#forget(table)
  }

  /** How long each of them took; of very many confirmed together the last ones only. */
  #measure(place: PeerPlace, table: TableId, of: { from: number; next: number; appliedMs: number }): void {
    const { entries, dropped } = this.#queues.get(table) as Queue
    for (let at = Math.max(of.from, of.next - latencySamplesAtOnceMax); at < of.next; at++) {
      const entry = entries[at - dropped]
      if (entry !== undefined && entry.position > this.#before)
        latenciesOf(place, table).add(of.appliedMs, Math.max(0, of.appliedMs - entry.stamp.wallMs))
    }
  }

  #forget(table: TableId): void {
    const queue = this.#queues.get(table)
    if (queue === undefined) return
    const places = [...this.#peers.values()].map(({ tables }) => tables.get(table))
    const end = queue.dropped + queue.entries.length
    const least = Math.min(end, ...places.map((place) => place?.next ?? end))
    if (least === end) return this.#forgetQueue(table, queue, places)
    if (least - queue.dropped < Math.max(droppedAtOnce, queue.entries.length / droppedPart)) return
    queue.entries = queue.entries.slice(least - queue.dropped)
    queue.dropped = least
  }

  /** All have everything: nothing is kept of the table, unless a peer waits for what the log has lost. */
  #forgetQueue(table: TableId, queue: Queue, places: readonly (TablePlace | undefined)[]): void {
    if (places.some((place) => place?.lost !== undefined)) {
      queue.dropped += queue.entries.length
      queue.entries = []
      return
    }
    this.#queues.delete(table)
    for (const { tables } of this.#peers.values()) tables.delete(table)
  }
}

/** A peer whose counts were not known lacks of the older entries those beyond its reach. */
function setBack(place: PeerPlace, table: TableId, { dropped }: Queue, older: readonly Entry[]): void {
  const lacked = firstBeyond(older, reachOf(place, table))
  const known = place.tables.get(table)
  const first = older[lacked]
  if (known?.lost !== undefined && first !== undefined) {
    known.lost.count += older.length - lacked
    known.lost.oldestMs = Math.min(known.lost.oldestMs, first.stamp.wallMs)
  } else if (known === undefined || first !== undefined)
    place.tables.set(table, { next: dropped + lacked, lost: undefined })
  if (first !== undefined) place.lacking.add(table)
}

function newPlace(confirmed: Position, countedFrom: Position): PeerPlace {
  return { confirmed, countedFrom, paused: nonePaused, tables: new Map(), lacking: new Set(), latencies: new Map() }
}

function reachOf(place: PeerPlace, table: TableId): Position {
  return Math.min(place.confirmed, place.paused.get(table) ?? Infinity)
}

function latenciesOf(place: PeerPlace, table: TableId): Latencies {
  const known = place.latencies.get(table) ?? new Latencies()
  place.latencies.set(table, known)
  return known
}
