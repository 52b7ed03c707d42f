import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inputOf } from '../../src/core/wire/model/shapes.ts'
import type { Shape, Structure } from '../../src/core/wire/model/shape.ts'
import { registry } from '../../src/operations/registry.ts'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

const wrong = { NS: [] }
const key = { pk: { S: 'a' } }
const keys = { a: wrong }
const condition = { ComparisonOperator: 'EQ', AttributeValueList: [wrong] }
const values = { ':a': wrong }
const expected = { a: { Value: wrong } }

/** Every place of a request that holds attribute values, by operation: [member path, request]. */
const places: Readonly<Record<string, readonly (readonly [string, object])[]>> = {
  BatchExecuteStatement: [
    ['Statements.Parameters', { Statements: [{ Statement: 'SELECT * FROM T WHERE pk = ?', Parameters: [wrong] }] }],
  ],
  BatchGetItem: [['RequestItems.Keys', { RequestItems: { T: { Keys: [keys] } } }]],
  BatchWriteItem: [
    ['RequestItems.PutRequest.Item', { RequestItems: { T: [{ PutRequest: { Item: { ...key, ...keys } } }] } }],
    ['RequestItems.DeleteRequest.Key', { RequestItems: { T: [{ DeleteRequest: { Key: keys } }] } }],
  ],
  DeleteItem: [
    ['Key', { Key: keys }],
    ['Expected.Value', { Key: key, Expected: expected }],
    ['Expected.AttributeValueList', { Key: key, Expected: { a: condition } }],
    ['ExpressionAttributeValues', { Key: key, ConditionExpression: 'a = :a', ExpressionAttributeValues: values }],
  ],
  ExecuteStatement: [['Parameters', { Statement: 'SELECT * FROM T WHERE pk = ?', Parameters: [wrong] }]],
  ExecuteTransaction: [
    [
      'TransactStatements.Parameters',
      { TransactStatements: [{ Statement: 'SELECT * FROM T WHERE pk = ?', Parameters: [wrong] }] },
    ],
  ],
  ExportTableToPointInTime: [
    [
      'FilterSpecification.ExpressionAttributeValues',
      {
        TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/T',
        S3Bucket: 'bucket',
        FilterSpecification: { FilterExpression: 'a = :a', ExpressionAttributeValues: values },
      },
    ],
  ],
  GetItem: [['Key', { Key: keys }]],
  PutItem: [
    ['Item', { Item: { ...key, ...keys } }],
    ['Expected.Value', { Item: key, Expected: expected }],
    ['Expected.AttributeValueList', { Item: key, Expected: { a: condition } }],
    ['ExpressionAttributeValues', { Item: key, ConditionExpression: 'a = :a', ExpressionAttributeValues: values }],
  ],
  Query: [
    ['KeyConditions.AttributeValueList', { KeyConditions: { pk: condition } }],
    [
      'QueryFilter.AttributeValueList',
      { KeyConditions: { pk: { ...condition, AttributeValueList: [key.pk] } }, QueryFilter: { a: condition } },
    ],
    [
      'ExclusiveStartKey',
      { KeyConditions: { pk: { ...condition, AttributeValueList: [key.pk] } }, ExclusiveStartKey: { pk: wrong } },
    ],
    ['ExpressionAttributeValues', { KeyConditionExpression: 'pk = :a', ExpressionAttributeValues: values }],
  ],
  Scan: [
    ['ScanFilter.AttributeValueList', { ScanFilter: { a: condition } }],
    ['ExclusiveStartKey', { ExclusiveStartKey: { pk: wrong } }],
    ['ExpressionAttributeValues', { FilterExpression: 'a = :a', ExpressionAttributeValues: values }],
  ],
  TransactGetItems: [['TransactItems.Get.Key', { TransactItems: [{ Get: { TableName: 'T', Key: keys } }] }]],
  TransactWriteItems: (['ConditionCheck', 'Put', 'Delete', 'Update'] as const).flatMap((kind) => {
    const expressions = kind === 'Update' ? { UpdateExpression: 'SET a = :a' } : { ConditionExpression: 'a = :a' }
    const place = kind === 'Put' ? 'Item' : 'Key'
    const one = (fields: object): object => ({
      TransactItems: [{ [kind]: { TableName: 'T', ...expressions, ...fields } }],
    })
    const right = { ':a': { S: 'a' } }
    return [
      [
        `TransactItems.${kind}.${place}`,
        one({ [place]: { ...key, ...keys }, ExpressionAttributeValues: right }),
      ] as const,
      [
        `TransactItems.${kind}.ExpressionAttributeValues`,
        one({ [place]: key, ExpressionAttributeValues: values }),
      ] as const,
    ]
  }),
  UpdateItem: [
    ['Key', { Key: keys }],
    ['AttributeUpdates.Value', { Key: key, AttributeUpdates: { a: { Value: wrong } } }],
    ['Expected.Value', { Key: key, Expected: expected }],
    ['Expected.AttributeValueList', { Key: key, Expected: { a: condition } }],
    ['ExpressionAttributeValues', { Key: key, UpdateExpression: 'SET a = :a', ExpressionAttributeValues: values }],
  ],
}

describe.runIf(isLocal)('attribute values are checked wherever a request has them', () => {
  let region: TestRegion
  let table: string

  beforeAll(async () => {
    region = await testRegion()
    table = await region.createTable()
  })
  afterAll(() => region.close())

  const rows = Object.entries(places)
    .filter(([operation]) => registry.has(operation))
    .flatMap(([operation, of]) => of.map(([place, request]) => [operation, place, request] as const))
  test.each(rows)('%s %s', async (operation, _, request) => {
    const named = inputOf(operation).members.has('TableName') ? { TableName: table, ...request } : request
    const text = JSON.stringify(named).replaceAll('"T"', JSON.stringify(table)).replaceAll(' T ', ` \\"${table}\\" `)
    const reply = await call(region.endpoint, operation, text)
    const answer = reply.text
    // Some operations tell of a wrong value beside the others' results.
    expect([200, 400], answer).toContain(reply.status)
    expect(answer).toMatch(/number set {2}may not be empty/)
  })

  test('and the list above has them all', () => {
    for (const operation of registry.keys())
      expect((places[operation] ?? []).map(([place]) => place).toSorted(), operation).toEqual(
        valuePlaces(inputOf(operation)).toSorted(),
      )
  })
})

function valuePlaces(shape: Structure): readonly string[] {
  return shape.valued.flatMap((member) => within(member.shape).map((rest) => `${member.name}${rest}`))
}

function within(shape: Shape): readonly string[] {
  if (shape.kind === 'attribute-value') return ['']
  if (shape.kind === 'structure') return valuePlaces(shape).map((place) => `.${place}`)
  if (shape.kind === 'list') return within(shape.member)
  return shape.kind === 'map' ? within(shape.value) : []
}
