/** The engine's books checked against each other: index rows, counts and the log all follow from the table's rows. */
import { expect } from 'vitest'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { isTombstone } from '../../../src/core/item/row.ts'
import { encodeIndexKey } from '../../../src/core/key/index-key.ts'
import { wholeRange } from '../../../src/core/key/key-range.ts'
import type { Index, Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { itemIn } from '../../../src/engine/commands/row-edit.ts'
import { inOneTurn } from '../../../src/core/turns.ts'

const everything = { range: wholeRange, forward: true, countOnly: false, fetchWhole: false }

export function itemsOf(engine: Engine, table: Table): Item[] {
  return engine
    .rows(table.id, undefined, 1e6, 1e9)
    .map(({ row }) => itemIn(row))
    .filter((item) => item !== undefined)
}

export function indexItems(engine: Engine, table: Table, index: Index): Item[] {
  return inOneTurn(engine.read({ ...everything, table, index })).items.map(
    (body) => JSON.parse(body.toString()) as Item,
  )
}

/** What the index would hold if it were made anew. */
function rebuilt(table: Table, index: Index, items: readonly Item[]): Item[] {
  const names = new Set(
    [...table.key.partition, ...table.key.sort, ...index.key.partition, ...index.key.sort].map((key) => key.name),
  )
  if (index.projection.type === 'INCLUDE') for (const name of index.projection.attributes) names.add(name)
  const shown = (item: Item): Item =>
    index.projection.type === 'ALL'
      ? item
      : Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)))
  return items
    .flatMap((item) => {
      const key = encodeIndexKey(index, table, item)
      return key === undefined ? [] : [{ key, item: shown(item) }]
    })
    .toSorted((a, b) => Buffer.compare(a.key, b.key))
    .map(({ item }) => item)
}

const sizeOf = (items: readonly Item[]) => ({
  items: items.length,
  bytes: items.reduce((sum, item) => sum + sizeOfItem(item), 0),
})

export function checkIndexes(engine: Engine, table: Table): void {
  const items = itemsOf(engine, table)
  expect(engine.size(table)).toEqual(sizeOf(items))
  for (const index of table.indexes) {
    const expected = rebuilt(table, index, items)
    expect(indexItems(engine, table, index)).toEqual(expected)
    expect(engine.size(table, index)).toEqual(sizeOf(expected))
  }
}

/** Replaying the log gives the table. */
export function checkLog(engine: Engine, table: Table): void {
  const latest = new Map<string, Buffer>()
  let position = engine.oldest() - 1
  for (const change of engine.readLog(0, 1e6, 1e9)) {
    expect(change.position).toBe(++position)
    if (change.table === table.id && change.cause !== 'table' && change.cause !== 'replica-table')
      latest.set(change.key.toString('hex'), change.row)
  }
  expect(position).toBe(engine.flushed())
  const live = [...latest].filter(([, row]) => !isTombstone(row)).map(([key, row]) => `${key} ${row.toString('hex')}`)
  const rows = engine
    .rows(table.id, undefined, 1e6, 1e9)
    .filter(({ row }) => !isTombstone(row))
    .map(({ key, row }) => `${key.toString('hex')} ${row.toString('hex')}`)
  expect(rows).toEqual(live.toSorted())
}
