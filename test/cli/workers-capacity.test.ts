/** Several processes of one region, and capacity that is counted: there is one count. */
import { CreateTableCommand, DynamoDBClient, GetItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../free-port.ts'
import { background, prepareProgram, removeFolder, temporaryFolder } from './command-line.ts'

const TableName = 'counted'
const burstSeconds = 300
let folder: string
let url: string
let clients: readonly DynamoDBClient[]

beforeAll(async () => {
  prepareProgram()
  folder = temporaryFolder()
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const options = {
    region: 'us-east-1',
    port,
    data: folder,
    nats: 'nats://127.0.0.1:1',
    workers: 2,
    capacity: 'enforce',
  }
  background('node', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`))
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), {
    timeout: 60_000,
    interval: 50,
  })
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  clients = Array.from(
    { length: 4 },
    () => new DynamoDBClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 }),
  )
}, 120_000)

afterAll(() => {
  for (const client of clients) client.destroy()
  removeFolder(folder)
})

test('reads through all processes together have the capacity of the table once', async () => {
  const [first] = clients as [DynamoDBClient]
  await first.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
    }),
  )
  await waitUntilTableExists({ client: first, maxWaitTime: 30, minDelay: 0.02, maxDelay: 0.1 }, { TableName })
  const beganMs = performance.now()
  const outcomes = new Map<string, number>()
  const get = async (client: DynamoDBClient): Promise<void> => {
    const outcome = await client
      .send(new GetItemCommand({ TableName, Key: { a: { S: 'x' } }, ConsistentRead: true }))
      .then(
        () => 'served',
        ({ name }: Error) => name,
      )
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  for (let n = 0; n < 100; n++) await Promise.all(clients.map(get))
  const seconds = Math.ceil((performance.now() - beganMs) / 1000)
  const served = outcomes.get('served') ?? 0
  expect([...outcomes.keys()].toSorted()).toEqual(['ProvisionedThroughputExceededException', 'served'])
  expect(served).toBeGreaterThanOrEqual(burstSeconds)
  // A read that comes while others run is admitted before they are charged.
  expect(served).toBeLessThanOrEqual(burstSeconds + seconds + clients.length)
}, 120_000)
