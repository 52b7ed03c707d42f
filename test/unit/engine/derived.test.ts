/** Every entry of the list of derived rows, and every way in which a row changes: what stands there is what a rebuild makes. */
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import type { Table } from '../../../src/core/table/table.ts'
import { derived } from '../../../src/engine/derived/derived.ts'
import { countsKey } from '../../../src/engine/store/keys.ts'
import {
  attributeNamed,
  batchFrom,
  del,
  indexValue,
  itemOf,
  makeTable,
  openRegion,
  put,
  replicate,
  type TestRegion,
} from './region.ts'

const replicas = ['us-east-1', 'eu-west-1'] as const
const indexes = {
  'by-color': {},
  local: {
    id: 'two',
    kind: 'local' as const,
    key: { partition: [attributeNamed('pk')], sort: [attributeNamed('color')] },
  },
}
const colored = (sk: number, color: string, expires = 100 + sk): Item =>
  itemOf('p', sk, { color: { S: color }, expires: { N: String(expires) } })

type Here = TestRegion & { readonly store: MemoryStore; readonly table: Table }

async function here(): Promise<Here> {
  const store = new MemoryStore()
  const region = await openRegion('us-east-1', store)
  const table = await makeTable(region.engine, 't', { replicas, indexes })
  await region.engine.define(table.id, [
    { register: 'local/expiry', value: { attribute: 'expires', status: 'ACTIVE' } },
  ])
  await region.engine.commit([1, 2, 3].map((sk) => put(table, colored(sk, 'red'))))
  return { ...region, store, table }
}

/** A peer that has the table, and has seen what `there` holds. */
async function peerOf({ engine }: Here) {
  const peer = await openRegion('eu-west-1')
  const table = await makeTable(peer.engine, 't', { replicas, indexes })
  await replicate(engine, peer.engine)
  return { ...peer, table }
}

const afterPeer = async (at: Here, change: (peer: Awaited<ReturnType<typeof peerOf>>) => Promise<unknown>) => {
  const peer = await peerOf(at)
  await change(peer)
  return peer
}

const horizon = { wallMs: 2 ** 42, counter: 0, region: 1 }

/** One for each way in which a row changes. */
const changes: Readonly<Record<string, (at: Here) => Promise<unknown>>> = {
  'a put of a new item': ({ engine, table }) => engine.commit([put(table, colored(4, 'blue'))]),
  'a put over an item': ({ engine, table }) => engine.commit([put(table, colored(1, 'blue'))]),
  'a put that expires at another time': ({ engine, table }) => engine.commit([put(table, colored(1, 'red', 7))]),
  'a put that never expires': ({ engine, table }) => engine.commit([put(table, itemOf('p', 1))]),
  'a delete': ({ engine, table }) => engine.commit([del(table, itemOf('p', 1))]),
  'a put over a tombstone': async ({ engine, table }) => {
    await engine.commit([del(table, itemOf('p', 1))])
    await engine.commit([put(table, colored(1, 'blue'))])
  },
  'a transaction': ({ engine, table }) =>
    engine.commitOnce([put(table, colored(5, 'blue')), del(table, itemOf('p', 2))], { name: 'n', digest: 'd' }),
  'a batch': ({ engine, table }) => engine.commitEach([put(table, colored(5, 'blue')), del(table, itemOf('p', 2))]),
  'changes of a peer': async (at) => {
    const peer = await afterPeer(at, ({ engine, table }) =>
      engine.commit([put(table, colored(1, 'blue')), del(table, itemOf('p', 2)), put(table, colored(6, 'new'))]),
    )
    await replicate(peer.engine, at.engine)
    expect(batchFrom(peer.engine, 0).changes.length).toBeGreaterThan(0)
  },
  'a snapshot of a peer': async (at) => {
    const peer = await afterPeer(at, ({ engine, table }) =>
      engine.commit([put(table, colored(1, 'blue')), del(table, itemOf('p', 2))]),
    )
    await at.engine.merge(at.table.id, peer.engine.rows(peer.table.id, undefined, 100, 1e6))
  },
  'rows of a damaged disk': async (at) => {
    const rows = at.engine.rows(at.table.id, undefined, 100, 1e6)
    await at.engine.emptyTable(at.table.id)
    await at.engine.restore(at.table.id, rows)
  },
  'a row that is mended': async (at) => {
    const { engine, table } = at
    const key = put(table, colored(1, 'red')).key
    const peer = await afterPeer(at, (other) => other.engine.commit([put(other.table, colored(1, 'mended'))]))
    const [found, row] = [engine.get(table, key), peer.engine.get(peer.table, key)]
    expect(await engine.mend(table.id, key, { found, row })).toBe(true)
  },
  'a row that is mended away': async ({ engine, table }) => {
    const key = put(table, colored(1, 'red')).key
    expect(await engine.mend(table.id, key, { found: engine.get(table, key), row: undefined })).toBe(true)
  },
  'an index that is filled': async ({ engine, table }) => {
    await engine.define(table.id, [
      {
        register: 'index/late',
        value: indexValue({ id: 'late', key: { partition: [attributeNamed('pk')], sort: [] } }),
      },
    ])
    const late = engine.tableWithId(table.id)?.indexes.find(({ name }) => name === 'late')
    if (late === undefined) throw new Error('the index is there')
    await engine.backfill(table.id, late.number)
  },
  'an index that is removed': async ({ engine, table }) => {
    const [index] = table.indexes
    if (index === undefined) throw new Error('the index is there')
    await engine.define(table.id, [{ register: `index/${index.name}`, value: indexValue({ ...index, deleted: true }) }])
    await engine.removePart(table.id, index.number)
  },
  'the expiry index begun again and filled': async ({ engine, table }) => {
    const state = (value: unknown) => engine.define(table.id, [{ register: 'local/expiry', value }])
    await state({ attribute: 'expires', status: 'GOING' })
    await engine.commit([put(table, colored(1, 'red', 7)), put(table, colored(8, 'red'))])
    await engine.removePart(table.id, 'expiry')
    await state({ attribute: 'expires', status: 'FILLING' })
    await engine.backfill(table.id, 'expiry')
  },
  'tombstones that are forgotten': async ({ engine, table }) => {
    await engine.commit([del(table, itemOf('p', 1))])
    expect(await engine.removeTombstones(table.id, horizon, 10)).toBe(1)
  },
  'a table that is emptied': async ({ engine, table }) => {
    await engine.commit([del(table, itemOf('p', 1))])
    await engine.emptyTable(table.id)
  },
}

const hexes = (store: MemoryStore, entry: (typeof derived)[number], { number }: Table): readonly string[] =>
  entry
    .drop(number)
    .flatMap((range) =>
      [...store.entries(range)].map(({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`),
    )

const keysOf = (store: MemoryStore, entry: (typeof derived)[number], { number }: Table): readonly Buffer[] =>
  entry.drop(number).flatMap((range) => [...store.keys(range)])

function sizes({ engine, table }: Here) {
  const now = engine.tableWithId(table.id) ?? table
  return [undefined, ...now.indexes].map((index) => engine.size(now, index))
}

describe.each(derived)('$name', (entry) => {
  test.each(Object.entries(changes))('after %s it is what a rebuild makes', async (_, change) => {
    const at = await here()
    await change(at)
    const { store, engine, table } = at
    expect(await engine.audit(table.id)).toBe(0)
    const before = { records: hexes(store, entry, table), sizes: sizes(at) }
    await engine.close()
    const wiped = entry.name === 'counts' ? [countsKey(table.number)] : keysOf(store, entry, table)
    await store.write(wiped.map((key) => ({ key, value: undefined })))
    const again = await openRegion('us-east-1', store)
    const corrected = await again.engine.audit(table.id)
    expect({ records: hexes(store, entry, table), sizes: sizes({ ...at, ...again, table }) }).toEqual(before)
    expect(corrected).toBeGreaterThanOrEqual(before.records.length)
  })

  test('nothing is left of it when the table is removed', async () => {
    const at = await here()
    await at.engine.commit([del(at.table, itemOf('p', 1))])
    await at.engine.removeTable(at.table.id)
    expect(hexes(at.store, entry, at.table)).toEqual([])
  })
})
