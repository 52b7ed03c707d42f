import { describe, expect, it } from 'vitest'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { projectForIndex } from '../../../src/core/item/index-item.ts'
import { replayCapacity, writeCapacity } from '../../../src/core/write/write-capacity.ts'
import type { Outcome } from '../../../src/core/write/write.ts'
import { indexWith, schema, tableWith } from '../key/keys.ts'

const byKind = indexWith(schema(['kind:S']), {
  name: 'by-kind',
  projection: { type: 'INCLUDE', attributes: ['shown', 'absent'] },
})
const byTime = indexWith(schema(['pk:S'], ['at:N']), {
  kind: 'local',
  name: 'by-time',
  projection: { type: 'KEYS_ONLY' },
})
const table = tableWith(schema(['pk:S']), [byKind, byTime])
const base: Item = { pk: { S: 'p' }, kind: { S: 'k' }, shown: { S: 's' }, hidden: { S: 'h' } }

const held = (item: Item | undefined) => item && { sizeBytes: sizeOfItem(item), item: () => item }
const outcome = (previous: Item | undefined, next: Item | undefined): Outcome => ({
  previous: held(previous),
  next: held(next),
  changed: true,
})
const unitsOf = (previous: Item | undefined, next: Item | undefined, transactional = false) => {
  const { table: units, indexes } = writeCapacity(table, outcome(previous, next), transactional)
  return { table: units, ...Object.fromEntries(indexes.map((entry) => [entry.index.name, entry.units])) }
}

describe('an index row', () => {
  it('holds the keys of index and table, and the attributes included that the item has', () => {
    expect(projectForIndex({ ...base, at: { N: '1' } }, byKind, table)).toEqual({
      pk: { S: 'p' },
      kind: { S: 'k' },
      shown: { S: 's' },
    })
    expect(projectForIndex({ ...base, at: { N: '1' } }, byTime, table)).toEqual({ pk: { S: 'p' }, at: { N: '1' } })
  })
})

describe('write capacity', () => {
  it.each<[string, Item | undefined, Item | undefined, Record<string, number>]>([
    ['a new item', undefined, base, { table: 1, 'by-kind': 1 }],
    ['an item in both indexes', undefined, { ...base, at: { N: '1' } }, { table: 1, 'by-kind': 1, 'by-time': 1 }],
    ['the same item again', base, { ...base }, { table: 1 }],
    ['a change that no index holds', base, { ...base, hidden: { S: 'other' } }, { table: 1 }],
    ['a change that an index holds', base, { ...base, shown: { S: 'other' } }, { table: 1, 'by-kind': 1 }],
    ['a change of an index key', base, { ...base, kind: { S: 'other' } }, { table: 1, 'by-kind': 2 }],
    ['the loss of an index key', base, { pk: { S: 'p' } }, { table: 1, 'by-kind': 1 }],
    ['a delete', base, undefined, { table: 1, 'by-kind': 1 }],
    ['a delete of nothing', undefined, undefined, { table: 1 }],
    ['an item grown to 1.5 KB', base, { ...base, hidden: { S: 'h'.repeat(1500) } }, { table: 2 }],
    ['an item shrunk from 1.5 KB', { ...base, hidden: { S: 'h'.repeat(1500) } }, base, { table: 2 }],
    ['a large index row', undefined, { ...base, shown: { S: 's'.repeat(1500) } }, { table: 2, 'by-kind': 2 }],
  ])('of %s', (_, previous, next, units) => {
    expect(unitsOf(previous, next)).toEqual(units)
  })

  it('is doubled in a transaction for the table alone', () => {
    expect(unitsOf(base, { ...base, kind: { S: 'other' } }, true)).toEqual({ table: 2, 'by-kind': 2 })
  })

  it('of a condition check is that of the item found', () => {
    const found: Item = { ...base, hidden: { S: 'h'.repeat(3000) } }
    const check: Outcome = { ...outcome(found, found), changed: false }
    expect(writeCapacity(table, check, true)).toEqual({ table: 6, indexes: [] })
  })

  it('of a transaction sent again is that of reading its items', () => {
    const item: Item = { ...base, hidden: { S: 'h'.repeat(9000) } }
    expect(replayCapacity(outcome(item, undefined))).toEqual({ table: 6, indexes: [] })
  })
})
