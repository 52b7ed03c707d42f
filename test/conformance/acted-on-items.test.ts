/**
 * Every member of the operations on items is acted on: a request that differs from another in one member alone has another reply, or leaves
 * other items. The members are those of the service model, so a member of a newer one has no request here, and fails.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changed, type Json, membersOf, type Place, placesIn } from './one-member.ts'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let table: string
beforeAll(async () => {
  region = await testRegion()
  table = await region.createTable({
    AttributeDefinitions: ['pk', 'sk', 'g', 'l'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [hash('pk'), range('sk')],
    LocalSecondaryIndexes: [{ IndexName: 'local', KeySchema: [hash('pk'), range('l')], Projection }],
    GlobalSecondaryIndexes: [{ IndexName: 'global', KeySchema: [hash('g')], Projection }],
  })
})
afterAll(() => region.close())

const TableName = 'THE_TABLE'
const s = (S: string) => ({ S })
const n = (N: string) => ({ N })
const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' as const })
const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' as const })
const Projection = { ProjectionType: 'ALL' as const }

const items = [
  { pk: s('a'), sk: s('1'), g: s('x'), l: s('3'), n: n('1') },
  { pk: s('a'), sk: s('2'), g: s('x'), l: s('2'), n: n('2') },
  { pk: s('a'), sk: s('3'), g: s('y'), l: s('1'), n: n('1') },
  ...['b', 'c', 'd', 'e'].map((name) => ({ pk: s(name), sk: s('1'), g: s('y'), n: n('1') })),
]
const Key = { pk: s('a'), sk: s('1') }
const Item = { ...Key, n: n('9') }
const told = { ReturnConsumedCapacity: 'TOTAL' }
const condition = {
  ConditionExpression: '#n = :v',
  ExpressionAttributeNames: { '#n': 'n' },
  ExpressionAttributeValues: { ':v': n('1') },
}
const failing = { ...condition, ExpressionAttributeValues: { ':v': n('8') } }
const shown = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }
/** The first does not hold, the second does. */
const either = {
  Expected: {
    n: { ComparisonOperator: 'EQ', AttributeValueList: [n('8')] },
    g: { ComparisonOperator: 'EQ', AttributeValueList: [s('x')] },
  },
  ConditionalOperator: 'OR',
}
const known = { Expected: { n: { Value: n('1'), Exists: true } } }
const projected = { ProjectionExpression: '#n', ExpressionAttributeNames: { '#n': 'n' } }

type Members = Readonly<Record<string, Json>>
const written = (asked: Members, more: Members = {}): readonly Json[] => [
  { TableName, ...asked, ...more, ...condition, ...told, ReturnItemCollectionMetrics: 'SIZE', ReturnValues: 'ALL_OLD' },
  { TableName, ...asked, ...more, ...failing, ...shown },
]
const set = { UpdateExpression: 'SET m = #n' }
const filter = {
  FilterExpression: '#n = :v',
  ProjectionExpression: 'sk, #n',
  ExpressionAttributeNames: { '#n': 'n' },
  ConsistentRead: true,
  Select: 'SPECIFIC_ATTRIBUTES',
  ...told,
}
const comparison = (value: Json) => ({ ComparisonOperator: 'EQ', AttributeValueList: [value] })
const compared = { n: comparison(n('8')), g: comparison(s('x')) }
const statement = `SELECT n FROM "${TableName}" WHERE pk = ? AND sk = '1'`
const failingStatement = `UPDATE "${TableName}" SET m = 1 WHERE pk = ? AND sk = '1' AND n = 8`

/** Requests by operation: together they have every member. */
const requests: Readonly<Record<string, readonly Json[]>> = {
  PutItem: [...written({ Item }), { TableName, Item, ...either }, { TableName, Item, ...known }],
  DeleteItem: [...written({ Key }), { TableName, Key, ...either }, { TableName, Key, ...known }],
  UpdateItem: [
    ...written({ Key }, set),
    { TableName, Key, AttributeUpdates: { n: { Value: n('5'), Action: 'ADD' } }, ...either },
    { TableName, Key, AttributeUpdates: { n: { Value: n('5'), Action: 'ADD' } }, ...known },
  ],
  GetItem: [
    { TableName, Key, ...projected, ConsistentRead: true, ...told },
    { TableName, Key, AttributesToGet: ['n'] },
  ],
  Query: [
    {
      TableName,
      KeyConditionExpression: 'pk = :p',
      ...filter,
      ExpressionAttributeValues: { ':v': n('1'), ':p': s('a') },
      Limit: 2,
      ScanIndexForward: false,
    },
    {
      TableName,
      IndexName: 'local',
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': s('a') },
      ExclusiveStartKey: { ...Key, l: s('3') },
      ScanIndexForward: false,
    },
    {
      TableName,
      KeyConditions: { pk: comparison(s('a')) },
      QueryFilter: compared,
      ConditionalOperator: 'OR',
      AttributesToGet: ['sk'],
    },
  ],
  Scan: [
    { TableName, ...filter, ExpressionAttributeValues: { ':v': n('1') } },
    { TableName, IndexName: 'local', Limit: 2 },
    { TableName, ExclusiveStartKey: { pk: s('a'), sk: s('2') } },
    { TableName, Segment: 0, TotalSegments: 1 },
    { TableName, ScanFilter: compared, ConditionalOperator: 'OR', AttributesToGet: ['sk'] },
  ],
  BatchGetItem: [
    { RequestItems: { [TableName]: { Keys: [Key], ...projected, ConsistentRead: true } }, ...told },
    { RequestItems: { [TableName]: { Keys: [Key], AttributesToGet: ['n'] } } },
  ],
  BatchWriteItem: [
    {
      RequestItems: {
        [TableName]: [{ PutRequest: { Item } }, { DeleteRequest: { Key: { pk: s('b'), sk: s('1') } } }],
      },
      ...told,
      ReturnItemCollectionMetrics: 'SIZE',
    },
  ],
  TransactGetItems: [{ TransactItems: [{ Get: { TableName, Key, ...projected } }], ...told }],
  TransactWriteItems: [
    { Put: { Item } },
    { Delete: { Key } },
    { Update: { Key, ...set } },
    { ConditionCheck: { Key } },
  ].flatMap((action) => {
    const [[kind, asked] = ['', {}]] = Object.entries(action)
    return [
      {
        TransactItems: [{ [kind]: { TableName, ...asked, ...condition } }],
        ...told,
        ReturnItemCollectionMetrics: 'SIZE',
      },
      { TransactItems: [{ [kind]: { TableName, ...asked, ...failing, ...shown } }] },
    ]
  }),
  ExecuteStatement: [
    { Statement: statement, Parameters: [s('a')], ConsistentRead: true, ...told },
    { Statement: `SELECT n FROM "${TableName}" WHERE pk = 'a'`, Limit: 2 },
    { Statement: failingStatement, Parameters: [s('a')], ...shown },
  ],
  BatchExecuteStatement: [
    { Statements: [{ Statement: statement, Parameters: [s('a')], ConsistentRead: true }], ...told },
    { Statements: [{ Statement: failingStatement, Parameters: [s('a')], ...shown }] },
  ],
  ExecuteTransaction: [
    { TransactStatements: [{ Statement: statement, Parameters: [s('a')] }], ...told },
    { TransactStatements: [{ Statement: failingStatement, Parameters: [s('a')], ...shown }] },
  ],
}

/** What they do shows only when a request is sent again: transactions.test.ts, partiql.test.ts. */
const again = ['ClientRequestToken', 'NextToken']

/** The table has these items and no others. */
async function reset(): Promise<void> {
  const { json } = await call(region.endpoint, 'Scan', { TableName: table, ProjectionExpression: 'pk, sk' })
  const there = (json as { readonly Items: readonly object[] }).Items.map((found) => JSON.stringify(found))
  const kept = new Set(items.map(({ pk, sk }) => JSON.stringify({ pk, sk })))
  const gone = there
    .filter((key) => !kept.has(key))
    .map((key) => ({ DeleteRequest: { Key: JSON.parse(key) as object } }))
  const puts = items.map((each) => ({ PutRequest: { Item: each } }))
  await call(region.endpoint, 'BatchWriteItem', { RequestItems: { [table]: [...gone, ...puts] } })
}

/** The reply, and the items afterwards. */
async function outcome(operation: string, request: Json): Promise<string> {
  await reset()
  const body = JSON.stringify(request).replaceAll(TableName, table)
  const { status, text } = await call(region.endpoint, operation, body)
  const after = await call(region.endpoint, 'Scan', { TableName: table })
  const withoutToken = text.replace(/"NextToken":"[^"]*"/, '"NextToken":""')
  return `${status} ${withoutToken} ${after.text}`
}

type Case = { readonly request: Json; readonly path: Place['path'] }

describe.runIf(isLocal).each(Object.entries(requests))('every member of %s', (operation, all) => {
  const cases = new Map<string, Case[]>()
  for (const request of all)
    for (const { member, path } of placesIn(operation, request))
      cases.set(member, [...(cases.get(member) ?? []), { request, path }])
  const usual = new Map<Json, string>()
  beforeAll(async () => {
    for (const request of all) usual.set(request, await outcome(operation, request))
  })

  test('is in a request of this test', () => {
    expect(membersOf(operation, again).filter((member) => !cases.has(member))).toEqual([])
  })

  test('stands in a request that always has the same outcome', async () => {
    for (const request of all) expect(await outcome(operation, request)).toBe(usual.get(request))
  })

  /** In one of the requests that have it: a condition that does not hold in any way shows nothing of its value. */
  test.each([...cases.keys()])('%s is acted on', async (member) => {
    let isActedOn = false
    for (const { request, path } of cases.get(member) ?? [])
      isActedOn ||= (await outcome(operation, changed(request, path))) !== usual.get(request)
    expect(isActedOn).toBe(true)
  })
})
