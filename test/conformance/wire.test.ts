import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  DeleteItemCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { unsupported } from '../../src/operations/unsupported.ts'
import { call } from './raw-request.ts'
import { isLocal, refusal, testRegion, type TestRegion } from './region.ts'
import { differs } from '../differences/difference.ts'

let region: TestRegion
let TableName: string

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())

describe('the SDK', () => {
  test('writes, reads, queries and deletes an item', async () => {
    const Item = {
      pk: { S: 'E001' },
      age: { N: '34' },
      photo: { B: new Uint8Array([1, 2, 3]) },
      tags: { SS: ['a', 'b'] },
    }
    const Key = { pk: Item.pk }
    await region.client.send(new PutItemCommand({ TableName, Item }))
    expect((await region.client.send(new GetItemCommand({ TableName, Key }))).Item).toEqual(Item)
    const query = { TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': Item.pk } }
    expect(await region.client.send(new QueryCommand(query))).toMatchObject({ Count: 1, Items: [Item] })
    await region.client.send(new DeleteItemCommand({ TableName, Key }))
    expect((await region.client.send(new GetItemCommand({ TableName, Key }))).Item).toBeUndefined()
  })

  test('converts documents there and back', async () => {
    const documents = DynamoDBDocumentClient.from(region.client)
    const Item = { pk: 'doc', nested: { list: [1, 'two', null, true], set: new Set([1.5, 2]) }, empty: '' }
    await documents.send(new PutCommand({ TableName, Item }))
    expect((await documents.send(new GetCommand({ TableName, Key: { pk: 'doc' } }))).Item).toEqual(Item)
  })

  test('reports a refusal as an error of the modelled name', async () => {
    const get = new GetItemCommand({ TableName: `${TableName}-none`, Key: { pk: { S: 'a' } } })
    expect(await refusal(region.client.send(get))).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found',
    ])
    const list = new ListTablesCommand({ Limit: 101 })
    expect(await refusal(region.client.send(list))).toEqual([
      'ValidationException',
      "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100",
    ])
  })
})

describe.runIf(isLocal)('below the SDK', () => {
  test('the form of a request is complained of before its content, and its content before the table', async () => {
    const messageOf = async (body: unknown): Promise<unknown> => {
      const { __type, message, Message } = (await call(region.endpoint, 'PutItem', body)).json as Record<string, string>
      return [__type?.split('#')[1], message ?? Message]
    }
    const none = 'longitude-no-such-table'
    const twice = { SS: ['a', 'a'] }
    expect(await messageOf({ TableName: none, ReturnValues: 'x', Item: { pk: twice, a: { N: 1 } } })).toEqual([
      'SerializationException',
      'NUMBER_VALUE cannot be converted to String',
    ])
    expect(await messageOf({ TableName: none, ReturnValues: 'x', Item: { pk: twice } })).toEqual([
      'ValidationException',
      "1 validation error detected: Value 'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
    ])
    expect(await messageOf({ TableName: none, Item: { pk: twice } })).toEqual([
      'ValidationException',
      '1 validation error detected: One or more parameter values were invalid: Input collection ["a", "a"] contains duplicates.',
    ])
    expect(await messageOf({ TableName: none, Item: { pk: { S: 'a' } } })).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found',
    ])
  })

  test(differs('operations-not-here'), async () => {
    for (const operation of Object.keys(unsupported)) {
      const reply = await call(region.endpoint, operation, {})
      expect(reply.status).toBe(400)
      expect(reply.json).toEqual({
        __type: 'com.amazon.coral.service#UnknownOperationException',
        message: `The operation ${operation} is not supported by this version of Longitude: ${unsupported[operation]}`,
      })
    }
  })

  test('of a key given twice the last counts', async () => {
    const text = `{"TableName":"x","TableName":"${TableName}","Item":{"pk":{"S":"first"},"pk":{"S":"twice"}}}`
    expect((await call(region.endpoint, 'PutItem', text)).status).toBe(200)
    const found = await call(region.endpoint, 'GetItem', { TableName, Key: { pk: { S: 'twice' } } })
    expect(found.json).toEqual({ Item: { pk: { S: 'twice' } } })
  })
})
