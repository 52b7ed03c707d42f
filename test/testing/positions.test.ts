/** Reading one's own writes in another region, in the time of an embedded cluster. */
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'

const [here, there] = ['us-east-1', 'eu-west-1'] as const
const TableName = 'orders'
let cluster: EmbeddedCluster

type Heard = { readonly client: DynamoDBClient; readonly position: () => string | undefined }

/** A client that sends these headers, and keeps the position that it is told. */
function clientOf(region: string, headers: Readonly<Record<string, string>>): Heard {
  const client = new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
  let position: string | undefined
  client.middlewareStack.add(
    (next) => async (given) => {
      const { request } = given as { request: { headers: Record<string, string> } }
      Object.assign(request.headers, headers)
      const result = await next(given)
      position = (result.response as { headers: Record<string, string> }).headers['x-longitude-position'] ?? position
      return result
    },
    { step: 'build' },
  )
  return { client, position: () => position }
}

beforeAll(async () => {
  cluster = await EmbeddedCluster.made({
    regions: [here, there],
    clock: 'manual',
    seed: 3,
    links: { default: { ms: 40 } },
    tables: [
      {
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    ],
  })
})
afterEach(() => cluster.link(here, there).heal())
afterAll(() => cluster.close())

async function written(id: string): Promise<string> {
  const { client, position } = clientOf(here, { 'x-longitude-position': '1' })
  await client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }))
  client.destroy()
  return position() ?? 'none'
}

const read = async (id: string, headers: Readonly<Record<string, string>>) => {
  const { client } = clientOf(there, headers)
  return await client.send(new GetItemCommand({ TableName, Key: { id: { S: id } } })).then(
    ({ Item }) => (Item === undefined ? 'nothing' : 'found'),
    ({ name, message }: Error) => `${name}: ${message}`,
  )
}

/** Lets the cluster's time pass until the answer has come. */
async function passing(answer: Promise<string>): Promise<string> {
  const waiting = 'waiting'
  for (let ms = 0; ms < 60_000; ms += 50) {
    await cluster.advance(50)
    const now = await Promise.race([answer, Promise.resolve(waiting)])
    if (now !== waiting) return now
  }
  return 'no answer'
}

test('a read waits until the write is there', async () => {
  const position = await written('a')
  expect(position).toMatch(/^us-east-1:[\w-]+:\d+$/)
  expect(await read('a', {})).toBe('nothing')
  const waiting = read('a', { 'x-longitude-after': position })
  expect(await passing(waiting)).toBe('found')
  expect(await read('a', { 'x-longitude-after': position })).toBe('found')
})

test('it waits so long, and then says so with an error that SDKs try again', async () => {
  cluster.link(here, there).cut()
  const position = await written('b')
  const waiting = read('b', { 'x-longitude-after': position, 'x-longitude-within': '300' })
  expect(await passing(waiting)).toMatch(
    /^ServiceUnavailableException: eu-west-1 has not applied position \d+ of us-east-1 within 300 ms: it is applied up to \d+\. The request was not executed; try again\.$/,
  )
})

test('a table whose replication is paused is waited for, though the log goes on', async () => {
  const { region } = cluster.running(there) ?? {}
  const table = region?.engine.tableNamed(TableName)?.id ?? ''
  await region?.replication.pauses.pause({ table }, 600_000)
  const position = await written('paused')
  await cluster.advance('1s')
  const late = read('paused', { 'x-longitude-after': position, 'x-longitude-within': '300' })
  expect(await passing(late)).toContain('has not applied position')
  const waiting = read('paused', { 'x-longitude-after': position, 'x-longitude-within': '30000' })
  await region?.replication.pauses.resume({ table })
  expect(await passing(waiting)).toBe('found')
})

test('the region itself has its own writes at once, and another log is told', async () => {
  const position = await written('c')
  const { client } = clientOf(here, { 'x-longitude-after': position })
  expect((await client.send(new GetItemCommand({ TableName, Key: { id: { S: 'c' } } }))).Item).toBeDefined()
  client.destroy()
  const waiting = read('c', { 'x-longitude-after': 'us-east-1:another:1', 'x-longitude-within': '0' })
  expect(await passing(waiting)).toContain('us-east-1 has another log by now')
})

test.each([
  ['nonsense', {}, 'x-longitude-after is not as a region has told it'],
  ['mars-1:a:1', {}, 'x-longitude-after: there is no region mars-1 here'],
  ['us-east-1:a:1', { 'x-longitude-within': '60000' }, 'x-longitude-within is no time of at most 30000 ms'],
  [Array.from({ length: 17 }, () => 'us-east-1:a:1').join(','), {}, 'x-longitude-after is not as a region has told it'],
])('%s is refused', async (after, headers, message) => {
  expect(await read('a', { 'x-longitude-after': after, ...headers })).toContain(`ValidationException: ${message}`)
})

test('without being asked for, no position is told', async () => {
  const { client, position } = clientOf(here, {})
  await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'd' } } }))
  client.destroy()
  expect(position()).toBeUndefined()
})
