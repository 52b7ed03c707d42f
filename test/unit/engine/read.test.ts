import { beforeEach, describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { indexKeyRange } from '../../../src/core/key/index-key.ts'
import { wholeRange } from '../../../src/core/key/key-range.ts'
import { encodePrimaryKey, primaryKeyRange } from '../../../src/core/key/primary-key.ts'
import type { ReadPlan } from '../../../src/core/read/read-plan.ts'
import type { Index, Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { attributeNamed, del, itemOf, makeTable, openRegion, put, regionNames } from './region.ts'
import { inOneTurn } from '../../../src/core/turns.ts'

const [us, eu] = regionNames
const plan = { range: wholeRange, forward: true, countOnly: false, fetchWhole: false }

describe('read', () => {
  let engine: Engine
  let table: Table

  beforeEach(async () => {
    engine = (await openRegion(us)).engine
    table = await makeTable(engine, 'T', {
      replicas: [us, eu],
      indexes: {
        byNote: {
          kind: 'local',
          key: { partition: [attributeNamed('pk')], sort: [attributeNamed('note')] },
          projection: { type: 'KEYS_ONLY' },
        },
      },
    })
    for (const pk of ['a', 'b'])
      for (let sk = 0; sk < 10; sk++)
        await engine.commit([put(table, itemOf(pk, sk, { note: { S: `note ${9 - sk}` }, more: { S: 'more' } }))])
    for (const sk of [3, 4]) await engine.commit([del(table, itemOf('a', sk))])
  })

  const partition = (pk: string): ReadPlan['range'] => primaryKeyRange(table.key, { pk: { S: pk } })
  const sortKeys = (read: Partial<ReadPlan>): string[] =>
    inOneTurn(engine.read({ ...plan, table, ...read })).items.map((body) => {
      const item = JSON.parse(body.toString()) as Item
      return (item['sk'] as { N: string }).N
    })

  it('walks a partition in the order of its sort key, both ways, past tombstones', () => {
    expect(sortKeys({ range: partition('a') })).toEqual(['0', '1', '2', '5', '6', '7', '8', '9'])
    expect(sortKeys({ range: partition('a'), forward: false })).toEqual(['9', '8', '7', '6', '5', '2', '1', '0'])
  })

  it('starts after the given key, whether or not it is there still', () => {
    const after = (sk: number): Buffer => encodePrimaryKey(table.key, itemOf('a', sk))
    expect(sortKeys({ range: partition('a'), after: after(5) })).toEqual(['6', '7', '8', '9'])
    expect(sortKeys({ range: partition('a'), after: after(3) })).toEqual(['5', '6', '7', '8', '9'])
    expect(sortKeys({ range: partition('a'), after: after(5), forward: false })).toEqual(['2', '1', '0'])
    expect(sortKeys({ range: partition('a'), after: after(-1), forward: false })).toEqual([])
    expect(sortKeys({ range: partition('a'), after: encodePrimaryKey(table.key, itemOf('b', 0)) }).length % 8).toBe(0)
  })

  it('counts Limit before the filter, and says where it stopped', () => {
    const filter = { op: 'compare', comparator: '=', left: { path: ['sk'] }, right: { value: { N: '2' } } } as const
    const page = inOneTurn(engine.read({ ...plan, table, range: partition('a'), limit: 4, filter }))
    expect(page).toMatchObject({ count: 1, scannedCount: 4 })
    expect(JSON.parse(page.lastItem?.toString() ?? '')).toMatchObject({ sk: { N: '5' } })
  })

  it('sees every item once in a scan of both partitions', () => {
    expect(sortKeys({}).length).toBe(18)
  })

  it('walks a local index, and fetches the whole item where asked', () => {
    const index = table.indexes[0] as Index
    const range = indexKeyRange(index, { pk: { S: 'a' } })
    expect(sortKeys({ index, range })).toEqual(['9', '8', '7', '6', '5', '2', '1', '0'])
    const [keysOnly, whole] = [false, true].map((fetchWhole) =>
      inOneTurn(engine.read({ ...plan, table, index, range, fetchWhole, limit: 1 })),
    )
    expect(JSON.parse(String(keysOnly?.items[0]))).toEqual({ pk: { S: 'a' }, sk: { N: '9' }, note: { S: 'note 0' } })
    expect(JSON.parse(String(whole?.items[0]))).toMatchObject({ more: { S: 'more' } })
    expect(whole?.fetchedSizesBytes.length).toBe(1)
  })

  it('walks index rows from a key in the middle', () => {
    const index = table.indexes[0] as Index
    const range = indexKeyRange(index, { pk: { S: 'a' } })
    const rest = indexKeyRange(index, { pk: { S: 'a' }, note: { S: 'note 2' } })
    expect(sortKeys({ index, range, after: rest.to })).toEqual(['6', '5', '2', '1', '0'])
  })

  it('gives a table’s rows in pieces, tombstones too', () => {
    const seen: string[] = []
    for (let after: Buffer | undefined; ;) {
      const rows = engine.rows(table.id, after, 3, 1e6)
      if (rows.length === 0) break
      seen.push(...rows.map(({ key }) => key.toString('hex')))
      after = rows.at(-1)?.key
    }
    expect(seen).toEqual([...new Set(seen)].toSorted())
    expect(seen.length).toBe(20)
    expect(engine.rows(table.id, undefined, 100, 1).length).toBe(1)
  })
})
