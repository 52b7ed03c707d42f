import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { decodeRow, encodeRow, isTombstone } from '../../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import {
  collectionKey,
  countsKey,
  rowKey,
  tableIndexRows,
  tableTombstones,
  tombstoneKey,
} from '../../../src/engine/store/keys.ts'
import { SealedStore } from '../../../src/engine/store/sealed-store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { checkIndexes, checkLog } from './books.ts'
import { attributeNamed, del, itemOf, makeTable, openRegion, put } from './region.ts'

const us = 'us-east-1'
const local = { kind: 'local' as const, key: { partition: [attributeNamed('pk')], sort: [attributeNamed('shade')] } }
const replicas = [us, 'eu-west-1'] as const

const item = (n: number) =>
  itemOf(`p${n % 4}`, n, { color: { S: `c${n % 3}` }, shade: { S: `s${n % 5}` }, text: { S: 'x'.repeat(n % 40) } })

type Made = { readonly engine: Engine; readonly store: Store; readonly table: Table }

async function filled(): Promise<Made> {
  const store = new MemoryStore()
  const { engine } = await openRegion(us, store)
  const made = await makeTable(engine, 'T', {
    replicas,
    indexes: { 'by-color': { id: 'one' }, 'by-shade': { id: 'two', ...local } },
  })
  for (const index of made.indexes) await engine.backfill(made.id, index.number)
  for (let n = 0; n < 20; n++) await engine.commit([put(made, item(n))])
  return { engine, store, table: engine.tableNamed('T') as Table }
}

const keyOf = (table: Table, n: number): Buffer => encodePrimaryKey(table.key, item(n))
const rowAt = ({ store, table }: Made, n: number): Buffer => store.get(rowKey(table.number, keyOf(table, n))) as Buffer

/** Everything that a table made only of the rows that are there would have. */
function checkBooks({ engine, table }: Made): void {
  checkIndexes(engine, table)
  for (let partition = 0; partition < 4; partition++) {
    const key = keyOf(table, partition)
    expect(engine.collectionSizeBytes(table, key)).toBe(sharesOf(engine, table, partition))
  }
}

function sharesOf(engine: Engine, table: Table, partition: number): number {
  const sizes = engine
    .rows(table.id, undefined, 1e6, 1e9)
    .map(({ row }) => decodeRow(row))
    .filter(({ tombstone, body }) => !tombstone && body.toString().includes(`"p${partition}"`))
  // Each item is in the local index whole.
  return sizes.reduce((sum, { itemSizeBytes }) => sum + 2 * itemSizeBytes, 0)
}

async function repair({ engine, table, store }: Made, key: Buffer, row: Buffer | undefined): Promise<void> {
  const found = store.get(rowKey(table.number, key))
  expect(await engine.mend(table.id, key, { found, row })).toBe(true)
  await engine.audit(table.id)
}

describe('a repair that removes a row', () => {
  it('removes its index rows, counts and collection size, and logs a delete that stays in the region', async () => {
    const made = await filled()
    const { engine, table } = made
    const before = engine.flushed()
    await engine.mend(table.id, keyOf(table, 7), { found: rowAt(made, 7), row: undefined })
    checkBooks(made)
    checkLog(engine, table)
    const [change, ...more] = engine.readLog(before, 10, 1e6)
    expect(more).toEqual([])
    expect(change).toMatchObject({ cause: 'replica', table: table.id, ownNumber: 0, key: keyOf(table, 7) })
    expect(isTombstone(change?.row as Buffer)).toBe(true)
    expect(engine.rows(table.id, undefined, 100, 1e6).length).toBe(19)
  })

  it('leaves the counts alone where the row was never counted', async () => {
    const made = await filled()
    const { engine, store, table } = made
    const key = keyOf(table, 99)
    const foreign = encodeRow({ ...decodeRow(rowAt(made, 3)), body: Buffer.from(JSON.stringify(item(98))) })
    await store.write([{ key: rowKey(table.number, key), value: foreign }])
    await repair(made, key, undefined)
    checkBooks(made)
    checkLog(engine, table)
  })

  it('logs the delete of what cannot be read at all', async () => {
    const made = await filled()
    const { engine, store, table } = made
    await store.write([{ key: rowKey(table.number, keyOf(table, 5)), value: Buffer.from('no row') }])
    await repair(made, keyOf(table, 5), undefined)
    checkBooks(made)
    checkLog(engine, table)
  })
})

describe('a repair that puts a row back', () => {
  it('puts right what followed from the row that was there', async () => {
    const made = await filled()
    const { store, table } = made
    const right = rowAt(made, 8)
    const other = { ...decodeRow(right), body: Buffer.from(JSON.stringify({ ...item(8), color: { S: 'else' } })) }
    const later = { ...other.stamp, wallMs: other.stamp.wallMs - 5 }
    await store.write([{ key: rowKey(table.number, keyOf(table, 8)), value: encodeRow({ ...other, stamp: later }) }])
    await repair(made, keyOf(table, 8), right)
    checkBooks(made)
  })

  it('counts a row once that had only gone from its place', async () => {
    const made = await filled()
    const { store, table } = made
    const right = rowAt(made, 8)
    await store.write([{ key: rowKey(table.number, keyOf(table, 8)), value: undefined }])
    await repair(made, keyOf(table, 8), right)
    checkBooks(made)
  })
})

describe('an audit', () => {
  it('makes index rows, counts, collection sizes and tombstones by age follow from the rows', async () => {
    const made = await filled()
    const { engine, store, table } = made
    await engine.commit([del(table, item(0))])
    const [indexRow, another] = [...store.entries(tableIndexRows(table.number))]
    const [age] = [...store.entries(tableTombstones(table.number))]
    await store.write([
      { key: indexRow?.key as Buffer, value: undefined },
      { key: another?.key as Buffer, value: Buffer.from('xx') },
      { key: Buffer.concat([another?.key as Buffer, Buffer.of(1)]), value: another?.value },
      { key: age?.key as Buffer, value: undefined },
      {
        key: tombstoneKey(table.number, { wallMs: 1, counter: 1, region: 1 }, keyOf(table, 3)),
        value: Buffer.alloc(0),
      },
      { key: collectionKey(table.number, keyOf(table, 1)), value: Buffer.alloc(6, 1) },
      { key: collectionKey(table.number, encodePrimaryKey(table.key, itemOf('none', 1))), value: Buffer.alloc(6, 1) },
    ])
    expect(await engine.audit(table.id)).toBeGreaterThan(0)
    checkBooks(made)
    expect([...store.entries(tableTombstones(table.number))]).toEqual([age])
    expect(engine.collectionSizeBytes(table, encodePrimaryKey(table.key, itemOf('none', 1)))).toBe(0)
    expect(await engine.audit(table.id)).toBe(0)
  })

  it('counts exactly while writes go on', async () => {
    const made = await filled()
    const { engine, table } = made
    for (let from = 20; from < 1200; from += 100)
      await engine.commitEach(Array.from({ length: 100 }, (_, n) => put(table, item(from + n))))
    const progress = { ended: false }
    const audited = engine.audit(table.id).finally(() => (progress.ended = true))
    for (let n = 0; !progress.ended; n = (n + 137) % 1500)
      await engine.commit([
        n % 3 === 0 ? del(table, item(n)) : put(table, { ...item(n), text: { S: 'y'.repeat(n % 50) } }),
      ])
    expect(await audited).toBe(0)
    checkBooks(made)
    checkLog(engine, table)
  })

  it('is owed after a repair, and after counts that cannot be right, until it ends', async () => {
    const made = await filled()
    const { store, table } = made
    const counts = '{"items":0,"bytes":0,"ordinal":20,"indexes":{}}'
    await new SealedStore(store).write([{ key: countsKey(table.number), value: Buffer.from(counts) }])
    const again = await openRegion(us, store)
    expect(again.engine.tablesToAudit()).toEqual([])
    await again.engine.commit([del(table, item(1))])
    expect(again.engine.tablesToAudit().map(({ name }) => name)).toEqual(['T'])
    await again.engine.audit(table.id)
    expect(again.engine.tablesToAudit()).toEqual([])
    checkBooks({ ...made, engine: again.engine })
    await again.engine.mend(table.id, keyOf(table, 2), { found: rowAt(made, 2), row: undefined })
    expect(again.engine.tablesToAudit().map(({ name }) => name)).toEqual(['T'])
  })
})
