import { randomUUID } from 'node:crypto'
import {
  GetItemCommand,
  type TransactionCanceledException,
  type TransactWriteItem,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refusal, type TestRegion, testRegion } from './region.ts'

let region: TestRegion
let TableName: string
let run: string
beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())
beforeEach(() => void (run = randomUUID()))

const key = (name: string) => ({ pk: { S: `${name}-${run}` } })
const put = (name: string, more: object = {}, rest: object = {}): TransactWriteItem => ({
  Put: { TableName, Item: { ...key(name), ...more }, ...rest },
})
const add = (name: string, amount: string): TransactWriteItem => ({
  Update: {
    TableName,
    Key: key(name),
    UpdateExpression: 'ADD n :n',
    ExpressionAttributeValues: { ':n': { N: amount } },
  },
})
const check = (name: string, ConditionExpression: string, more: object = {}): TransactWriteItem => ({
  ConditionCheck: { TableName, Key: key(name), ConditionExpression, ...more },
})
const write = (TransactItems: TransactWriteItem[], more: object = {}) =>
  region.client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: randomUUID(), ...more }))
const get = async (name: string) =>
  (await region.client.send(new GetItemCommand({ TableName, Key: key(name), ConsistentRead: true }))).Item
const failure = async (sent: Promise<unknown>) =>
  sent.then(
    () => expect.unreachable('was not cancelled'),
    (error: unknown) => error as TransactionCanceledException,
  )

describe('TransactWriteItems', () => {
  test('does all of it', async () => {
    await write([put('a', { n: { N: '1' } }), put('gone')])
    await write([
      add('a', '4'),
      put('b'),
      { Delete: { TableName, Key: key('gone') } },
      check('c', 'attribute_not_exists(pk)'),
    ])
    expect(await get('a')).toEqual({ ...key('a'), n: { N: '5' } })
    expect(await get('b')).toEqual(key('b'))
    expect(await get('gone')).toBeUndefined()
  })

  test('or nothing, with a reason for each item', async () => {
    await write([put('a', { n: { N: '1' } })])
    const error = await failure(
      write([
        put('b'),
        put(
          'a',
          {},
          { ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
        ),
        check('c', 'attribute_exists(pk)'),
      ]),
    )
    expect(error.name).toBe('TransactionCanceledException')
    expect(error.message).toBe(
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]',
    )
    expect(error.CancellationReasons).toEqual([
      { Code: 'None' },
      {
        Code: 'ConditionalCheckFailed',
        Message: 'The conditional request failed',
        Item: { ...key('a'), n: { N: '1' } },
      },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
    ])
    expect(await get('b')).toBeUndefined()
  })

  test('tells what is wrong with an item as a reason', async () => {
    await write([put('a', { n: { S: 'text' } })])
    const error = await failure(write([put('b'), add('a', '1')]))
    expect(error.CancellationReasons).toEqual([
      { Code: 'None' },
      { Code: 'ValidationError', Message: 'An operand in the update expression has an incorrect data type' },
    ])
    expect(await get('b')).toBeUndefined()
  })

  test('sent again with its token is not done again', async () => {
    const ClientRequestToken = randomUUID()
    const more = { ClientRequestToken, ReturnConsumedCapacity: 'TOTAL' }
    const first = await write([add('a', '1')], more)
    const second = await write([add('a', '1')], more)
    expect(await get('a')).toEqual({ ...key('a'), n: { N: '1' } })
    expect(first.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2, WriteCapacityUnits: 2 }])
    expect(second.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2, ReadCapacityUnits: 2 }])
  })

  test('sent at the same time with one token is done once', async () => {
    const ClientRequestToken = randomUUID()
    await Promise.all(Array.from({ length: 10 }, () => write([add('a', '1')], { ClientRequestToken })))
    expect(await get('a')).toEqual({ ...key('a'), n: { N: '1' } })
  })

  test('refuses another transaction under the same token', async () => {
    const ClientRequestToken = randomUUID()
    await write([add('a', '1')], { ClientRequestToken })
    expect(await refusal(write([add('a', '2')], { ClientRequestToken }))).toEqual([
      'IdempotentParameterMismatchException',
      'The request uses the same client token as a previous, but non-identical request.',
    ])
  })

  test('may use a token again that a cancelled transaction had', async () => {
    const ClientRequestToken = randomUUID()
    await refusal(write([check('a', 'attribute_exists(pk)')], { ClientRequestToken }))
    await write([put('a')], { ClientRequestToken })
    expect(await get('a')).toEqual(key('a'))
  })

  test('refuses two actions on one item, and no action', async () => {
    expect(await refusal(write([put('a'), add('a', '1')]))).toEqual([
      'ValidationException',
      'Transaction request cannot include multiple operations on one item',
    ])
    expect(await refusal(write([{}]))).toEqual([
      'ValidationException',
      'TransactItems can only contain one of Check, Put, Update or Delete',
    ])
  })
})

describe('TransactGetItems', () => {
  const read = (names: string[], more: object = {}) =>
    region.client.send(
      new TransactGetItemsCommand({
        TransactItems: names.map((name) => ({ Get: { TableName, Key: key(name) } })),
        ...more,
      }),
    )

  test('answers item by item', async () => {
    await write([put('a', { n: { N: '1' } })])
    const reply = await read(['missing', 'a'], { ReturnConsumedCapacity: 'TOTAL' })
    expect(reply.Responses).toEqual([{}, { Item: { ...key('a'), n: { N: '1' } } }])
    expect(reply.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 4, ReadCapacityUnits: 4 }])
  })

  test('projects', async () => {
    await write([put('a', { n: { N: '1' }, m: { S: 'x' } })])
    const reply = await region.client.send(
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { TableName, Key: key('a'), ProjectionExpression: 'm' } }],
      }),
    )
    expect(reply.Responses).toEqual([{ Item: { m: { S: 'x' } } }])
  })

  test('never sees half of a transaction', async () => {
    const writer = (async () => {
      for (let n = 0; n < 30; n++) await write([put('x', { n: { N: `${n}` } }), put('y', { n: { N: `${n}` } })])
    })()
    const state = { written: false }
    void writer.finally(() => void (state.written = true))
    const seen = new Set<string | undefined>()
    while (!state.written) {
      const [x, y] = (await read(['x', 'y'])).Responses ?? []
      expect(x?.Item?.['n']).toEqual(y?.Item?.['n'])
      seen.add(x?.Item?.['n']?.N)
    }
    await writer
    expect(seen.size, 'transactions that were seen while they were written').toBeGreaterThan(1)
  })

  test('refuses the same item twice', async () => {
    expect(await refusal(read(['a', 'a']))).toEqual([
      'ValidationException',
      'Transaction request cannot include multiple operations on one item',
    ])
  })
})
