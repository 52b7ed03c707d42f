import { describe, expect, it } from 'vitest'
import {
  addCapacity,
  noCapacity,
  pageReadCapacity,
  readUnits,
  totalUnits,
} from '../../../src/core/read/read-capacity.ts'
import { consumedCapacity } from '../../../src/core/read/consumed-capacity.ts'
import { indexWith, schema } from '../key/keys.ts'

const local = indexWith(schema(['pk:S'], ['at:N']), { kind: 'local', name: 'by-time' })
const global = indexWith(schema(['kind:S']), { name: 'by-kind' })

describe('read units', () => {
  it.each([
    [0, 'eventual', 0.5],
    [1, 'strong', 1],
    [4096, 'strong', 1],
    [4097, 'strong', 2],
    [4097, 'eventual', 1],
    [4097, 'transactional', 4],
    [1024 * 1024 + 1, 'eventual', 128.5],
  ] as const)('of %i bytes, %s, are %d', (size, consistency, units) => {
    expect(readUnits(size, consistency)).toBe(units)
  })

  it('of a page are rounded once, on the index when one is read', () => {
    const page = { scannedSizeBytes: 9000, fetchedSizesBytes: [] }
    expect(pageReadCapacity({}, page, 'strong')).toEqual({ table: 3, indexes: [] })
    expect(pageReadCapacity({ index: global }, page, 'eventual')).toEqual({
      table: 0,
      indexes: [{ index: global, units: 1.5 }],
    })
  })

  it('of items that a local index fetched are rounded one by one, on the table', () => {
    const page = { scannedSizeBytes: 100, fetchedSizesBytes: [100, 5000] }
    expect(pageReadCapacity({ index: local }, page, 'strong')).toEqual({
      table: 3,
      indexes: [{ index: local, units: 1 }],
    })
  })
})

describe('ConsumedCapacity', () => {
  const capacity = {
    table: 2,
    indexes: [
      { index: local, units: 1 },
      { index: global, units: 0 },
    ],
  }

  it('is absent unless asked for', () => {
    expect(consumedCapacity('Things', capacity, undefined)).toBeUndefined()
    expect(consumedCapacity('Things', capacity, 'NONE')).toBeUndefined()
  })

  it('is one figure with TOTAL', () => {
    expect(consumedCapacity('Things', capacity, 'TOTAL')).toEqual({ TableName: 'Things', CapacityUnits: 3 })
  })

  it('is broken down with INDEXES, without those that were not touched', () => {
    expect(consumedCapacity('Things', capacity, 'INDEXES')).toEqual({
      TableName: 'Things',
      CapacityUnits: 3,
      Table: { CapacityUnits: 2 },
      LocalSecondaryIndexes: { 'by-time': { CapacityUnits: 1 } },
    })
  })

  it('of an index query shows the table with nothing', () => {
    expect(consumedCapacity('Things', { table: 0, indexes: [{ index: global, units: 0.5 }] }, 'INDEXES')).toEqual({
      TableName: 'Things',
      CapacityUnits: 0.5,
      Table: { CapacityUnits: 0 },
      GlobalSecondaryIndexes: { 'by-kind': { CapacityUnits: 0.5 } },
    })
  })

  it('of a transaction says what was read or written', () => {
    expect(consumedCapacity('Things', capacity, 'INDEXES', 'write')).toEqual({
      TableName: 'Things',
      CapacityUnits: 3,
      WriteCapacityUnits: 3,
      Table: { CapacityUnits: 2, WriteCapacityUnits: 2 },
      LocalSecondaryIndexes: { 'by-time': { CapacityUnits: 1, WriteCapacityUnits: 1 } },
    })
    expect(consumedCapacity('Things', { table: 4, indexes: [] }, 'TOTAL', 'read')).toEqual({
      TableName: 'Things',
      CapacityUnits: 4,
      ReadCapacityUnits: 4,
    })
  })

  it('adds up index by index', () => {
    const sum = addCapacity(addCapacity(noCapacity, capacity), {
      table: 1,
      indexes: [
        { index: local, units: 2 },
        { index: global, units: 4 },
      ],
    })
    expect(sum.table).toBe(3)
    expect(sum.indexes.map(({ units }) => units)).toEqual([3, 4])
    expect(totalUnits(sum)).toBe(10)
  })
})
