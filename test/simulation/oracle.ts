/**
 * Knows every write that became durable anywhere, and so what each key must come to in the end: the write with the
 * greatest stamp, with a version vector of the latest write of every region. Nothing of it is read from a replica.
 */
import type { Position } from '../../src/core/change/change.ts'
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'
import { type Row, vectorOf } from '../../src/core/item/row.ts'
import type { TableId } from '../../src/core/table/table.ts'
import type { Region } from '../../src/core/topology.ts'
import { checkExpired } from './expiring.ts'
import { type Entry, isItem, keyName } from './log-watch.ts'
import { covers, order, stampText } from './vectors.ts'
import { expectThat } from './violation.ts'

export type Expected = {
  readonly table: TableId
  readonly key: Buffer
  /** One per write, whoever made it. */
  readonly writes: Write[]
}

/** A write, and what its region showed when it was made. */
export type Write = {
  readonly row: Row
  readonly over: Stamp | undefined
  /** In the log of the region that made it. */
  readonly position: Position
  /** The disk that it was made on is lost: it is gone unless somebody else has it, now or when a message arrives. */
  readonly doubtful?: boolean
}

export class Oracle {
  /** Regions that have deleted an expired item. */
  readonly expiredIn = new Set<string>()
  readonly #keys = new Map<string, Expected>()
  /** Every write that was ever made, of items and of registers: nothing else may be applied anywhere. */
  readonly #made = new Map<string, Row>()
  readonly #removals = new Set<string>()
  readonly #copied = new Set<number>()
  /** Tags of writes that were refused or failed for certain: none may ever be seen. */
  readonly #forbidden = new Map<string, string>()

  learn(region: Region, entry: Entry): void {
    const { change, row, own, before } = entry
    const name = keyName(change.table, change.key)
    if (own) this.#made.set(`${name} ${stampText(row.stamp)}`, row)
    else this.#checkMade(region, entry)
    if (!own || !isItem(change)) return
    this.#checkAllowed(region, row)
    if (change.cause === 'ttl') {
      checkExpired(region, entry)
      this.expiredIn.add(region.name)
    }
    const expected = this.#keys.get(name)
    const write = { row, over: before?.stamp, position: change.position }
    // Nothing is left of what was deleted before anybody else had the table.
    if (row.tombstone && change.unshared === true) this.#keys.delete(name)
    else if (expected === undefined) this.#keys.set(name, { table: change.table, key: change.key, writes: [write] })
    else expected.writes.push(write)
  }

  /** A second process speaks for it, which says how its replicas are; it writes no items. */
  hasCopy({ number }: Region): void {
    this.#copied.add(number)
  }

  /** A repair may remove, in one region, what only the damage of its disk has put under the key. */
  expectRemoval(table: TableId, key: Buffer): void {
    this.#removals.add(keyName(table, key))
  }

  forbid(tag: string, reason: string): void {
    this.#forbidden.set(tag, reason)
  }

  /** A region's disk is lost, or its replica of a table, with whatever it wrote after a position. */
  doubt(region: Region, of?: { readonly table: TableId | undefined; readonly after: Position }): void {
    for (const { table, writes } of this.#keys.values())
      for (const [n, write] of writes.entries())
        if (
          write.row.stamp.region === region.number &&
          (of === undefined || ((of.table ?? table) === table && write.position > of.after))
        )
          writes[n] = { ...write, doubtful: true }
  }

  /** A table that begins with these rows, whoever made them. */
  begin(table: TableId, latest: readonly Entry[]): void {
    for (const { change, row } of latest)
      this.#keys.set(keyName(table, change.key), {
        table,
        key: change.key,
        writes: [{ row, over: undefined, position: change.position }],
      })
  }

  /** What must be there, given which doubtful writes are known to somebody. */
  expectedOf(table: TableId, isKnown: (key: Buffer, stamp: Stamp) => boolean): readonly Expected[] {
    return [...this.#keys.values()].flatMap((expected) => {
      if (expected.table !== table) return []
      const writes = expected.writes.filter(
        ({ row, doubtful }) => doubtful !== true || isKnown(expected.key, row.stamp),
      )
      return writes.length === 0 ? [] : [{ ...expected, writes }]
    })
  }

  #checkMade(region: Region, { change, row }: Entry): void {
    if (!isItem(change) && this.#copied.has(row.stamp.region)) return
    if (row.tombstone && this.#removals.has(keyName(change.table, change.key))) return
    const made = this.#made.get(`${keyName(change.table, change.key)} ${stampText(row.stamp)}`)
    expectThat(
      made !== undefined && made.tombstone === row.tombstone && made.body.equals(row.body),
      'nothing is applied that nobody wrote',
      () => `${region.name} applied ${rowText(row)}, made was ${rowText(made)}`,
    )
  }

  #checkAllowed(region: Region, row: Row): void {
    if (row.tombstone || this.#forbidden.size === 0) return
    const tag = tagOf(row)
    const reason = tag === undefined ? undefined : this.#forbidden.get(tag)
    expectThat(reason === undefined, 'a write that failed leaves nothing', () => `${region.name} has ${tag}: ${reason}`)
  }
}

export function winnerOf({ writes }: Expected): Row {
  return writes.map(({ row }) => row).reduce((winner, row) => (order(row.stamp, winner.stamp) > 0 ? row : winner))
}

/** The stamp that this vector should have and has not: the latest write of a region that went into the key. */
export function missingFrom(row: Row, { writes }: Expected): Stamp | undefined {
  const vector = vectorOf(row)
  return writes.map((write) => write.row.stamp).find((stamp) => !covers(vector, stamp))
}

/** Of a key's writes, those that the surviving one was not made over, directly or through others. */
export function lostOf(expected: Expected): readonly Write[] {
  const kept = pastOf(expected, winnerOf(expected).stamp)
  return expected.writes.filter(({ row }) => !kept.has(stampText(row.stamp)))
}

/** A write's stamp and those of all that it was made over, as texts. */
export function pastOf({ writes }: Expected, stamp: Stamp): ReadonlySet<string> {
  const over = new Map(writes.map((write) => [stampText(write.row.stamp), write.over]))
  const past = new Set<string>()
  for (let at: Stamp | undefined = stamp; at !== undefined; at = over.get(stampText(at))) past.add(stampText(at))
  return past
}

export function tagOf(row: Row): string | undefined {
  const item = JSON.parse(row.body.toString('utf8')) as { tag?: { S: string } }
  return item.tag?.S
}

export function rowText(row: Row | undefined): string {
  if (row === undefined) return 'nothing'
  return `${row.tombstone ? 'tombstone' : (tagOf(row) ?? 'item')} ${vectorOf(row).map(stampText).join(' ')}`
}
