/** Libraries that sit on DynamoDB, in their own common usage: what they send and read back is not ours to choose. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DeleteTableCommand, DynamoDB } from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  DeleteCommand,
  GetCommand,
  paginateQuery,
  paginateScan,
  PutCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { Entity as ToolboxEntity } from 'dynamodb-toolbox/entity'
import { DeleteItemCommand } from 'dynamodb-toolbox/entity/actions/delete'
import { GetItemCommand } from 'dynamodb-toolbox/entity/actions/get'
import { PutItemCommand } from 'dynamodb-toolbox/entity/actions/put'
import { $add, $append, UpdateItemCommand } from 'dynamodb-toolbox/entity/actions/update'
import { ConditionCheck } from 'dynamodb-toolbox/entity/actions/transactCheck'
import { PutTransaction } from 'dynamodb-toolbox/entity/actions/transactPut'
import { execute } from 'dynamodb-toolbox/entity/actions/transactWrite'
import { item } from 'dynamodb-toolbox/schema/item'
import { list } from 'dynamodb-toolbox/schema/list'
import { number } from 'dynamodb-toolbox/schema/number'
import { string } from 'dynamodb-toolbox/schema/string'
import { Table as ToolboxTable } from 'dynamodb-toolbox/table'
import { QueryCommand as ToolboxQuery } from 'dynamodb-toolbox/table/actions/query'
import * as dynamoose from 'dynamoose'
import { Entity as ElectroEntity, Service } from 'electrodb'
import { testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let documents: DynamoDBDocumentClient
/** A single table as these libraries like it: pk, sk and one global index over both. */
let single: string

beforeAll(async () => {
  region = await testRegion()
  documents = DynamoDBDocumentClient.from(region.client, { marshallOptions: { removeUndefinedValues: true } })
  single = await region.createTable({
    AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'gsi1',
        KeySchema: [
          { AttributeName: 'gsi1pk', KeyType: 'HASH' },
          { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
})
afterAll(() => region.close())

describe('the document client', () => {
  test('writes and reads documents one at a time', async () => {
    const key = { pk: 'doc', sk: randomUUID() }
    await documents.send(
      new PutCommand({ TableName: single, Item: { ...key, n: 1, list: ['a'], at: { deep: new Set(['x']) } } }),
    )
    const update = await documents.send(
      new UpdateCommand({
        TableName: single,
        Key: key,
        UpdateExpression: 'SET #n = #n + :one, #l = list_append(#l, :more) ADD #at.#deep :set REMOVE gone',
        ConditionExpression: '#n < :ten AND size(#l) = :one',
        ExpressionAttributeNames: { '#n': 'n', '#l': 'list', '#at': 'at', '#deep': 'deep' },
        ExpressionAttributeValues: { ':one': 1, ':ten': 10, ':more': ['b'], ':set': new Set(['y']) },
        ReturnValues: 'ALL_NEW',
      }),
    )
    const expected = { ...key, n: 2, list: ['a', 'b'], at: { deep: new Set(['x', 'y']) } }
    expect(update.Attributes).toEqual(expected)
    expect((await documents.send(new GetCommand({ TableName: single, Key: key, ConsistentRead: true }))).Item).toEqual(
      expected,
    )
    const gone = await documents.send(new DeleteCommand({ TableName: single, Key: key, ReturnValues: 'ALL_OLD' }))
    expect(gone.Attributes).toEqual(expected)
  })

  test('writes and reads batches and follows pages', async () => {
    const pk = randomUUID()
    const items = Array.from({ length: 25 }, (_, n) => ({ pk, sk: String(n).padStart(2, '0'), n }))
    const RequestItems = { [single]: items.map((Item) => ({ PutRequest: { Item } })) }
    expect((await documents.send(new BatchWriteCommand({ RequestItems }))).UnprocessedItems).toEqual({})
    const Keys = items.map(({ sk }) => ({ pk, sk }))
    const batch = await documents.send(new BatchGetCommand({ RequestItems: { [single]: { Keys } } }))
    expect(batch.Responses?.[single]).toHaveLength(25)
    expect(batch.UnprocessedKeys).toEqual({})

    const query = {
      TableName: single,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      FilterExpression: 'n <> :n',
      ExpressionAttributeValues: { ':pk': pk, ':from': '05', ':to': '20', ':n': 10 },
      ScanIndexForward: false,
    }
    const found: unknown[] = []
    for await (const page of paginateQuery({ client: documents, pageSize: 7 }, query))
      found.push(...(page.Items ?? []).map((each) => each['n'] as unknown))
    expect(found).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 9, 8, 7, 6, 5])
    let scanned = 0
    for await (const page of paginateScan({ client: documents, pageSize: 3 }, { TableName: single }))
      scanned += (page.Items ?? []).filter((each) => each['pk'] === pk).length
    expect(scanned).toBe(25)
  })

  test('writes and reads transactions', async () => {
    const pk = randomUUID()
    await documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName: single, Item: { pk, sk: 'a', n: 1 }, ConditionExpression: 'attribute_not_exists(pk)' } },
          {
            Update: {
              TableName: single,
              Key: { pk, sk: 'b' },
              UpdateExpression: 'SET n = :n',
              ExpressionAttributeValues: { ':n': 2 },
            },
          },
        ],
      }),
    )
    const read = await documents.send(
      new TransactGetCommand({
        TransactItems: ['a', 'b', 'c'].map((sk) => ({ Get: { TableName: single, Key: { pk, sk } } })),
      }),
    )
    expect(read.Responses?.map((each) => each.Item?.['n'] as unknown)).toEqual([1, 2, undefined])
  })
})

describe('dynamodb-toolbox', () => {
  const pokemons = () => {
    const table = new ToolboxTable({
      name: single,
      documentClient: documents,
      partitionKey: { name: 'pk', type: 'string' },
      sortKey: { name: 'sk', type: 'string' },
      indexes: {
        gsi1: {
          type: 'global',
          partitionKey: { name: 'gsi1pk', type: 'string' },
          sortKey: { name: 'gsi1sk', type: 'string' },
        },
      },
    })
    const entity = new ToolboxEntity({
      name: 'Pokemon',
      table,
      schema: item({
        trainer: string().key().savedAs('pk'),
        name: string().key().savedAs('sk'),
        kind: string().savedAs('gsi1pk'),
        place: string().savedAs('gsi1sk').optional(),
        level: number().default(1),
        moves: list(string()).default([]),
      }),
    })
    return { table, entity }
  }

  test('puts, updates, gets, queries and deletes entities', async () => {
    const { table, entity } = pokemons()
    const trainer = randomUUID()
    const key = { trainer, name: 'pikachu' }
    await entity
      .build(PutItemCommand)
      .item({ ...key, kind: `electric-${trainer}` })
      .send()
    await expect(
      entity
        .build(PutItemCommand)
        .item({ ...key, kind: 'electric' })
        .options({ condition: { attr: 'name', exists: false } })
        .send(),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    await entity
      .build(UpdateItemCommand)
      .item({ ...key, level: $add(4), moves: $append(['thunder']), place: 'forest' })
      .send()
    expect((await entity.build(GetItemCommand).key(key).send()).Item).toMatchObject({
      ...key,
      level: 5,
      moves: ['thunder'],
    })
    const found = await table
      .build(ToolboxQuery)
      .entities(entity)
      .query({ index: 'gsi1', partition: `electric-${trainer}`, range: { beginsWith: 'for' } })
      .options({ filters: { Pokemon: { attr: 'level', gte: 5 } } })
      .send()
    expect(found.Items).toMatchObject([{ ...key, level: 5 }])
    await entity.build(DeleteItemCommand).key(key).send()
    expect((await entity.build(GetItemCommand).key(key).send()).Item).toBeUndefined()
  })

  test('writes entities in a transaction, or none', async () => {
    const { entity } = pokemons()
    const trainer = randomUUID()
    const put = (name: string) => entity.build(PutTransaction).item({ trainer, name, kind: 'water' })
    await execute(put('squirtle'), put('psyduck'))
    const sent = execute(
      put('staryu'),
      entity.build(ConditionCheck).key({ trainer, name: 'squirtle' }).condition({ attr: 'level', gt: 50 }),
    )
    await expect(sent).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    })
    expect((await entity.build(GetItemCommand).key({ trainer, name: 'staryu' }).send()).Item).toBeUndefined()
  })
})

describe('ElectroDB', () => {
  const tasks = () => {
    const table = { client: documents, table: single }
    const task = new ElectroEntity(
      {
        model: { entity: 'task', version: '1', service: 'work' },
        attributes: {
          team: { type: 'string', required: true },
          task: { type: 'string', required: true },
          owner: { type: 'string', required: true },
          points: { type: 'number', default: 0 },
          tags: { type: 'set', items: 'string' },
          notes: { type: 'list', items: { type: 'string' } },
        },
        indexes: {
          byTeam: { pk: { field: 'pk', composite: ['team'] }, sk: { field: 'sk', composite: ['task'] } },
          byOwner: {
            index: 'gsi1',
            pk: { field: 'gsi1pk', composite: ['owner'] },
            sk: { field: 'gsi1sk', composite: ['task'] },
          },
        },
      } as const,
      table,
    )
    return { task, service: new Service({ task }, table) }
  }

  test('creates, patches, queries and removes', async () => {
    const { task } = tasks()
    const team = randomUUID()
    const owner = randomUUID()
    for (const name of ['a1', 'a2', 'b1'])
      await task.create({ team, task: name, owner, notes: ['first'], tags: ['x'] }).go()
    await expect(task.create({ team, task: 'a1', owner }).go()).rejects.toThrow(/conditional request failed/)
    const patched = await task
      .patch({ team, task: 'a1' })
      .add({ points: 5, tags: ['y'] })
      .append({ notes: ['second'] })
      .where(({ points }, { lt }) => lt(points, 10))
      .go({ response: 'all_new' })
    expect(patched.data).toMatchObject({ points: 5, tags: ['x', 'y'], notes: ['first', 'second'] })
    expect((await task.query.byTeam({ team }).begins({ task: 'a' }).go()).data.map((each) => each.task)).toEqual([
      'a1',
      'a2',
    ])
    const owned = await task.query
      .byOwner({ owner })
      .where(({ points }, { gt }) => gt(points, 0))
      .go({ order: 'desc' })
    expect(owned.data.map((each) => each.task)).toEqual(['a1'])
    await task.remove({ team, task: 'b1' }).go()
    expect((await task.get({ team, task: 'b1' }).go()).data).toBeNull()
  })

  test('pages by cursor, works in batches and in transactions', async () => {
    const { task, service } = tasks()
    const team = randomUUID()
    const rows = Array.from({ length: 30 }, (_, n) => ({ team, task: `t${100 + n}`, owner: 'o' }))
    expect((await task.put(rows).go()).unprocessed).toEqual([])
    const names: string[] = []
    let cursor: string | null = null
    do {
      const page: { data: { task: string }[]; cursor: string | null } = await task.query
        .byTeam({ team })
        .go({ limit: 8, cursor })
      names.push(...page.data.map((each) => each.task))
      cursor = page.cursor
    } while (cursor !== null)
    expect(names).toEqual(rows.map((row) => row.task))
    expect((await task.get(rows).go()).data).toHaveLength(30)
    const done = await service.transaction
      .write(({ task: each }) => [
        each.put({ team, task: 'x1', owner: 'o' }).commit(),
        each
          .check({ team, task: 't100' })
          .where(({ points }, { eq }) => eq(points, 1))
          .commit(),
      ])
      .go()
    expect(done.canceled).toBe(true)
    expect(done.data.map((each) => each.code)).toEqual(['None', 'ConditionalCheckFailed'])
  })
})

describe('dynamoose', () => {
  const elsewhere = { region: 'us-east-1', credentials: { accessKeyId: 'anyone', secretAccessKey: 'anything' } }

  test('makes its table, and saves, finds, updates and deletes documents', async () => {
    dynamoose.aws.ddb.set(new DynamoDB(region.endpoint === 'aws' ? {} : { ...elsewhere, endpoint: region.endpoint }))
    const TableName = `longitude-test-${randomUUID()}`
    const schema = new dynamoose.Schema(
      {
        id: { type: String, hashKey: true },
        breed: { type: String, index: { name: 'by-breed', type: 'global' } },
        age: { type: Number, default: 1 },
        toys: { type: Array, schema: [String] },
      },
      { timestamps: true },
    )
    const Cat = dynamoose.model('Cat', schema)
    const table = new dynamoose.Table(TableName, [Cat], {
      throughput: 'ON_DEMAND',
      initialize: false,
      waitForActive: { enabled: true, check: { timeout: 20_000, frequency: 20 } },
    })
    await table.initialize()
    await Cat.create({ id: '1', breed: 'tabby', toys: ['mouse'] })
    await Cat.batchPut([
      { id: '2', breed: 'tabby', age: 7 },
      { id: '3', breed: 'siamese' },
    ])
    await expect(Cat.create({ id: '1', breed: 'tabby' })).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
    })
    await Cat.update({ id: '1' }, { $ADD: { age: 2 }, $SET: { toys: ['ball'] } })
    expect((await Cat.get('1')).toJSON()).toMatchObject({ id: '1', age: 3, toys: ['ball'] })
    const tabbies = await Cat.query('breed').eq('tabby').where('age').gt(3).exec()
    expect(tabbies.map((cat) => cat['id'] as unknown)).toEqual(['2'])
    expect((await Cat.scan().exec()).count).toBe(3)
    await dynamoose.transaction([Cat.transaction.update({ id: '2' }, { age: 8 }), Cat.transaction.delete('3')])
    const left = await Cat.batchGet(['1', '2', '3'])
    expect(new Set(left.map((cat) => cat['age'] as unknown))).toEqual(new Set([3, 8]))
    await Cat.delete('1')
    expect(await Cat.get('1')).toBeUndefined()
    await region.client.send(new DeleteTableCommand({ TableName }))
  })
})
