/** In a region of several nodes, which answers wait until it is known that no other node leads: all that a leading node of the past could give. */
import { expect, test } from 'vitest'
import { timings } from '../../../src/core/table/waits.ts'
import { targetOf } from '../../../src/core/wire/request-target.ts'
import { apiPipeline } from '../../../src/http/api-pipeline.ts'
import type { ApiRequest, Pipeline } from '../../../src/http/pipeline.ts'
import { makeTable, openRegion } from '../engine/region.ts'

type Led = { readonly pipeline: Pipeline; asked: number; readonly groups: string[] }

async function ledRegion(): Promise<Led> {
  const led = { asked: 0, groups: [] as string[] }
  const latest = (): Promise<void> => {
    led.asked += 1
    return Promise.resolve()
  }
  const { engine, env } = await openRegion('us-east-1', undefined, { latest })
  await makeTable(engine, 'abc')
  const shared = await makeTable(engine, 'shared')
  const group = { name: 'a_b_c', replicas: ['a', 'b', 'c'], table: shared.id }
  await engine.define(shared.id, [{ register: 'settings/strong', value: group }])
  const strong = {
    any: true,
    status: () => [],
    latest: (name: string) => {
      led.groups.push(name)
      return Promise.resolve()
    },
    begin: () => Promise.resolve(),
    end: () => Promise.resolve(),
  }
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    region: 'us-east-1',
    regions: ['us-east-1'],
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  return Object.assign(led, { pipeline: apiPipeline({ context: { engine, env, settings, latest, strong } }) })
}

function request(operation: string, input: unknown): ApiRequest {
  const body = Buffer.from(JSON.stringify(input))
  const headers = {
    host: 'localhost',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': targetOf(operation),
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  }
  const rest = { method: 'POST', url: '/', rawHeaders: () => [], address: undefined, isSecure: false }
  return { ...rest, headers, body, payload: body }
}

const key = { pk: { S: 'p' }, sk: { N: '1' } }
const other = { pk: { S: 'q' }, sk: { N: '1' } }
const item = { ...key, v: { S: 'x' } }
const table = { TableName: 'abc' }
const isAbsent = { ConditionExpression: 'attribute_not_exists(pk)' }
const queried = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p' } } }
const token = { ClientRequestToken: 'a-token' }

/** One after another: the outcome, and whether it waits. */
const requests: readonly (readonly [string, object, string, boolean])[] = [
  ['PutItem', { ...table, Item: item, ...isAbsent }, 'ok', false],
  ['PutItem', { ...table, Item: item, ...isAbsent }, 'ConditionalCheckFailedException', true],
  ['DeleteItem', { ...table, Key: other }, 'ok', true],
  ['UpdateItem', { ...table, Key: key, UpdateExpression: 'SET a = a' }, 'ValidationException', true],
  ['UpdateItem', { ...table, Key: key, UpdateExpression: 'SET a' }, 'ValidationException', false],
  ['GetItem', { ...table, Key: key }, 'ok', false],
  ['GetItem', { ...table, Key: key, ConsistentRead: true }, 'ok', true],
  ['Query', { ...table, ...queried }, 'ok', false],
  ['Query', { ...table, ...queried, ConsistentRead: true }, 'ok', true],
  ['Scan', { ...table, ConsistentRead: true }, 'ok', true],
  ['BatchGetItem', { RequestItems: { abc: { Keys: [key] } } }, 'ok', false],
  ['BatchGetItem', { RequestItems: { abc: { Keys: [key], ConsistentRead: true } } }, 'ok', true],
  ['TransactGetItems', { TransactItems: [{ Get: { ...table, Key: key } }] }, 'ok', true],
  ['ExecuteStatement', { Statement: 'SELECT * FROM abc' }, 'ok', false],
  ['ExecuteStatement', { Statement: 'SELECT * FROM abc', ConsistentRead: true }, 'ok', true],
  [
    'ExecuteTransaction',
    { TransactStatements: [{ Statement: "SELECT * FROM abc WHERE pk='p' AND sk=1" }] },
    'ok',
    true,
  ],
  ['BatchWriteItem', { RequestItems: { abc: [{ PutRequest: { Item: other } }] } }, 'ok', false],
  ['BatchWriteItem', { RequestItems: { abc: [{ DeleteRequest: { Key: { ...key, sk: { N: '9' } } } }] } }, 'ok', true],
  ['TransactWriteItems', { ...token, TransactItems: [{ Put: { ...table, Item: other } }] }, 'ok', false],
  ['TransactWriteItems', { ...token, TransactItems: [{ Put: { ...table, Item: other } }] }, 'ok', true],
  [
    'TransactWriteItems',
    { TransactItems: [{ ConditionCheck: { ...table, Key: key, ...isAbsent } }] },
    'TransactionCanceledException',
    true,
  ],
  ['PutItem', { TableName: 'missing', Item: item }, 'ResourceNotFoundException', true],
  ['DescribeTable', table, 'ok', false],
  ['DescribeTable', { TableName: 'missing' }, 'ResourceNotFoundException', true],
]

test('answers that write nothing and are not eventual reads wait', async () => {
  const led = await ledRegion()
  const seen: unknown[] = []
  for (const [operation, input] of requests) {
    const before = led.asked
    const outcome = await outcomeOf(led, operation, input)
    seen.push([operation, input, outcome, led.asked > before])
  }
  expect(seen).toEqual(requests)
})

test('a strong read of a table that regions share waits for the order of the regions too, and reads of other tables do not', async () => {
  const led = await ledRegion()
  const strongly = { ConsistentRead: true }
  expect(await outcomeOf(led, 'GetItem', { TableName: 'shared', Key: key, ...strongly })).toBe('ok')
  expect([led.asked, led.groups]).toEqual([1, ['a_b_c']])
  await outcomeOf(led, 'GetItem', { ...table, Key: key, ...strongly })
  await outcomeOf(led, 'GetItem', { TableName: 'shared', Key: key })
  expect([led.asked, led.groups]).toEqual([2, ['a_b_c']])
})

async function outcomeOf({ pipeline }: Led, operation: string, input: object): Promise<string> {
  const { outcome } = await new Promise<{ outcome: string }>((resolve) =>
    pipeline(request(operation, input), 'id', resolve),
  )
  return outcome
}
