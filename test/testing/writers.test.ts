/** A table that is written in one region only. */
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  type ListTablesCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writerRoutes } from '../../src/node/admin/writer-routes.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { notes, outcomeOf } from './access-scene.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const TableName = 'notes'
let cluster: EmbeddedCluster

beforeAll(async () => {
  cluster = await EmbeddedCluster.made({ regions: [us, eu] })
  await at(us).send(new CreateTableCommand(notes))
  await cluster.settle()
  await at(us).send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
  await cluster.settle()
})
afterAll(() => cluster.close())

const at = (region: string) => new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
const send = (region: string, command: unknown) => outcomeOf(at(region).send(command as ListTablesCommand))

async function set(region: string, regions: readonly string[], table = TableName): Promise<unknown> {
  const context = cluster.running(region)?.region.context
  const route = context && writerRoutes(context).find(({ method }) => method === 'POST')
  const answered = await route?.answer({ body: { table, regions }, query: {} })
  await cluster.settle()
  return answered
}

const key = { owner: { S: 'a' }, nr: { N: '1' } }
const put = new PutItemCommand({ TableName, Item: key })
const writes: readonly (readonly [string, object])[] = [
  ['PutItem', put],
  ['UpdateItem', new UpdateItemCommand({ TableName, Key: key, UpdateExpression: 'SET t = nr' })],
  ['DeleteItem', new DeleteItemCommand({ TableName, Key: key })],
  ['BatchWriteItem', new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: key } }] } })],
  ['TransactWriteItems', new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: key } }] })],
  [
    'ExecuteStatement',
    new ExecuteStatementCommand({ Statement: `UPDATE notes SET t = 'x' WHERE owner = 'a' AND nr = 1` }),
  ],
]

describe('with one region that writes', () => {
  beforeAll(() => set(us, [us]))

  test.each(writes)('%s is taken there', async (_, command) => {
    expect(await send(us, put)).toBe('ok')
    expect(await send(us, command)).toBe('ok')
  })

  test.each(writes)('%s is refused elsewhere, in words that say where to go', async (_, command) => {
    expect(await send(eu, command)).toBe(
      'AccessDeniedException: Table notes is written in us-east-1 only, and this is eu-west-1: send the write there, or change that by `longitude writers`.',
    )
  })

  test('reads go on everywhere, and replication too', async () => {
    expect(await send(us, put)).toBe('ok')
    await cluster.settle()
    expect((await at(eu).send(new GetItemCommand({ TableName, Key: key }))).Item).toEqual(key)
  })
})

test('the other region takes over, and then all write again', async () => {
  await set(eu, [eu])
  expect(await send(eu, put)).toBe('ok')
  expect(await send(us, put)).toMatch(/^AccessDeniedException: Table notes is written in eu-west-1 only/)
  await set(us, [])
  expect([await send(us, put), await send(eu, put)]).toEqual(['ok', 'ok'])
})

test('only regions that have the table can write it', async () => {
  await expect(set(us, ['ap-northeast-1'])).rejects.toThrow(
    'notes has no replica in ap-northeast-1: it is in us-east-1, eu-west-1',
  )
  await expect(set(us, [us], 'none')).rejects.toThrow('there is no table none')
})
