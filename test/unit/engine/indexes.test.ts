import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { localIndexRegister } from '../../../src/core/table/registers.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { checkIndexes, checkLog, indexItems } from './books.ts'
import {
  attributeNamed,
  del,
  indexValue,
  itemOf,
  makeTable,
  openRegion,
  put,
  regionNames,
  replicate,
  type TableOptions,
} from './region.ts'

const [us, eu] = regionNames

const indexes: Required<TableOptions>['indexes'] = {
  byColor: {},
  byColorAndSize: {
    id: 'two',
    key: { partition: [attributeNamed('color')], sort: [attributeNamed('size', 'N')] },
    projection: { type: 'KEYS_ONLY' },
  },
  bySize: {
    id: 'three',
    kind: 'local',
    key: { partition: [attributeNamed('pk')], sort: [attributeNamed('size', 'N')] },
    projection: { type: 'INCLUDE', attributes: ['note'] },
  },
}

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const color = optional(fc.constantFrom('red', 'green', 'blue').map((name) => ({ S: name })))
const size = optional(fc.integer({ min: -3, max: 3 }).map((number) => ({ N: String(number) })))
const note = optional(fc.string({ maxLength: 5 }).map((text) => ({ S: text })))
const item: fc.Arbitrary<Item> = fc
  .record({ pk: fc.constantFrom('a', 'b'), sk: fc.nat({ max: 4 }), color, size, note })
  .map(({ pk, sk, ...rest }) =>
    itemOf(pk, sk, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Item),
  )

type Step = { readonly do: 'put' | 'delete' | 'restart' | 'crash'; readonly item: Item }
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('put', 'put', 'put', 'put', 'delete', 'delete', 'restart', 'crash'),
  item,
})

const tableOf = (engine: Engine) => {
  const table = engine.tableNamed('T')
  if (table === undefined) throw new Error('no table')
  return table
}

async function makeIndex(engine: Engine, name: string): Promise<void> {
  await engine.define('id-T', [{ register: `index/${name}`, value: indexValue(indexes[name] ?? {}) }])
}

const indexNamed = (engine: Engine, name: string) => {
  const index = tableOf(engine).indexes.find((each) => each.name === name)
  if (index === undefined) throw new Error(`no index ${name}`)
  return index
}

describe('indexes', () => {
  it('hold what a full rebuild would, and the log replays to the table, whatever is written and wherever it stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), fc.boolean(), async (steps, global) => {
        let store = new MemoryStore()
        let { engine } = await openRegion(us, store)
        await makeTable(engine, 'T', { indexes, ...(global ? { replicas: [us, eu] } : {}) })
        for (const each of steps) {
          const table = tableOf(engine)
          if (each.do === 'put') await engine.commit([put(table, each.item)])
          else if (each.do === 'delete') await engine.commit([del(table, each.item)])
          else {
            if (each.do === 'crash') void engine.commit([put(table, each.item)])
            if (each.do === 'restart') await engine.close()
            store = store.crash(each.item['note'] === undefined ? 0 : 1)
            engine = (await openRegion(us, store)).engine
          }
        }
        checkIndexes(engine, tableOf(engine))
        checkLog(engine, tableOf(engine))
      }),
      { numRuns: 25 },
    )
  })

  it('are filled while writes go on', async () => {
    const writes = fc.array(fc.record({ remove: fc.boolean(), item }), { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(writes, writes, async (before, during) => {
        const { engine } = await openRegion(us)
        await makeTable(engine, 'T')
        const write = async ({ remove, item: each }: { remove: boolean; item: Item }): Promise<void> => {
          await engine.commit([remove ? del(tableOf(engine), each) : put(tableOf(engine), each)])
        }
        for (const each of before) await write(each)
        const under = during.slice(0, 3).map(write)
        await makeIndex(engine, 'byColor')
        const filling = engine.backfill('id-T', indexNamed(engine, 'byColor').number)
        for (const each of during.slice(3)) await write(each)
        await Promise.all([...under, filling])
        checkIndexes(engine, tableOf(engine))
      }),
      { numRuns: 25 },
    )
  })

  it('are filled in bounded steps that tell of their progress', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T')
    for (let n = 0; n < 1200; n++) void engine.commit([put(table, itemOf('a', n, { color: { S: `c${n}` } }))])
    await makeIndex(engine, 'byColor')
    const seen: number[] = []
    await engine.backfill(table.id, indexNamed(engine, 'byColor').number, (rows) => seen.push(rows))
    expect(seen).toEqual([500, 1000, 1200])
    checkIndexes(engine, tableOf(engine))
    await engine.backfill(table.id, indexNamed(engine, 'byColor').number)
    checkIndexes(engine, tableOf(engine))
  })

  it('leave out what cannot be a key of theirs', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T')
    await engine.commit([put(table, itemOf('a', 1, { color: { N: '5' } }))])
    await engine.commit([put(table, itemOf('a', 2, { color: { S: '' } }))])
    await engine.commit([put(table, itemOf('a', 3, { color: { S: 'red' } }))])
    await makeIndex(engine, 'byColor')
    await engine.backfill(table.id, indexNamed(engine, 'byColor').number)
    expect(indexItems(engine, tableOf(engine), indexNamed(engine, 'byColor'))).toEqual([
      itemOf('a', 3, { color: { S: 'red' } }),
    ])
  })

  it('are computed in each region from what arrives there', async () => {
    const [a, b] = [await openRegion(us), await openRegion(eu)]
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu], indexes })
    await replicate(a.engine, b.engine)
    await b.engine.define('id-T', [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    for (let n = 0; n < 30; n++) {
      const one = itemOf('a', n % 7, { color: { S: ['red', 'green'][n % 2] ?? '' }, size: { N: String(n % 5) } })
      const region = n % 3 === 0 ? b : a
      await region.engine.commit([n % 4 === 0 ? del(table, one) : put(tableOf(region.engine), one)])
      if (n % 5 === 0) await replicate(a.engine, b.engine)
      if (n % 6 === 0) await replicate(b.engine, a.engine)
    }
    await Promise.all([replicate(a.engine, b.engine), replicate(b.engine, a.engine)])
    for (const { engine } of [a, b]) {
      checkIndexes(engine, tableOf(engine))
      checkLog(engine, tableOf(engine))
    }
    expect(indexItems(a.engine, tableOf(a.engine), indexNamed(a.engine, 'byColor'))).toEqual(
      indexItems(b.engine, tableOf(b.engine), indexNamed(b.engine, 'byColor')),
    )
  })

  it('are removed in steps, and one made again under the same name is another', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T', { indexes: { byColor: {} } })
    for (let n = 0; n < 30; n++) await engine.commit([put(table, itemOf('a', n, { color: { S: 'red' } }))])
    const first = indexNamed(engine, 'byColor')
    await engine.define(table.id, [{ register: 'index/byColor', value: { ...indexValue({}), deleted: true } }])
    expect(indexNamed(engine, 'byColor').status).toBe('DELETING')
    await engine.commit([put(tableOf(engine), itemOf('a', 31, { color: { S: 'red' } }))])
    await engine.removePart(table.id, first.number)
    expect(indexItems(engine, table, first)).toEqual([])
    await engine.define(table.id, [{ register: localIndexRegister('byColor'), value: undefined }])
    await engine.define(table.id, [{ register: 'index/byColor', value: indexValue({ id: 'again' }) }])
    expect(indexNamed(engine, 'byColor').number).toBe(first.number + 1)
    await engine.backfill(table.id, indexNamed(engine, 'byColor').number)
    checkIndexes(engine, tableOf(engine))
  })
})
