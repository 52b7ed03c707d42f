/** Repair is an entrance as well: what no request may write, no repair takes from a peer, and nothing that a peer sends does. */
import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import { encodeRow } from '../../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { itemOf, makeTable, openRegion, startMs } from './region.ts'

const nested = (levels: number): AttributeValue => (levels === 1 ? { S: 'x' } : { L: [nested(levels - 1)] })
const good = itemOf('p', 1)

function rowOf(item: Item): Buffer {
  let itemSizeBytes = 10
  try {
    itemSizeBytes = sizeOfItem(item)
  } catch {
    // The size of what is no value cannot be right.
  }
  const stamp = { wallMs: startMs, counter: 0, region: 2 }
  return encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes, body: Buffer.from(JSON.stringify(item)) })
}

const guards: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['an item has at most 400 KB', { v: { S: 'x'.repeat(410 * 1024) } }],
  ['values nest at most 32 levels', { v: nested(33) }],
  ['a number is one', { v: { N: 'one' } }],
  ['a number is in its canonical text', { v: { N: '1.0' } }],
  ['numbers of a set are some', { v: { NS: ['1', 'one'] } }],
  ['bytes are in base64', { v: { B: 'a' } }],
  ['a set is not empty', { v: { SS: [] } }],
  ['a set has no twins', { v: { NS: ['1', '1'] } }],
  ['a value has a type', { v: {} }],
  ['a value has a known type', { v: { X: 'a' } }],
  ['a set has texts', { v: { SS: [1] } }],
  ['a key is whole', { sk: undefined }],
  ['a key has its type', { pk: { N: '1' } }],
  ['a key is that of its item', { pk: { S: 'q' } }],
]

test('a repair takes what a request may write', async () => {
  const { engine } = await openRegion('us-east-1')
  const table = await makeTable(engine, 'T', { replicas: ['us-east-1', 'eu-west-1'], indexes: { 'by-color': {} } })
  const more = { v: nested(32), n: { N: '-1.5' }, b: { B: 'YQ==' }, s: { NS: ['1', '2'] }, e: { S: '' }, z: { B: '' } }
  const item = { ...good, ...more } as unknown as Item
  expect(engine.isRowOf(table.id, encodePrimaryKey(table.key, good), rowOf(item))).toBe(true)
})

describe.each([
  ['with indexes', { 'by-color': {} }],
  ['without', {}],
] as const)('of a table %s, a repair takes no row against the guard that', (_what, indexes) => {
  test.each(guards)('%s', async (_guard, more) => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'T', { replicas: ['us-east-1', 'eu-west-1'], indexes })
    const key = encodePrimaryKey(table.key, good)
    expect(engine.isRowOf(table.id, key, rowOf(good))).toBe(true)
    expect(engine.isRowOf(table.id, key, rowOf({ ...good, ...more } as unknown as Item))).toBe(false)
  })
})
