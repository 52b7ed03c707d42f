/** Requests that are right in an unusual way, or wrong in one that only some clients meet. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiHeaders, call, send } from './raw-request.ts'
import { isLocal, type TestRegion, testRegion } from './region.ts'
import { differs } from '../differences/difference.ts'

let region: TestRegion
let TableName: string
let indexed: string
beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
  indexed = await region.createTable({
    AttributeDefinitions: ['pk', 'color'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-color',
        KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
})
afterAll(() => region.close())

type Told = { readonly __type?: string; readonly message?: string; readonly Message?: string }

async function told(operation: string, input: unknown): Promise<unknown> {
  const { status, json } = await call(region.endpoint, operation, input)
  const { __type: type, message, Message } = (json ?? {}) as Told
  return status === 200 ? json : [type?.split('#')[1], message ?? Message]
}

const put = (pk: string, more: object = {}): Promise<unknown> =>
  told('PutItem', { TableName, Item: { pk: { S: pk }, ...more } })
const itemOf = async (pk: string): Promise<unknown> => told('GetItem', { TableName, Key: { pk: { S: pk } } })

describe.runIf(isLocal)('a token of a transaction', () => {
  const request = (Item: string, token: string): string =>
    `{"ClientRequestToken":"${token}","TransactItems":[{"Put":{"Item":${Item},"TableName":"${TableName}"}}]}`
  const inOrder =
    '{"pk":{"S":"t"},"m":{"M":{"a":{"SS":["x","y"]},"b":{"NS":["1","2"]}}},"l":{"L":[{"S":"1"},{"S":"2"}]}}'

  test.each([
    [
      'members of maps',
      '{"l":{"L":[{"S":"1"},{"S":"2"}]},"m":{"M":{"b":{"NS":["1","2"]},"a":{"SS":["x","y"]}}},"pk":{"S":"t"}}',
    ],
    [
      'members of sets',
      '{"pk":{"S":"t"},"m":{"M":{"a":{"SS":["y","x"]},"b":{"NS":["2","1"]}}},"l":{"L":[{"S":"1"},{"S":"2"}]}}',
    ],
    [
      'members that are written in another way',
      '{"pk":{"S":"t"},"m":{"M":{"a":{"SS":["x","y"]},"b":{"NS":["1.0","2e0"]}}},"l":{"L":[{"S":"1"},{"S":"\\u0032"}]}}',
    ],
  ])('is the same for %s in another order', async (what, again) => {
    expect(await told('TransactWriteItems', request(inOrder, what.slice(0, 36)))).toEqual({})
    expect(await told('TransactWriteItems', request(again, what.slice(0, 36)))).toEqual({})
  })

  test('is another for a list in another order, and for other members of a set', async () => {
    expect(await told('TransactWriteItems', request(inOrder, 'another'))).toEqual({})
    const list = inOrder.replace('{"S":"1"},{"S":"2"}', '{"S":"2"},{"S":"1"}')
    const set = inOrder.replace('["x","y"]', '["x","z"]')
    for (const other of [list, set])
      expect(await told('TransactWriteItems', request(other, 'another'))).toEqual([
        'IdempotentParameterMismatchException',
        'The request uses the same client token as a previous, but non-identical request.',
      ])
  })
})

describe.runIf(isLocal)('a path into a key attribute', () => {
  const scalar = (kind: string): unknown => [
    'ValidationException',
    `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${kind}`,
  ]

  test('is refused in projections, conditions, filters and updates', async () => {
    const Key = { pk: { S: 'a' } }
    const projection = { ProjectionExpression: 'pk.a' }
    const condition = { ConditionExpression: 'attribute_exists(pk[0])' }
    expect(await told('GetItem', { TableName, Key, ...projection })).toEqual(scalar('Key: pk'))
    expect(await told('BatchGetItem', { RequestItems: { [TableName]: { Keys: [Key], ...projection } } })).toEqual(
      scalar('Key: pk'),
    )
    expect(await told('TransactGetItems', { TransactItems: [{ Get: { TableName, Key, ...projection } }] })).toEqual(
      scalar('Key: pk'),
    )
    expect(await told('Scan', { TableName, FilterExpression: 'attribute_exists(pk.a)' })).toEqual(scalar('Key: pk'))
    expect(await told('PutItem', { TableName, Item: Key, ...condition })).toEqual(scalar('Key: pk'))
    expect(await told('DeleteItem', { TableName, Key, ...condition })).toEqual(scalar('Key: pk'))
    expect(await told('TransactWriteItems', { TransactItems: [{ Delete: { TableName, Key, ...condition } }] })).toEqual(
      scalar('Key: pk'),
    )
    const update = { UpdateExpression: 'REMOVE color.a' }
    expect(await told('UpdateItem', { TableName: indexed, Key, ...update })).toEqual(scalar('IndexKey: color'))
    expect(await told('Scan', { TableName: indexed, ProjectionExpression: 'color[0]' })).toEqual(
      scalar('IndexKey: color'),
    )
  })
})

describe.runIf(isLocal)('a condition', () => {
  test('NOT_CONTAINS is not met by an attribute that is missing', async () => {
    await put('nc', { text: { S: 'abc' } })
    const expected = (name: string): object => ({
      Expected: { [name]: { ComparisonOperator: 'NOT_CONTAINS', AttributeValueList: [{ S: 'z' }] } },
    })
    const input = { TableName, Item: { pk: { S: 'nc' }, text: { S: 'abc' } } }
    expect(await told('PutItem', { ...input, ...expected('text') })).toEqual({})
    expect(await told('PutItem', { ...input, ...expected('missing') })).toEqual([
      'ConditionalCheckFailedException',
      'The conditional request failed',
    ])
  })

  test('attribute_type takes a value as its first operand', async () => {
    const typed = (type: string): object => ({
      ConditionExpression: 'attribute_type(:v, :t)',
      ExpressionAttributeValues: { ':v': { N: '1' }, ':t': { S: type } },
    })
    const input = { TableName, Item: { pk: { S: 'at' } } }
    expect(await told('PutItem', { ...input, ...typed('N') })).toEqual({})
    expect(await told('PutItem', { ...input, ...typed('S') })).toMatchObject([
      'ConditionalCheckFailedException',
      expect.any(String),
    ])
  })
})

describe.runIf(isLocal)('a body', () => {
  test.each([
    ['{"TableName":1.5}', 'DECIMAL_VALUE cannot be converted to String'],
    ['{"TableName":1.0}', 'DECIMAL_VALUE cannot be converted to String'],
    ['{"TableName":1}', 'NUMBER_VALUE cannot be converted to String'],
    ['{"TableName":"a","Item":{"pk":{"S":"1.0"},"v":{"N":7}}}', 'NUMBER_VALUE cannot be converted to String'],
    ['{"TableName":"a","Item":{"pk":{"S":"1.0"},"v":{"N":7.0}}}', 'DECIMAL_VALUE cannot be converted to String'],
  ])('%s tells how its number was written', async (body, message) => {
    expect(await told('PutItem', body)).toEqual(['SerializationException', message])
  })

  test('that is empty is refused after its target and its signature', async () => {
    expect(await told('PutItem', '')).toEqual(['SerializationException', undefined])
    const unknown = await send({ endpoint: region.endpoint, headers: apiHeaders('Nothing'), body: '' })
    expect(unknown.json).toMatchObject({ __type: 'com.amazon.coral.service#UnknownOperationException' })
    const { Authorization: _, ...unsigned } = apiHeaders('PutItem')
    const reply = await send({ endpoint: region.endpoint, headers: unsigned, body: '' })
    expect(reply.json).toMatchObject({ __type: 'com.amazon.coral.service#MissingAuthenticationTokenException' })
  })

  test('of a tagging reply is empty', async () => {
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
    const tagged = await call(region.endpoint, 'TagResource', { ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] })
    expect([tagged.status, tagged.text]).toEqual([200, ''])
    const untagged = await call(region.endpoint, 'UntagResource', { ResourceArn, TagKeys: ['a'] })
    expect([untagged.status, untagged.text]).toEqual([200, ''])
  })
})

describe.runIf(isLocal)('an ARN in the place of a table', () => {
  const arn = (of: string, at = 'us-east-1:000000000000'): string => `arn:aws:dynamodb:${at}:${of}`
  const Key = { pk: { S: 'arn' } }

  test(differs('foreign-account-user'), async () => {
    const foreign = arn(`table/${TableName}`, 'us-east-1:111122223333')
    const refused = (action: string): unknown => [
      'AccessDeniedException',
      `User: arn:aws:iam::000000000000:root is not authorized to perform: dynamodb:${action} on resource: ${foreign} because no resource-based policy allows the dynamodb:${action} action`,
    ]
    expect(await told('GetItem', { TableName: foreign, Key })).toEqual(refused('GetItem'))
    expect(await told('DescribeTable', { TableName: foreign })).toEqual(refused('DescribeTable'))
    expect(await told('TagResource', { ResourceArn: foreign, Tags: [{ Key: 'a', Value: 'b' }] })).toEqual(
      refused('TagResource'),
    )
    const check = { ConditionCheck: { TableName: foreign, Key, ConditionExpression: 'attribute_exists(pk)' } }
    expect(await told('TransactWriteItems', { TransactItems: [check] })).toEqual(refused('ConditionCheckItem'))
  })

  test('of another region is a ValidationException', async () => {
    const elsewhere = arn(`table/${TableName}`, 'eu-west-1:000000000000')
    const refused = ['ValidationException', `1 validation error detected: Invalid AWS region in '${elsewhere}'`]
    expect(await told('PutItem', { TableName: elsewhere, Item: Key })).toEqual(refused)
    expect(await told('DescribeTable', { TableName: elsewhere })).toEqual(refused)
    expect(await told('ListTagsOfResource', { ResourceArn: elsewhere })).toEqual(refused)
  })

  test.each(['index/by-color', 'stream/2026-01-01T00:00:00.000'])(
    'that is one of %s is refused as such',
    async (part) => {
      const of = arn(`table/${TableName}/${part}`)
      const [code, message] = (await told('GetItem', { TableName: of, Key })) as [string, string]
      expect(code).toBe('ValidationException')
      expect(message).toContain(of)
    },
  )
})

describe.runIf(isLocal)('limits', () => {
  const table = {
    TableName: 'limited',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'color', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  }
  const invalid = 'One or more parameter values were invalid: '

  test('an attribute has a name', async () => {
    expect(await put('named', { '': { S: 'x' } })).toEqual([
      'ValidationException',
      '1 validation error detected: Empty attribute name',
    ])
  })

  test.each([
    ['Expected', 'PutItem', { Item: { pk: { S: 'a' } } }, { Exists: false }],
    ['AttributeUpdates', 'UpdateItem', { Key: { pk: { S: 'a' } } }, { Action: 'DELETE' }],
    ['ScanFilter', 'Scan', {}, { ComparisonOperator: 'NULL' }],
    ['AttributesToGet', 'GetItem', { Key: { pk: { S: 'a' } } }, undefined],
  ])('an attribute that %s names has a name of at most 64 KB', async (parameter, operation, input, member) => {
    for (const [name, problem] of [
      ['', 'Empty attribute name'],
      ['x'.repeat(65_536), 'Attribute name is too large, must be less than 65536 bytes'],
    ] as const) {
      const given = member === undefined ? [name] : { [name]: member }
      const [code, message] = (await told(operation, { TableName, ...input, [parameter]: given })) as [string, string]
      expect([code, message.endsWith(problem)]).toEqual(['ValidationException', true])
    }
  })

  test('a placeholder stands for a name', async () => {
    const projection = { ProjectionExpression: '#a', ExpressionAttributeNames: { '#a': '' } }
    expect(await told('GetItem', { TableName, Key: { pk: { S: 'a' } }, ...projection })).toEqual([
      'ValidationException',
      'ExpressionAttributeNames contains invalid value: Empty attribute name for key #a',
    ])
  })

  test('an index projects an attribute once', async () => {
    const GlobalSecondaryIndexes = [
      {
        IndexName: 'by-color',
        KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a', 'b', 'a'] },
      },
    ]
    expect(await told('CreateTable', { ...table, GlobalSecondaryIndexes })).toEqual([
      'ValidationException',
      `${invalid}Duplicate attribute in NonKeyAttributes: a`,
    ])
  })

  test.each(['<a>', 'a*b', 'a,b'])(`${differs('words-about-tags')} (%s)`, async (text) => {
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
    for (const tag of [
      { Key: text, Value: 'v' },
      { Key: 'k', Value: text },
    ]) {
      const [code, message] = (await told('TagResource', { ResourceArn, Tags: [tag] })) as [string, string]
      expect([code, message.startsWith(invalid)]).toEqual(['ValidationException', true])
    }
  })

  test('a tag may have letters of any script, digits, blanks and some signs', async () => {
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
    const Tags = [{ Key: 'Größe 1_.:/=+-@', Value: '値' }]
    expect((await call(region.endpoint, 'TagResource', { ResourceArn, Tags })).status).toBe(200)
  })
})

describe.runIf(isLocal)('another service', () => {
  const signedFor = (service: string): string =>
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`

  test('is not here: a list of buckets, a bucket, and a caller identity', async () => {
    const headers = { Authorization: signedFor('s3'), 'X-Amz-Date': '20260101T000000Z' }
    for (const path of ['/', '/bucket?list-type=2&prefix=&delimiter=%2F', '/?x-id=ListBuckets']) {
      const reply = await send({ endpoint: region.endpoint, method: 'GET', path, headers })
      expect([reply.status, reply.text]).toEqual([404, '<UnknownOperationException/>\n'])
    }
    const form = {
      ...headers,
      Authorization: signedFor('sts'),
      'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
    }
    const identity = await send({
      endpoint: region.endpoint,
      headers: form,
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    })
    expect([identity.status, identity.text]).toEqual([404, '<UnknownOperationException/>\n'])
  })
})

test.runIf(isLocal)(differs('endpoint-asked'), async () => {
  expect(await told('DescribeEndpoints', {})).toEqual({
    Endpoints: [{ Address: new URL(region.endpoint).host, CachePeriodInMinutes: 1440 }],
  })
})

test.runIf(isLocal)('lists may be appended to appended lists', async () => {
  await put('nested', { l: { L: [{ S: 'b' }] } })
  const input = {
    TableName,
    Key: { pk: { S: 'nested' } },
    UpdateExpression: 'SET l = list_append(list_append(:a, l), :c)',
    ExpressionAttributeValues: { ':a': { L: [{ S: 'a' }] }, ':c': { L: [{ S: 'c' }] } },
  }
  expect(await told('UpdateItem', input)).toEqual({})
  expect(await itemOf('nested')).toEqual({
    Item: { pk: { S: 'nested' }, l: { L: [{ S: 'a' }, { S: 'b' }, { S: 'c' }] } },
  })
})
