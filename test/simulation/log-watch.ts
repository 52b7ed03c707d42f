/**
 * Follows one region's log from outside, through crashes and restarts, and keeps all of it: what became durable once
 * can never be another thing later. It is the simulator's own memory of the region, against which everything that
 * clients were told and everything that the region holds is compared, and it checks each record as it appears:
 *
 * - positions have no holes, own numbers of own changes neither, and a flush never ends inside of a group;
 * - own stamps grow, and are later than everything that the log held before (the hybrid clock's promise);
 * - the rows of a key only move forward, in stamp and in version vector.
 */
import type { Change, Position } from '../../src/core/change/change.ts'
import { groupChangesMax } from '../../src/core/limits/line-limits.ts'
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'
import { decodeRow, type Row, vectorOf } from '../../src/core/item/row.ts'
import type { TableId } from '../../src/core/table/table.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { covers, order, stampText } from './vectors.ts'
import { expectThat, Violation } from './violation.ts'

export type Entry = {
  readonly change: Change
  readonly row: Row
  readonly own: boolean
  /** What the region showed under the key before. */
  readonly before: Row | undefined
}

export type Events = {
  readonly onEntry: (entry: Entry) => void
  /** A table goes on under another id. */
  readonly onSucceeded: (before: TableId, after: TableId) => void
}

/** The rows of a key in the order of the log. */
type KeyHistory = Entry[]

const readChangesMax = 500
const readBytesMax = 4 * 1024 * 1024
/** Of what a restarted region's log must still say as before. */
const reread = 20

export class LogWatch {
  readonly region: string
  readonly number: number
  epoch = ''
  /** The whole log since the region's disk was new; the record of position n is at n - 1. */
  entries: Entry[] = []
  readonly #events: Events
  /** By the numbers that keys begin with: a replica that becomes a table of its own keeps its number. */
  #numbers = new Map<string, TableId>()
  #successors = new Map<TableId, TableId>()
  #keys = new Map<string, KeyHistory>()
  #ownNumbers = new Map<TableId, { count: number }>()
  #latest: Stamp | undefined
  /** Tables of which rows are being dropped: what arrives meanwhile may be under a key that is dropped already. */
  readonly emptying = new Set<TableId>()
  /** Rows that the disk has lost, by key name, until they are repaired: what comes once more is new to the region. */
  readonly lost = new Set<string>()
  #engine: Engine | undefined

  constructor(region: { readonly name: string; readonly number: number }, events: Events) {
    this.region = region.name
    this.number = region.number
    this.#events = events
  }

  get position(): Position {
    return this.entries.length
  }

  /** The engine of a new process on the same disk, or on a wiped one. Its owner calls `catchUp` after every flush. */
  attach(engine: Engine): void {
    this.#engine = engine
    if (engine.lineage.earlier.includes(this.epoch)) this.epoch = engine.epoch
    if (engine.epoch !== this.epoch) this.#startOver(engine.epoch)
    expectThat(
      engine.flushed() >= this.position,
      'durable stays durable',
      () => `${this.region} had ${this.position} and restarted with ${engine.flushed()}`,
    )
    this.#checkUnchanged(engine)
    this.catchUp()
  }

  detach(): void {
    this.#engine = undefined
  }

  catchUp(): void {
    const engine = this.#engine
    if (engine === undefined) return
    const before = this.position
    while (this.position < engine.flushed()) {
      const changes = engine.readLog(this.position, readChangesMax, readBytesMax)
      if (changes.length === 0)
        throw new Violation('log contiguous', `${this.region} cannot read what follows ${this.position}`)
      for (const change of changes) this.#take(change, before)
    }
  }

  /** Whether of the changes that were made together and leave the region some are up to there, and some behind it. */
  isWithinTransaction(position: Position): boolean {
    const group = this.entries[position]?.change.group
    if (group === undefined || group > position) return false
    const leaves = ({ change }: Entry): boolean => change.ownNumber > 0 && change.unshared !== true
    const members = this.entries
      .slice(group - 1, group - 1 + groupChangesMax)
      .filter(({ change }) => change.group === group)
    const before = members.filter((entry) => entry.change.position <= position && leaves(entry))
    return before.length > 0 && members.some((entry) => entry.change.position > position && leaves(entry))
  }

  /** What the table is called now. */
  nowCalled(table: TableId): TableId {
    return this.#successors.get(table) ?? table
  }

  /** The row of a key as the log has it up to and including `position`. */
  rowAt(table: TableId, key: Buffer, position: Position): Row | undefined {
    const history = this.historyOf(table, key)
    for (let n = history.length - 1; n >= 0; n--) {
      const entry = history[n]
      if (entry !== undefined && entry.change.position <= position) return entry.row
    }
    return undefined
  }

  historyOf(table: TableId, key: Buffer): readonly Entry[] {
    return this.#keys.get(keyName(table, key)) ?? []
  }

  /** Whether the region has, or has had, a row that knows of the write. */
  knows(table: TableId, key: Buffer, stamp: Stamp): boolean {
    const last = this.historyOf(table, key).at(-1)
    return last !== undefined && covers(vectorOf(last.row), stamp)
  }

  /** The region has removed its replica; if it gets another, that starts from nothing. */
  forgetTable(table: TableId): void {
    this.#ownNumbers.delete(table)
    for (const [name, [first]] of this.#keys)
      if (first !== undefined && first.change.table === table && isItem(first.change)) this.#keys.delete(name)
  }

  /** The region has dropped what it had under a key, without a word in its log. */
  forgetKey(table: TableId, key: Buffer): void {
    this.#keys.delete(keyName(table, key))
  }

  /** The region has dropped the rows of a table, to fill it again. */
  forgetRows(table: TableId, left: ReadonlySet<string> = new Set()): void {
    for (const [name, [first]] of this.#keys)
      if (first !== undefined && first.change.table === table && isItem(first.change) && !left.has(name))
        this.#keys.delete(name)
  }

  /** All that is known of the log now, for a disk that is set back later. */
  save(): () => void {
    const { epoch } = this
    const entries = [...this.entries]
    const keys = [...this.#keys].map(([name, history]) => [name, [...history]] as const)
    const ownNumbers = [...this.#ownNumbers].map(([table, { count }]) => [table, count] as const)
    const [numbers, successors, latest] = [new Map(this.#numbers), new Map(this.#successors), this.#latest]
    return () => {
      this.epoch = epoch
      this.entries = [...entries]
      this.#keys = new Map(keys.map(([name, history]) => [name, [...history]]))
      this.#ownNumbers = new Map(ownNumbers.map(([table, count]) => [table, { count }]))
      this.#numbers = new Map(numbers)
      this.#successors = new Map(successors)
      this.#latest = latest
    }
  }

  /** The stamp of the latest change in the log. */
  get latest(): Stamp | undefined {
    return this.#latest
  }

  /** The disk is lost. */
  forgetAll(): void {
    this.#startOver('')
  }

  /** The latest entry of every key of a table. */
  *latestOf(table: TableId): Iterable<Entry> {
    for (const history of this.#keys.values()) {
      const last = history.at(-1)
      if (last !== undefined && last.change.table === table && isItem(last.change)) yield last
    }
  }

  #startOver(epoch: string): void {
    this.epoch = epoch
    this.entries = []
    this.#keys = new Map()
    this.#ownNumbers = new Map()
    this.#numbers = new Map()
    this.#successors = new Map()
    this.#latest = undefined
  }

  #checkUnchanged(engine: Engine): void {
    const after = Math.max(this.position - reread, engine.oldest() - 1, 0)
    for (const change of engine.readLog(after, this.position - after, readBytesMax)) {
      if (change.position > this.position) return
      const known = this.entries[change.position - 1]
      expectThat(
        known?.change.row.equals(change.row) === true,
        'durable stays durable',
        () => `${this.region} has another change at ${change.position} after its restart`,
      )
    }
  }

  #take(change: Change, flushedBefore: Position): void {
    const { position, group } = change
    expectThat(
      position === this.position + 1,
      'log contiguous',
      () => `${this.region} has ${position} after ${this.position}`,
    )
    const previous = this.entries.at(-1)?.change
    expectThat(
      group === position || (position > flushedBefore + 1 && previous?.group === group),
      'transactions become durable as a whole',
      () => `${this.region} flushed up to ${flushedBefore}, inside of the group of ${group}`,
    )
    const own = change.cause !== 'replica' && change.cause !== 'replica-table'
    expectThat(
      own || !isItem(change) || !this.#isDetached(change.table),
      'a disassociated replica receives nothing',
      () => `${this.region} has a change of another region at ${position}`,
    )
    if (own && change.key.toString() === 'local/number') this.#number(change)
    const before = this.historyOf(change.table, change.key).at(-1)?.row
    const entry: Entry = { change, row: decodeRow(change.row), own, before }
    if (own) this.#checkOwn(entry)
    this.#checkForward(entry)
    this.entries.push(entry)
    if (this.#latest === undefined || order(entry.row.stamp, this.#latest) > 0) this.#latest = entry.row.stamp
    this.#events.onEntry(entry)
  }

  #isDetached(table: TableId): boolean {
    return this.#successors.size > 0 && [...this.#successors.values()].includes(table)
  }

  #number({ table, row }: Change): void {
    const { tombstone, body } = decodeRow(row)
    if (tombstone) return
    const number = body.toString()
    const before = this.#numbers.get(number)
    this.#numbers.set(number, table)
    if (before === undefined || before === table) return
    this.#successors.set(before, table)
    this.#ownNumbers.set(table, this.#counterOf(before))
    for (const [name, history] of this.#keys) {
      if (!history.some(({ change }) => change.table === before && isItem(change))) continue
      this.#keys.delete(name)
      const moved = history.map((entry) => ({ ...entry, change: { ...entry.change, table } }))
      this.#keys.set(keyName(table, moved[0]?.change.key ?? Buffer.alloc(0)), moved)
    }
    this.#events.onSucceeded(before, table)
  }

  #checkOwn({ change, row }: Entry): void {
    expectThat(
      row.stamp.region === this.number,
      'own changes carry the own number',
      () => `${this.region} stamped ${stampText(row.stamp)}`,
    )
    expectThat(
      this.#latest === undefined || order(row.stamp, this.#latest) > 0,
      'a later write has a later stamp',
      () => `${this.region} wrote ${stampText(row.stamp)} at ${change.position} after ${stampText(this.#latest)}`,
    )
    // Registers that stay in the region are not counted.
    if (!isItem(change) && change.ownNumber === 0) return
    const counter = this.#counterOf(change.table)
    const ownNumber = ++counter.count
    expectThat(
      change.ownNumber === ownNumber,
      'own numbers count without holes',
      () => `${this.region} numbered the ${ownNumber}th change of ${change.table} as ${change.ownNumber}`,
    )
  }

  #counterOf(table: TableId): { count: number } {
    const counter = this.#ownNumbers.get(table) ?? { count: 0 }
    this.#ownNumbers.set(table, counter)
    return counter
  }

  #checkForward(entry: Entry): void {
    const { change, row, before } = entry
    const name = keyName(change.table, change.key)
    const history = this.#keys.get(name)
    if (history === undefined) this.#keys.set(name, [entry])
    else history.push(entry)
    if (before === undefined || this.emptying.has(change.table) || this.lost.has(name)) return
    expectThat(
      order(row.stamp, before.stamp) >= 0,
      'last writer wins',
      () =>
        `${this.region} replaced ${stampText(before.stamp)} with the older ${stampText(row.stamp)} at ${change.position}`,
    )
    const vector = vectorOf(row)
    const forgotten = vectorOf(before).find((stamp) => !covers(vector, stamp))
    expectThat(
      forgotten === undefined || isForgettable(before, change),
      'version vectors never forget',
      () => `${this.region} lost ${stampText(forgotten)} at ${change.position}`,
    )
  }
}

/** What goes by the horizon: tombstones, and the registers of deleted indexes, which are none. */
function isForgettable({ tombstone, body }: Row, change: Change): boolean {
  if (tombstone) return true
  if (isItem(change) || !change.key.toString('utf8').startsWith('index/')) return false
  return (JSON.parse(body.toString('utf8')) as { readonly deleted?: boolean }).deleted === true
}

export const isItem = (change: Change): boolean => change.cause !== 'table' && change.cause !== 'replica-table'

export const keyName = (table: TableId, key: Buffer): string => `${table}/${key.toString('latin1')}`
