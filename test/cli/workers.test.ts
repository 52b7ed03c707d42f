/** Several processes of one region: what one has acknowledged, every other one shows. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../free-port.ts'
import { background, type Ended, longitude, prepareProgram, removeFolder, temporaryFolder } from './command-line.ts'

const workers = 3
const TableName = 'shared'
let folder: string
let regionsFolder: string
let url: string
let node: ReturnType<typeof background>
/** More than one connection for each process. */
let clients: readonly DynamoDBClient[]

beforeAll(async () => {
  prepareProgram()
  folder = temporaryFolder()
  regionsFolder = temporaryFolder()
  describeRegion({ name: 'us-east-1', number: 1 })
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const options = {
    region: 'us-east-1',
    port,
    data: folder,
    nats: 'nats://127.0.0.1:1',
    workers,
    'regions-folder': regionsFolder,
  }
  node = background('node', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`))
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), {
    timeout: 60_000,
    interval: 50,
  })
  clients = Array.from({ length: workers * 2 }, () => clientOf())
}, 120_000)

afterAll(() => {
  for (const client of clients) client.destroy()
  removeFolder(folder)
  removeFolder(regionsFolder)
})

function describeRegion(region: { readonly name: string; readonly [member: string]: unknown }): void {
  const path = join(regionsFolder, region.name)
  mkdirSync(path)
  writeFileSync(join(path, 'region.json'), JSON.stringify({ city: 'somewhere', ...region }))
}

function clientOf(region = 'us-east-1'): DynamoDBClient {
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint: url, region, credentials })
}

async function makeTable([client]: readonly DynamoDBClient[]): Promise<void> {
  if (client === undefined) return
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.02, maxDelay: 0.1 }, { TableName })
}

/** Of the node's own processes, those that are workers. */
function workerIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === node.process.pid
      } catch {
        return false
      }
    })
    .map(Number)
}

const put = (client: DynamoDBClient, version: number) =>
  client.send(new PutItemCommand({ TableName, Item: { a: { S: 'x' }, v: { N: String(version) } } }))

test('a write is seen by consistent reads in every process as soon as it is acknowledged', async () => {
  expect(workerIds()).toHaveLength(workers - 1)
  await makeTable(clients)
  for (let version = 0; version < 20; version++) {
    await put(clients[version % clients.length] as DynamoDBClient, version)
    const reads = clients.map(async (client) => {
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName, Key: { a: { S: 'x' } }, ConsistentRead: true }),
      )
      const { Items: items } = await client.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: 'a = :a',
          ExpressionAttributeValues: { ':a': { S: 'x' } },
        }),
      )
      return [item?.['v']?.N, items?.[0]?.['v']?.N]
    })
    expect(new Set((await Promise.all(reads)).flat())).toEqual(new Set([String(version)]))
  }
})

test('their requests are in the region’s metrics, and whatever is no read is answered on any connection', async () => {
  for (let n = 0; n < workers * 2; n++) expect((await fetch(`${url}/health`)).status).toBe(200)
  await vi.waitFor(async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    const reads = /longitude_requests_total\{operation="Query",outcome="ok".*\} (\d+)/.exec(text)?.[1]
    expect(Number(reads)).toBe(20 * clients.length)
  }, 10_000)
})

test('a table that is removed, and made again, is gone and there in every process at once', async () => {
  for (let round = 0; round < 3; round++) {
    const [first] = clients as [DynamoDBClient]
    await first.send(new DeleteTableCommand({ TableName }))
    const get = (client: DynamoDBClient) =>
      client.send(new GetItemCommand({ TableName, Key: { a: { S: 'x' } }, ConsistentRead: true })).then(
        () => 'served',
        (error: Error) => error.name,
      )
    expect(new Set(await Promise.all(clients.map(get)))).toEqual(new Set(['ResourceNotFoundException']))
    await vi.waitFor(async () => await makeTable(clients), { timeout: 20_000, interval: 50 })
    expect(new Set(await Promise.all(clients.map(get)))).toEqual(new Set(['served']))
  }
})

test('a worker that dies is started again; its clients connect anew', async () => {
  const [victim = 0] = workerIds()
  process.kill(victim, 'SIGKILL')
  await put(clients[0] as DynamoDBClient, 100)
  await vi.waitFor(() => {
    expect(workerIds()).toHaveLength(workers - 1)
    expect(workerIds()).not.toContain(victim)
  }, 20_000)
  const read = await Promise.all(
    clients.map((client) =>
      client.send(new GetItemCommand({ TableName, Key: { a: { S: 'x' } }, ConsistentRead: true })),
    ),
  )
  expect(new Set(read.map(({ Item: item }) => item?.['v']?.N))).toEqual(new Set(['100']))
})

test('a fault that an operator sets is met in every process, until it is cleared', async () => {
  const at = [`--data=${folder}`, `--base-port=${new URL(url).port}`, '--regions=us-east-1']
  const outcomes = async () => {
    const get = (client: DynamoDBClient) =>
      client.send(new GetItemCommand({ TableName, Key: { a: { S: 'x' } } })).then(
        () => 'served',
        (error: Error) => error.name,
      )
    return [...new Set(await Promise.all(clients.map(get)))]
  }
  const set = await longitude('faults', 'set', 'us-east-1', '--unavailable', '--operation=GetItem', '--seed=7', ...at)
  expect(set).toMatchObject({ status: 0, errors: '' })
  expect(set.output).toMatch(/us-east-1 +\w+ +unavailable: all GetItem +0 of 0 +operator/)
  await vi.waitFor(async () => expect(await outcomes()).toEqual(['ServiceUnavailableException']), 10_000)
  const listed = await longitude('faults', 'list', '--json', ...at)
  const { regions } = JSON.parse(listed.output) as { regions: { faults: { struck: number; kind: string }[] }[] }
  expect(regions[0]?.faults[0]).toMatchObject({ kind: 'unavailable', seed: 7 })
  expect(regions[0]?.faults[0]?.struck).toBeGreaterThanOrEqual(clients.length)
  const wrong = await longitude('faults', 'set', 'us-east-1', '--slow=soon', ...at)
  expect(wrong).toMatchObject({ status: 1 })
  expect(wrong.errors).toContain('delay: a delay such as 50ms')
  expect((await longitude('faults', 'clear', ...at)).output).toContain('no faults are set')
  expect(await outcomes()).toEqual(['served'])
})

test('every process takes what is signed for any region while the region is alone, and refuses it once there is another', async () => {
  const misdirected = Array.from({ length: workers * 2 }, () => clientOf('eu-west-1'))
  const answers = async () => {
    const get = (client: DynamoDBClient) =>
      client.send(new GetItemCommand({ TableName, Key: { a: { S: 'x' } } })).then(
        () => 'served',
        (error: Error) => error.message,
      )
    return [...new Set(await Promise.all(misdirected.map(get)))]
  }
  try {
    expect(await answers()).toEqual(['served'])
    describeRegion({ name: 'eu-west-1', number: 2, nats: 'nats://127.0.0.1:1', endpoint: 'http://127.0.0.1:8001' })
    const refused = expect.stringContaining('and eu-west-1 is at http://127.0.0.1:8001')
    await vi.waitFor(async () => expect(await answers()).toEqual([refused]), { timeout: 20_000, interval: 100 })
  } finally {
    for (const client of misdirected) client.destroy()
  }
})

test('they end with the node', async () => {
  const ids = workerIds()
  node.process.kill('SIGTERM')
  const { status }: Ended = await node.ended
  expect(status).toBe(0)
  for (const id of ids) expect(() => process.kill(id, 0)).toThrow(/ESRCH/)
})
