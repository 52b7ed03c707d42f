import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refusal, type TestRegion, testRegion } from './region.ts'

type Item = Record<string, AttributeValue>

let region: TestRegion
let TableName: string
let pk: string
let counter = 0
beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())
beforeEach(() => void (pk = `item-${++counter}`))

const key = () => ({ pk: { S: pk } })
const put = (Item: Item, more: object = {}) =>
  region.client.send(new PutItemCommand({ TableName, Item: { ...key(), ...Item }, ...more }))
const get = async (more: object = {}) =>
  (await region.client.send(new GetItemCommand({ TableName, Key: key(), ConsistentRead: true, ...more }))).Item
const update = (more: object) => region.client.send(new UpdateItemCommand({ TableName, Key: key(), ...more }))
const remove = (more: object = {}) => region.client.send(new DeleteItemCommand({ TableName, Key: key(), ...more }))

const everyType: Item = {
  S: { S: 'text “with” \u0000 and 💥' },
  empty: { S: '' },
  N: { N: '-12.5' },
  B: { B: Uint8Array.of(0, 255, 7) },
  BOOL: { BOOL: false },
  NULL: { NULL: true },
  L: { L: [{ N: '1' }, { L: [] }] },
  M: { M: { constructor: { S: 'a' }, nested: { M: {} } } },
  SS: { SS: ['b', 'a'] },
  NS: { NS: ['2', '1'] },
  BS: { BS: [Uint8Array.of(1)] },
}

describe('PutItem and GetItem', () => {
  test('keep values of every type', async () => {
    await put(everyType)
    expect(await get()).toEqual({ ...key(), ...everyType })
  })

  test('answer nothing for an item that is not there', async () => {
    const reply = await region.client.send(new GetItemCommand({ TableName, Key: key() }))
    expect('Item' in reply && reply.Item !== undefined).toBe(false)
  })

  test('replace the whole item and return the old one when asked', async () => {
    await put({ a: { S: '1' }, b: { S: '2' } })
    const { Attributes } = await put({ c: { S: '3' } }, { ReturnValues: 'ALL_OLD' })
    expect(Attributes).toEqual({ ...key(), a: { S: '1' }, b: { S: '2' } })
    expect(await get()).toEqual({ ...key(), c: { S: '3' } })
  })

  test('project what is asked for', async () => {
    await put({ a: { M: { b: { L: [{ N: '1' }, { N: '2' }] }, c: { S: 'x' } } }, d: { S: 'y' } })
    expect(await get({ ProjectionExpression: 'a.b[1], #d', ExpressionAttributeNames: { '#d': 'd' } })).toEqual({
      a: { M: { b: { L: [{ N: '2' }] } } },
      d: { S: 'y' },
    })
    expect(await get({ AttributesToGet: ['d'] })).toEqual({ d: { S: 'y' } })
    expect(await get({ ProjectionExpression: 'absent' })).toEqual({})
  })

  test('tell what they consumed', async () => {
    const item = { a: { S: 'x'.repeat(5000) } }
    expect((await put(item, { ReturnConsumedCapacity: 'TOTAL' })).ConsumedCapacity).toEqual({
      TableName,
      CapacityUnits: 5,
    })
    const read = (more: object) =>
      region.client.send(new GetItemCommand({ TableName, Key: key(), ReturnConsumedCapacity: 'INDEXES', ...more }))
    expect((await read({})).ConsumedCapacity).toEqual({ TableName, CapacityUnits: 1, Table: { CapacityUnits: 1 } })
    expect((await read({ ConsistentRead: true })).ConsumedCapacity?.CapacityUnits).toBe(2)
    const missing = { Key: { pk: { S: 'missing' } } }
    expect((await read(missing)).ConsumedCapacity?.CapacityUnits).toBe(0.5)
  })
})

describe('a condition', () => {
  test('that fails leaves the item and says so', async () => {
    await put({ a: { N: '1' } })
    expect(await refusal(put({ a: { N: '2' } }, { ConditionExpression: 'attribute_not_exists(pk)' }))).toEqual([
      'ConditionalCheckFailedException',
      'The conditional request failed',
    ])
    expect(await get()).toEqual({ ...key(), a: { N: '1' } })
  })

  test('that fails returns the item when asked', async () => {
    await put({ a: { N: '1' } })
    const failing = {
      ConditionExpression: 'a > :a',
      ExpressionAttributeValues: { ':a': { N: '5' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }
    const sent = [put({}, failing), remove(failing), update({ UpdateExpression: 'SET b = :a', ...failing })]
    const told = sent.map((each) => each.catch((error: unknown) => (error as { Item: Item }).Item))
    for (const item of await Promise.all(told)) expect(item).toEqual({ ...key(), a: { N: '1' } })
  })

  test('may be written in the older way', async () => {
    await put({ a: { N: '1' } })
    await put({ a: { N: '2' } }, { Expected: { a: { Value: { N: '1' } } } })
    expect(await refusal(put({}, { Expected: { pk: { Exists: false } } }))).toEqual([
      'ConditionalCheckFailedException',
      'The conditional request failed',
    ])
    expect(await get()).toEqual({ ...key(), a: { N: '2' } })
  })
})

describe('UpdateItem', () => {
  test('makes the item that is not there, even with nothing to set', async () => {
    await update({})
    expect(await get()).toEqual(key())
  })

  test('sets, removes, adds and deletes', async () => {
    await put({ n: { N: '1' }, gone: { S: 'x' }, set: { SS: ['a', 'b'] }, items: { L: [{ S: 'one' }] } })
    const { Attributes } = await update({
      UpdateExpression:
        'SET n = n + :one, #new = if_not_exists(#new, :text), #items = list_append(#items, :list) REMOVE gone ADD #total :one DELETE #set :a',
      ExpressionAttributeNames: { '#new': 'new', '#set': 'set', '#items': 'items', '#total': 'total' },
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':text': { S: 'fresh' },
        ':list': { L: [{ S: 'two' }] },
        ':a': { SS: ['a'] },
      },
      ReturnValues: 'ALL_NEW',
    })
    expect(Attributes).toEqual({
      ...key(),
      n: { N: '2' },
      new: { S: 'fresh' },
      items: { L: [{ S: 'one' }, { S: 'two' }] },
      total: { N: '1' },
      set: { SS: ['b'] },
    })
    expect(await get()).toEqual(Attributes)
  })

  test('returns what was updated, before or after', async () => {
    await put({ a: { N: '1' }, b: { S: 'x' } })
    const increment = { UpdateExpression: 'SET a = a + :one', ExpressionAttributeValues: { ':one': { N: '1' } } }
    expect((await update({ ...increment, ReturnValues: 'UPDATED_NEW' })).Attributes).toEqual({ a: { N: '2' } })
    expect((await update({ ...increment, ReturnValues: 'UPDATED_OLD' })).Attributes).toEqual({ a: { N: '2' } })
    expect((await update({ ...increment, ReturnValues: 'ALL_OLD' })).Attributes).toEqual({
      ...key(),
      a: { N: '3' },
      b: { S: 'x' },
    })
  })

  test('refuses to change the key', async () => {
    expect(
      await refusal(update({ UpdateExpression: 'SET pk = :a', ExpressionAttributeValues: { ':a': { S: 'x' } } })),
    ).toEqual([
      'ValidationException',
      'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
    ])
  })

  test('counts without losing an increment', async () => {
    const increment = { UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } }
    await Promise.all(Array.from({ length: 50 }, () => update(increment)))
    expect(await get()).toEqual({ ...key(), hits: { N: '50' } })
  })

  test('takes the older AttributeUpdates', async () => {
    await put({ a: { N: '1' }, b: { S: 'x' } })
    await update({
      AttributeUpdates: {
        a: { Action: 'ADD', Value: { N: '4' } },
        b: { Action: 'DELETE' },
        c: { Value: { S: 'new' } },
      },
    })
    expect(await get()).toEqual({ ...key(), a: { N: '5' }, c: { S: 'new' } })
  })
})

describe('DeleteItem', () => {
  test('removes the item and returns it when asked', async () => {
    await put({ a: { S: '1' } })
    expect((await remove({ ReturnValues: 'ALL_OLD' })).Attributes).toEqual({ ...key(), a: { S: '1' } })
    expect(await get()).toBeUndefined()
  })

  test('of what is not there succeeds', async () => {
    expect((await remove({ ReturnValues: 'ALL_OLD' })).Attributes).toBeUndefined()
  })
})

describe('validation', () => {
  const bad = (message: string) => ['ValidationException', message]

  test('names keys that do not fit the table', async () => {
    expect(await refusal(region.client.send(new PutItemCommand({ TableName, Item: { a: { S: 'x' } } })))).toEqual(
      bad('One or more parameter values were invalid: Missing the key pk in the item'),
    )
    expect(await refusal(put({ pk: { N: '1' } }))).toEqual(
      bad('One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N'),
    )
    expect(await refusal(put({ pk: { S: '' } }))).toEqual(
      bad(
        'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
      ),
    )
    expect(await refusal(put({ pk: { S: 'x'.repeat(2049) } }))).toEqual(
      bad(
        'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
      ),
    )
    for (const Key of [{}, { other: { S: 'x' } }, { pk: { N: '1' } }, { pk: { S: 'x' }, other: { S: 'x' } }] as Item[])
      expect(await refusal(get({ Key }))).toEqual(bad('The provided key element does not match the schema'))
  })

  test('names a table that is not there', async () => {
    expect(await refusal(get({ TableName: 'no-such-table' }))).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found',
    ])
  })

  test('refuses items of more than 400 KB', async () => {
    expect(await refusal(put({ a: { S: 'x'.repeat(400 * 1024) } }))).toEqual(
      bad('Item size has exceeded the maximum allowed size'),
    )
    const fits = 400 * 1024 - 'pk'.length - pk.length - 'a'.length
    await put({ a: { S: 'x'.repeat(fits) } })
    expect(
      await refusal(update({ UpdateExpression: 'SET b = :b', ExpressionAttributeValues: { ':b': { S: 'more' } } })),
    ).toEqual(bad('Item size to update has exceeded the maximum allowed size'))
  })

  test('comes before the table is looked at, parameters first', async () => {
    const nowhere = { TableName: 'no-such-table' }
    expect(
      await refusal(put({}, { ...nowhere, ConditionExpression: 'a = :a', Expected: { a: { Exists: false } } })),
    ).toEqual(
      bad(
        '1 validation error detected: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
      ),
    )
    expect(await refusal(put({}, { ...nowhere, ReturnValues: 'ALL_NEW' }))).toEqual(
      bad('1 validation error detected: ReturnValues can only be ALL_OLD or NONE'),
    )
    expect(await refusal(put({}, { ...nowhere, ExpressionAttributeNames: { '#a': 'a' } }))).toEqual(
      bad('1 validation error detected: ExpressionAttributeNames can only be specified when using expressions'),
    )
    expect(await refusal(update({ ...nowhere, ExpressionAttributeValues: { ':a': { S: 'x' } } }))).toEqual(
      bad('1 validation error detected: ExpressionAttributeValues can only be specified when using expressions'),
    )
    expect(
      await refusal(
        put(
          {},
          {
            ...nowhere,
            ConditionExpression: 'attribute_exists(a)',
            ExpressionAttributeValues: { ':a': { S: 'x' }, ':b': { S: 'x' } },
          },
        ),
      ),
    ).toEqual(
      bad(
        '1 validation error detected: Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :b}',
      ),
    )
  })
})
