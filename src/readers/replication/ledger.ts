/**
 * Which own changes each peer still lacks, counted as they are made and as they are confirmed, never by going through the
 * log again: so pending counts are exact, by table too, and the age of the oldest is known while the link is cut.
 */
import type { Change, Position } from '../../core/change/change.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { logReadChangesMax, messageTargetBytes } from '../../core/limits.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import { leaves } from './own-changes.ts'

type Entry = { readonly position: Position; readonly table: TableId; readonly wallMs: number }

type PeerPlace = {
  confirmed: Position
  /** The first entry that is not confirmed, counted from the beginning of time. */
  next: number
  readonly byTable: Map<TableId, number>
  /** Unconfirmed entries that the log no longer holds: counted until the peer has the state instead. */
  lost: { count: number; upTo: Position; oldestMs: number } | undefined
}

const droppedAtOnce = 4096

export class Ledger {
  readonly #engine: Engine
  #entries: Entry[] = []
  /** Entries that all peers have confirmed and that are forgotten. */
  #dropped = 0
  #upTo: Position
  readonly #peers = new Map<string, PeerPlace>()

  /** `confirmed` is what each peer is known to have; counting starts at the least of them. */
  constructor(engine: Engine, confirmed: ReadonlyMap<string, Position>) {
    this.#engine = engine
    const least = Math.min(engine.flushed(), ...confirmed.values())
    this.#upTo = Math.max(least, engine.oldest() - 1)
    for (const [peer, position] of confirmed)
      this.#peers.set(peer, { confirmed: position, next: 0, byTable: new Map(), lost: undefined })
  }

  get upTo(): Position {
    return this.#upTo
  }

  confirmed(peer: string): Position {
    return this.#peers.get(peer)?.confirmed ?? 0
  }

  leastConfirmed(): Position {
    return Math.min(this.#engine.flushed(), ...[...this.#peers.values()].map((place) => place.confirmed))
  }

  pending(peer: string): number {
    const place = this.#peers.get(peer)
    if (place === undefined) return 0
    return (place.lost?.count ?? 0) + this.#dropped + this.#entries.length - place.next
  }

  pendingOf(peer: string, table: TableId): number {
    return this.#peers.get(peer)?.byTable.get(table) ?? 0
  }

  /** Age of the oldest own change that the peer has not confirmed; 0 when there is none. */
  lagMs(peer: string, nowMs: number): number {
    const place = this.#peers.get(peer)
    if (place === undefined) return 0
    const oldestMs = place.lost?.oldestMs ?? this.#entries[place.next - this.#dropped]?.wallMs
    return oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs)
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
    const changes = this.#engine.readLog(this.#upTo, logReadChangesMax, messageTargetBytes)
    const last = changes.at(-1)
    if (last === undefined) return false
    const leaving = changes.filter((change) => leaves(change, this.#engine))
    this.observe(this.#upTo, last.position, leaving)
    return this.#upTo < this.#engine.flushed()
  }

  confirm(peer: string, position: Position): void {
    const place = this.#peers.get(peer)
    if (place === undefined || position <= place.confirmed) return
    place.confirmed = position
    if (place.lost !== undefined && place.lost.upTo <= position) place.lost = undefined
    this.#advance(place, position)
    this.#forget()
  }

  /** The log was trimmed up to `upTo`, past what some peers have confirmed. */
  trimmed(upTo: Position): void {
    for (const place of this.#peers.values()) {
      if (place.confirmed >= upTo) continue
      const oldestMs = place.lost?.oldestMs ?? this.#entries[place.next - this.#dropped]?.wallMs
      const count = (place.lost?.count ?? 0) + this.#advance(place, upTo)
      if (count > 0) place.lost = { count, upTo, oldestMs: oldestMs ?? 0 }
    }
    this.#forget()
  }

  #add(change: Change): void {
    if (this.#peers.size === 0) return
    const entry = { position: change.position, table: change.table, wallMs: readStamp(change.row, 1).wallMs }
    this.#entries.push(entry)
    for (const place of this.#peers.values()) {
      place.byTable.set(entry.table, (place.byTable.get(entry.table) ?? 0) + 1)
      if (entry.position <= place.confirmed) this.#advance(place, place.confirmed)
    }
  }

  /** Passes the entries up to `upTo`, and says how many they were. */
  #advance(place: PeerPlace, upTo: Position): number {
    const from = place.next
    for (;;) {
      const entry = this.#entries[place.next - this.#dropped]
      if (entry === undefined || entry.position > upTo) return place.next - from
      const left = (place.byTable.get(entry.table) ?? 1) - 1
      if (left === 0) place.byTable.delete(entry.table)
      else place.byTable.set(entry.table, left)
      place.next++
    }
  }

  #forget(): void {
    const least = Math.min(...[...this.#peers.values()].map((place) => place.next))
    if (least - this.#dropped < droppedAtOnce) return
    this.#entries = this.#entries.slice(least - this.#dropped)
    this.#dropped = least
  }
}
