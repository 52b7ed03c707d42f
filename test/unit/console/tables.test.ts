import { describe, expect, test } from 'vitest'
import { capacityText, keyOf, keyText, plainWish, readingOf } from '../../../src/console/model/wanted-items.ts'
import { tableView } from '../../../src/console/model/described-table.ts'

const described = {
  Table: {
    TableName: 'Orders',
    TableStatus: 'ACTIVE',
    AttributeDefinitions: [
      { AttributeName: 'customer', AttributeType: 'S' },
      { AttributeName: 'at', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'customer', KeyType: 'HASH' },
      { AttributeName: 'at', KeyType: 'RANGE' },
    ],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-at',
        IndexStatus: 'CREATING',
        KeySchema: [{ AttributeName: 'at', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'CREATING' }],
    ItemCount: 3,
  },
}

describe('a table that is described', () => {
  test('has its keys, indexes and replicas', () => {
    expect(tableView(described)).toMatchObject({
      name: 'Orders',
      billing: 'on demand',
      keys: [
        { name: 'customer', type: 'S', role: 'HASH' },
        { name: 'at', type: 'N', role: 'RANGE' },
      ],
      indexes: [{ name: 'by-at', kind: 'global', status: 'CREATING', projection: 'ALL' }],
      replicas: [{ region: 'eu-west-1', status: 'CREATING' }],
      stream: 'off',
    })
  })

  test.each([{}, { Table: null }, { Table: { KeySchema: 5, Replicas: [null], GlobalSecondaryIndexes: 'x' } }])(
    'breaks nothing when it is %j',
    (output) => {
      expect(tableView(output).keys).toEqual([])
    },
  )
})

describe('what is read', () => {
  const { keys } = tableView(described)

  test('is a scan without a partition, and a query with one', () => {
    expect(readingOf('Orders', keys, plainWish)).toMatchObject({ operation: 'Scan', input: { Limit: 25 } })
    const wish = { ...plainWish, partition: 'ann', sortHow: '>=' as const, sort: '9007199254740993', isBackwards: true }
    expect(readingOf('Orders', keys, wish)).toMatchObject({
      operation: 'Query',
      input: {
        KeyConditionExpression: '#partition = :partition AND #sort >= :sort',
        ExpressionAttributeValues: { ':partition': { S: 'ann' }, ':sort': { N: '9007199254740993' } },
        ScanIndexForward: false,
      },
    })
    const begins = readingOf('Orders', keys, { ...wish, sortHow: 'begins with' })
    expect(begins.input['KeyConditionExpression']).toBe('#partition = :partition AND begins_with(#sort, :sort)')
  })

  test('is refused with a reason when the values of a filter are no JSON', () => {
    const wish = { ...plainWish, filter: 'a = :a', filterValues: '{' }
    expect(() => readingOf('Orders', keys, wish)).toThrow('the values of the filter are JSON')
  })

  test('has keys, and tells what it has consumed', () => {
    const item = { customer: { S: 'ann' }, at: { N: '5' }, more: { S: 'x' } }
    expect(keyOf(keys, item)).toEqual({ customer: { S: 'ann' }, at: { N: '5' } })
    expect(keyText(keys, item)).toBe('ann · 5')
    expect(capacityText({ ConsumedCapacity: { CapacityUnits: 1.5 } })).toBe('1.5 units')
    expect(capacityText({})).toBe('not told')
  })
})
