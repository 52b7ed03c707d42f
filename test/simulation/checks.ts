/** What must be true in the end: of each region on its own, and of all of them together. */
import type { Table } from '../../src/core/table/table.ts'
import { checkExpiryIndex } from './expiring.ts'
import { encodeIndexKey } from '../../src/core/key/index-key.ts'
import type { AttributeValue, Item } from '../../src/core/attribute/value.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../src/core/key/primary-key.ts'
import { decodeRow, vectorOf } from '../../src/core/item/row.ts'
import type { Index, TableId } from '../../src/core/table/table.ts'
import type { Conflict, Engine } from '../../src/engine/engine.ts'
import { hasPendingMerges } from '../../src/readers/replication/notes/pending-merges.ts'
import { isUsable } from './client.ts'
import { type Expected, lostOf, missingFrom, pastOf, rowText, winnerOf } from './oracle.ts'
import { keyName } from './log-watch.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { covers, order, stampText } from './vectors.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'
import { inOneTurn } from '../../src/core/turns.ts'

/** The first difference between what the regions hold and what they must come to; undefined when there is none. */
export function difference(world: World): string | undefined {
  for (const region of world.regions) if (region.engine === undefined) return `${region.name} is not running`
  return differenceOfTables(world) ?? differenceOfRows(world) ?? differenceOfStatus(world) ?? differenceOfDebts(world)
}

/** Every region's own house: log, rows, index rows and counters agree. */
export function checkRegion(region: SimulatedRegion): void {
  const { engine } = region
  if (engine === undefined) return
  region.watch.catchUp()
  for (const table of engine.tables()) {
    checkReplay(region, engine, table)
    checkCounters(region, engine, table)
    checkExpiryIndex(region, engine, table)
    for (const index of table.indexes) if (index.status === 'ACTIVE') checkIndex(region, engine, { table, index })
  }
}

/**
 * An item with every attribute that DescribeTable tells, of the type that it tells, is taken. It is put on a condition
 * that does not hold, so that nothing changes: what is wrong with the item is said before that.
 */
export async function checkWritable({ engine, name }: SimulatedRegion): Promise<void> {
  for (const table of engine?.tables() ?? []) {
    const item = Object.fromEntries(table.attributes.map((attribute) => [attribute.name, sample[attribute.type]]))
    const key = encodePrimaryKey(table.key, item)
    const keyAttributes = keyAttributesOf(table.key, item)
    const condition = { op: 'attribute_exists', path: ['no such attribute'] } as const
    const result = await engine?.commit([{ kind: 'put', table: table.id, key, keyAttributes, item, condition }])
    const refused = result?.accepted === false ? result.refusals[0] : undefined
    expectThat(
      refused?.refused === 'condition',
      'a table can be written after settling',
      () => `${name} says of ${table.name}: ${refused?.message}`,
    )
  }
}

const sample: Readonly<Record<'S' | 'N' | 'B', AttributeValue>> = {
  S: { S: 'settled' },
  N: { N: '1' },
  B: { B: 'AAAA' },
}

/** The same tables in all their replicas, but for what is each region's own affair, and nowhere else. */
export function differenceOfTables(world: World): string | undefined {
  for (const [id, replicas] of world.replicas) {
    const seen = new Map<string, string>()
    for (const region of world.regions) {
      const table = region.engine?.tableWithId(id)
      if (table === undefined && replicas.has(region)) return `${region.name} does not know ${id}`
      if (table === undefined) continue
      if (!replicas.has(region)) return `${region.name} still has ${table.name}`
      if (!isUsable(table, region.name)) return `${region.name} does not serve ${table.name} yet`
      seen.set(sharedText(table), region.name)
    }
    if (seen.size > 1)
      return `regions differ on ${id}: ${[...seen].map(([text, name]) => `${name} ${text}`).join(' | ')}`
  }
  return undefined
}

function sharedText({ id, name, key, attributes, replicas, indexes, settings }: Table): string {
  const { deletionProtection: _, tags: __, ...shared } = settings
  const shapes = indexes.map((index) => [index.name, index.kind, index.key, index.projection, index.status])
  return JSON.stringify({ id, name, key, attributes, replicas, shapes, shared })
}

/** Each replica against the oracle, so that they agree with every write that was ever made; and byte by byte with each other. */
function differenceOfRows(world: World): string | undefined {
  for (const [id, replicas] of world.replicas) {
    const first = new Map<string, Buffer>()
    for (const region of replicas) {
      const wrong = differenceOfReplica(world, region, id) ?? differenceOfBytes(region, id, first)
      if (wrong !== undefined) return wrong
    }
  }
  return undefined
}

function differenceOfBytes(region: SimulatedRegion, id: TableId, first: Map<string, Buffer>): string | undefined {
  if (region.engine === undefined) return undefined
  for (const { key, row } of rowsOf(region.engine, id)) {
    const name = key.toString('latin1')
    const other = first.get(name)
    if (other === undefined) first.set(name, row)
    else if (!other.equals(row))
      return `${region.name} has ${rowText(decodeRow(row))} where another has ${rowText(decodeRow(other))}, ${row.toString('hex')} for ${other.toString('hex')}`
  }
  return undefined
}

/** Everybody knows that everything is everywhere. */
function differenceOfStatus(world: World): string | undefined {
  for (const region of world.regions)
    for (const { peer, pending, lagMs, safeToEvacuate } of region.replication?.status().peers ?? [])
      if (pending !== 0 || lagMs !== 0 || !safeToEvacuate)
        return `${region.name} says of ${peer}: ${pending} pending, lag ${lagMs} ms, safe to evacuate: ${safeToEvacuate}`
  return undefined
}

/** Nobody has anything to merge any more: as long as that lasts, no deletes are forgotten. */
function differenceOfDebts(world: World): string | undefined {
  for (const { name, engine } of world.regions) {
    const peers = world.regions.map(({ region }) => region).filter((peer) => peer.name !== name)
    if (engine !== undefined && hasPendingMerges({ engine, peers }))
      return `${name} still has to merge what others know`
  }
  return undefined
}

/** The feeds are exact: what they tell was concurrent, and of what was lost nothing is left out. */
export function checkConflicts(world: World): void {
  const told = new Map<string, Set<string>>()
  for (const region of world.regions) {
    const here = new Set<string>()
    for (const { table, key, local, incoming, winner } of conflictsOf(region.engine)) {
      const [won, lost] = [winner === 'local' ? local : incoming, winner === 'local' ? incoming : local].map(decodeRow)
      if (won === undefined || lost === undefined) continue
      const says = (): string => `${region.name} tells that ${rowText(lost)} lost to ${rowText(won)}`
      expectThat(
        !covers(vectorOf(won), lost.stamp) && !covers(vectorOf(lost), won.stamp),
        'conflicts were concurrent',
        says,
      )
      expectThat(order(won.stamp, lost.stamp) > 0, 'the later write wins a conflict', says)
      const name = `${keyName(table, key)} ${stampText(lost.stamp)}`
      // One whose disk was set back meets what it has met before again.
      const mayTellAgain = region.setBackEpoch !== undefined
      expectThat(mayTellAgain || !here.has(name), 'a region tells a lost write once', says)
      here.add(name)
      told.set(keyName(table, key), (told.get(keyName(table, key)) ?? new Set()).add(stampText(lost.stamp)))
    }
  }
  if (world.wipes > 0) return
  // What is lost of a table that is removed everywhere is not told.
  for (const [id, { size }] of world.replicas)
    for (const expected of size === 0 ? [] : world.expectedOf(id))
      checkLostAreTold(expected, told.get(keyName(id, expected.key)))
}

/** All that the feed has, part by part as an operator gets it. */
function* conflictsOf(engine: Engine | undefined): Iterable<Conflict> {
  for (let part = engine?.conflicts(0, 10_000) ?? []; part.length > 0;) {
    yield* part
    part = engine?.conflicts(part.at(-1)?.number ?? 0, 10_000) ?? []
  }
}

function checkLostAreTold(expected: Expected, told: ReadonlySet<string> = new Set()): void {
  const under = new Set<string>()
  const deletes = expected.writes.filter(({ row }) => row.tombstone).length
  for (const { row } of expected.writes)
    // Of two deletes none loses anything by the other.
    if (told.has(stampText(row.stamp)) || (row.tombstone && deletes > 1))
      for (const stamp of pastOf(expected, row.stamp)) under.add(stamp)
  for (const { row } of lostOf(expected))
    expectThat(
      under.has(stampText(row.stamp)),
      'no lost write is left out of the conflict feeds',
      () =>
        `${rowText(row)} is gone, ${rowText(winnerOf(expected))} is there, told are ${[...told].join(', ') || 'none'}`,
    )
}

function differenceOfReplica(world: World, region: SimulatedRegion, id: TableId): string | undefined {
  const { engine } = region
  if (engine === undefined) return `${region.name} is not running`
  const rows = new Map(rowsOf(engine, id).map(({ key, row }) => [key.toString('latin1'), decodeRow(row)]))
  for (const expected of world.expectedOf(id)) {
    const winner = winnerOf(expected)
    const row = rows.get(expected.key.toString('latin1'))
    rows.delete(expected.key.toString('latin1'))
    if (row === undefined && winner.tombstone) continue
    if (row === undefined || order(row.stamp, winner.stamp) !== 0)
      return `${region.name} has ${rowText(row)} where ${rowText(winner)} is the last write`
    if (row.tombstone !== winner.tombstone || !row.body.equals(winner.body))
      return `${region.name} has another content under ${stampText(row.stamp)}`
    const missing = missingFrom(row, expected)
    // Written by a store that was set back to before a delete that all others had forgotten meanwhile, rightly.
    const isForgotten = missing !== undefined && world.wipes > 0 && world.isForgotten(id, expected.key, missing)
    if (missing !== undefined && !isForgotten)
      return `${region.name} has ${rowText(row)} and never saw ${stampText(missing)}`
  }
  // A delete from before the table was shared may have travelled: it left nothing at home.
  const left = [...rows.values()].find((row) => !row.tombstone)
  // A delete that only this region knew, and had forgotten already, is lost with the disk that was set back.
  if (region.setBackEpoch !== undefined && (world.replicas.get(id)?.size ?? 1) === 1) return undefined
  return left === undefined ? undefined : `${region.name} has ${rowText(left)}, which nobody wrote`
}

/** Replaying the log gives the table; what the log has and the table has not are tombstones that were removed. */
function checkReplay(region: SimulatedRegion, engine: Engine, table: Table): void {
  const rows = new Map(rowsOf(engine, table.id).map(({ key, row }) => [key.toString('latin1'), row]))
  const promise = 'replaying the log gives the table'
  for (const { change, row } of region.watch.latestOf(table.id)) {
    const stored = rows.get(change.key.toString('latin1'))
    rows.delete(change.key.toString('latin1'))
    expectThat(
      stored === undefined ? row.tombstone : stored.equals(change.row),
      promise,
      () =>
        `${region.name} has ${stored === undefined ? 'nothing' : rowText(decodeRow(stored))}, its log ${rowText(row)}`,
    )
  }
  expectThat(
    rows.size === 0,
    promise,
    () => `${region.name} has ${rows.size} rows of ${table.name} that no change made`,
  )
}

function checkCounters(region: SimulatedRegion, engine: Engine, table: Table): void {
  const rows = liveRows(engine, table)
  const counted = engine.size(table)
  const bytes = rows.reduce((sum, row) => sum + row.itemSizeBytes, 0)
  expectThat(
    counted.items === rows.length && counted.bytes === bytes,
    'counters are right',
    () =>
      `${region.name} counts ${JSON.stringify(counted)} of ${table.name}, it has ${rows.length} items of ${bytes} bytes`,
  )
}

function checkIndex(region: SimulatedRegion, engine: Engine, { table, index }: { table: Table; index: Index }): void {
  const items = liveRows(engine, table).map((row) => row.body.toString('utf8'))
  const keyed = (body: string): string | undefined =>
    encodeIndexKey(index, table, JSON.parse(body) as Item)?.toString('latin1')
  const rebuilt = items.flatMap((body) => (keyed(body) === undefined ? [] : [body]))
  const expected = rebuilt.toSorted((a, b) => ((keyed(a) ?? '') < (keyed(b) ?? '') ? -1 : 1))
  const stored = indexItems(engine, table, index)
  expectThat(
    stored.join('\n') === expected.join('\n'),
    'index rows equal a rebuild',
    () => `${region.name} has in ${index.name}\n${stored.join('\n')}\nand should have\n${expected.join('\n')}`,
  )
  const counted = engine.size(table, index).items
  expectThat(
    counted === expected.length,
    'counters are right',
    () => `${region.name} counts ${counted} items in ${index.name}, it has ${expected.length}`,
  )
}

/** The whole index in its order, in small pages. */
function indexItems(engine: Engine, table: Table, index: Index): readonly string[] {
  const range = { from: Buffer.alloc(0), to: Buffer.alloc(32, 0xff) }
  const items: string[] = []
  let after: Buffer | undefined
  do {
    const page = inOneTurn(
      engine.read({
        table,
        index,
        range,
        forward: true,
        limit: 7,
        countOnly: false,
        fetchWhole: false,
        ...(after === undefined ? {} : { after }),
      }),
    )
    items.push(...page.items.map((item) => item.toString('utf8')))
    after =
      page.lastItem === undefined
        ? undefined
        : encodeIndexKey(index, table, JSON.parse(page.lastItem.toString('utf8')) as Item)
  } while (after !== undefined)
  return items
}

function liveRows(engine: Engine, table: Table): ReturnType<typeof decodeRow>[] {
  return rowsOf(engine, table.id)
    .map(({ row }) => decodeRow(row))
    .filter((row) => !row.tombstone)
}
