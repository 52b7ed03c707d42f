import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { NatsServerProcess } from '../replication/nats.ts'
import {
  background,
  eventually,
  longitude,
  prepareProgram,
  randomBasePort,
  removeFolder,
  statusOf,
  temporaryFolder,
  up,
} from './command-line.ts'
import { foundToken } from '../../src/deployment/secrets/admin-token.ts'
import { adminHeaders } from '../../src/deployment/endpoints.ts'

const ends: (() => Promise<unknown>)[] = []
beforeAll(prepareProgram, 60_000)
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

function folder(): string {
  const made = temporaryFolder()
  ends.push(async () => removeFolder(made))
  return made
}

function describeRegion(regions: string, name: string, number: number, more: object = {}): void {
  mkdirSync(join(regions, name), { recursive: true })
  writeFileSync(join(regions, name, 'region.json'), JSON.stringify({ name, number, city: name, ...more }))
}

const clientOf = (endpoint: string, region: string) =>
  new DynamoDBClient({ endpoint, region, credentials: { accessKeyId: 'anyone', secretAccessKey: 'anything' } })

async function peersAt(endpoint: string, data: string): Promise<string[]> {
  const headers = adminHeaders(foundToken({ data }))
  const { peers } = (await (await fetch(`${endpoint}/admin/status`, { headers })).json()) as {
    peers: { peer: string }[]
  }
  return peers.map(({ peer }) => peer)
}

test('a region whose folder comes is known to the running ones, gets a replica, and is forgotten with its folder', async () => {
  const regions = folder()
  describeRegion(regions, 'us-east-1', 1)
  describeRegion(regions, 'eu-west-1', 2)
  const flags = ['--regions', 'us-east-1,eu-west-1', '--no-latency']
  const data = folder()
  const running = await up(data, ...flags, '--regions-folder', regions)
  ends.push(async () => {
    running.supervisor.kill('SIGTERM')
    await running.ended
  })
  const [us, eu] = running.overview.regions as [
    (typeof running.overview.regions)[0],
    (typeof running.overview.regions)[0],
  ]
  const [virginia, TableName] = [clientOf(us.endpoint, us.region), 'Employees']
  const replica = async (): Promise<string | undefined> => {
    const { Table } = await virginia.send(new DescribeTableCommand({ TableName }))
    return Table?.Replicas?.find(({ RegionName }) => RegionName === 'sa-east-1')?.ReplicaStatus
  }
  await virginia.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  )
  await eventually('the table is there', async () => {
    const { Table } = await virginia.send(new DescribeTableCommand({ TableName }))
    return Table?.TableStatus === 'ACTIVE'
  })
  await virginia.send(new PutItemCommand({ TableName, Item: { pk: { S: 'before' } } }))

  const natsPort = await freePort()
  const conf = folder()
  const place = ['--nats-conf', conf, '--nats-listen', `127.0.0.1:${natsPort}`, '--nats-store', folder()]
  const made = await longitude('secrets', '--json', '--data', data, '--regions', 'sa-east-1', ...place)
  const [secrets] = (JSON.parse(made.output) as { regions: { node: string; conf: string }[] }).regions
  if (secrets === undefined) throw new Error('one region was asked for')
  const nats = new NatsServerProcess(undefined, natsPort, secrets.conf)
  await nats.start()
  ends.push(() => nats.remove())
  describeRegion(regions, 'sa-east-1', 7, { nats: nats.url })
  const port = randomBasePort() + 7
  const peers = [us, eu].map((at) => `--peer=${at.region}=nats://127.0.0.1:${at.natsPort}`)
  const own = ['--region', 'sa-east-1', '--port', String(port), '--nats', nats.url, '--data', folder()]
  const keys = ['--message-keys', join(data, 'message-keys')]
  const access = ['--nats-nkey', secrets.node, '--nats-api-prefix', 'LONGITUDE', ...keys]
  const node = background('node', ...own, ...access, '--regions-folder', regions, ...peers)
  ends.push(async () => {
    node.process.kill('SIGTERM')
    await node.ended
  })
  const saoPaulo = `http://127.0.0.1:${port}`
  await eventually('São Paulo serves', async () => (await statusOf(`${saoPaulo}/ready`)) === 200)
  for (const { endpoint } of [us, eu])
    await eventually('it is known', async () => (await peersAt(endpoint, data)).includes('sa-east-1'))
  await virginia.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: 'sa-east-1' } }] }))
  await eventually('it has the replica', async () => (await replica()) === 'ACTIVE')
  const key = { pk: { S: 'before' } }
  const { Item } = await clientOf(saoPaulo, 'sa-east-1').send(new GetItemCommand({ TableName, Key: key }))
  expect(Item).toEqual(key)

  rmSync(join(regions, 'sa-east-1'), { recursive: true })
  await eventually('it is forgotten', async () => !(await peersAt(us.endpoint, data)).includes('sa-east-1'))
  expect(await replica()).toBe('REGION_DISABLED')
  await virginia.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Delete: { RegionName: 'sa-east-1' } }] }))
  await eventually('its replica is given up', async () => (await replica()) === undefined)
  expect(us.processes.node).toBe(running.overview.regions[0]?.processes.node)
}, 60_000)
