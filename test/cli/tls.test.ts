/** `longitude up --tls` with workers and policies: every port of three regions speaks TLS, policies hold at each, and a new certificate costs nothing. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectSecurely, type TLSSocket } from 'node:tls'
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localTlsIn } from '../../src/deployment/secrets/certificates/local-authority.ts'
import { allow, keyOf, outcomeOf, user } from '../testing/access-scene.ts'
import { exchange } from '../../src/process/requests/exchange.ts'
import { trustAuthority } from '../../src/process/requests/trust.ts'
import {
  alive,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  removeFolder,
  temporaryFolder,
  type Up,
  up,
} from './command-line.ts'

const [virginia, dublin, tokyo] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const own = { Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:username}'] } } }
const items = allow(['dynamodb:GetItem', 'dynamodb:PutItem'], 'arn:aws:dynamodb:*:*:table/Employees', own)
const data = temporaryFolder()
const paths = localTlsIn(join(data, 'tls'))
let running: Up

beforeAll(async () => {
  prepareProgram()
  const identities = `${data}-identities.json`
  const users = [user('admin', allow('dynamodb:*')), user('ann', items), user('bob', items)]
  writeFileSync(identities, JSON.stringify({ users }), { mode: 0o600 })
  const policies = ['--identities', identities, '--access', 'strict']
  const regions = [virginia, dublin, tokyo].join(',')
  running = await up(data, '--tls', '--workers', '2', ...policies, '--no-latency', '--regions', regions)
  trustAuthority(paths.ca)
}, 240_000)

afterAll(async () => {
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
  rmSync(`${data}-identities.json`, { force: true })
})

function client(endpoint: string | undefined, region: string, name = 'admin'): DynamoDBClient {
  const httpsAgent = new Agent({ ca: readFileSync(paths.ca), keepAlive: true })
  return new DynamoDBClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    credentials: { accessKeyId: keyOf(name), secretAccessKey: `secret of ${name}` },
    requestHandler: { httpsAgent },
  })
}

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port)

/** By a connection of its own. */
async function serialAt(port: number): Promise<string> {
  const raw = connect(port, '127.0.0.1')
  const secured = await new Promise<TLSSocket>((resolve, reject) => {
    const over = (socket?: Socket): void => {
      const to = socket === undefined ? { port, host: '127.0.0.1' } : { socket, servername: 'localhost' }
      const done = connectSecurely({ ...to, ca: readFileSync(paths.ca) }, () => resolve(done))
      done.once('error', reject)
    }
    // A NATS server speaks first, and encrypted after that.
    if (running.overview.regions.some(({ natsPort }) => natsPort === port)) raw.once('data', () => over(raw))
    else {
      raw.destroy()
      over()
    }
  })
  const { serialNumber } = secured.getPeerCertificate()
  secured.destroy()
  return serialNumber
}

test('endpoints, caches, front door, control and console speak TLS, and so do the NATS servers', async () => {
  const { regions, services } = running.overview
  const urls = [...regions.flatMap(({ endpoint, cache }) => [endpoint, cache ?? '']), ...Object.values(services)]
  expect(urls.filter((url) => !url.startsWith('https://'))).toEqual([])
  expect(Object.keys(services).toSorted()).toEqual(['console', 'frontDoor', 'linksControl'])
  expect(statSync(paths.authorityKey).mode & 0o777).toBe(0o600)
  const ports = [...urls.map(portOf), ...regions.map(({ natsPort }) => natsPort), running.basePort + 111]
  const serials = await Promise.all(ports.map(serialAt))
  expect(new Set(serials).size).toBe(1)
  const health = await Promise.all(urls.map(async (url) => await exchange(`${url}/health`, { timeoutMs: 20_000 })))
  expect(health.map(({ status }) => status)).toEqual(urls.map(() => 200))
  // Half of these connections are a worker's, which cannot serve them itself.
  const metrics = await Promise.all(
    Array.from({ length: 4 }, async () => await exchange(`${regions[0]?.endpoint}/metrics`, { timeoutMs: 20_000 })),
  )
  for (const { text } of metrics) expect(text).toMatch(/longitude_certificate_end_seconds\{.*use="endpoint".*\} \d/)
})

test('items replicate, and are read by endpoint, cache and front door', async () => {
  const { regions, services } = running.overview
  const first = client(regions[0]?.endpoint, virginia)
  await createTable(first)
  for (const RegionName of [dublin, tokyo]) {
    await first.send(new UpdateTableCommand({ TableName: 'Employees', ReplicaUpdates: [{ Create: { RegionName } }] }))
    const isActive = async (): Promise<boolean> => {
      const { Table } = await first.send(new DescribeTableCommand({ TableName: 'Employees' }))
      return Table?.Replicas?.some((each) => each.RegionName === RegionName && each.ReplicaStatus === 'ACTIVE') === true
    }
    await eventually(`the replica in ${RegionName} is active`, isActive, 60_000)
  }
  const Item = { EmployeeID: { S: 'E001' }, Text: { S: 'x'.repeat(100_000) } }
  await first.send(new PutItemCommand({ TableName: 'Employees', Item }))
  const get = new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: { S: 'E001' } } })
  const places = [regions[1]?.endpoint, regions[1]?.cache, services['frontDoor']]
  for (const place of places) {
    const reader = client(place, dublin)
    const isThere = async (): Promise<boolean> =>
      await reader.send(get).then(
        (reply) => reply.Item !== undefined,
        () => false,
      )
    await eventually(`the item is read at ${place}`, isThere, 60_000)
    // Also on other connections, which other processes serve.
    const others = Array.from({ length: 4 }, async () => (await client(place, dublin).send(get)).Item)
    expect(await Promise.all(others)).toEqual(others.map(() => Item))
  }
})

test('in every region a user has its own items and no others, at the endpoint, the cache and the front door', async () => {
  const { regions, services } = running.overview
  for (const { region, endpoint, cache } of regions)
    for (const place of [endpoint, cache, services['frontDoor']]) {
      const Item = { EmployeeID: { S: 'ann' }, Written: { S: region } }
      const Key = { EmployeeID: { S: 'ann' } }
      const ann = client(place, region, 'ann')
      expect(await outcomeOf(ann.send(new PutItemCommand({ TableName: 'Employees', Item })))).toBe('ok')
      // Several connections: half of them are a worker's.
      for (let n = 0; n < 2; n++) {
        const get = new GetItemCommand({ TableName: 'Employees', Key, ConsistentRead: true })
        expect((await client(place, region, 'ann').send(get)).Item).toEqual(Item)
        expect(await outcomeOf(client(place, region, 'bob').send(get))).toMatch(
          /^AccessDeniedException: User: \S+user\/bob is not authorized to perform: dynamodb:GetItem/,
        )
      }
    }
})

test('commands speak to the deployment', async () => {
  const commands = [
    ['status', '--check'],
    ['links', 'set', `${virginia}..${dublin}`, '--rtt', '5ms', '--for', '1s'],
    ['verify', 'Employees'],
    ['faults', 'list'],
    ['console', '--url'],
    ['env', dublin],
  ]
  for (const command of commands) {
    const { status, output, errors } = await longitude(...command, '--data', data)
    // Where signatures are verified, `env` says on its error stream which keys there are.
    expect([command, status, command[0] === 'env' ? '' : errors]).toEqual([command, 0, ''])
    if (command[0] === 'env') expect(output).toContain(`export AWS_CA_BUNDLE=${paths.ca}`)
  }
})

test('a new certificate, and a new authority, are shown by every port within seconds, and no connection breaks', async () => {
  const { regions } = running.overview
  const open = client(regions[0]?.endpoint, virginia)
  const get = new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: { S: 'E001' } } })
  await open.send(get)
  const ports = [
    portOf(regions[0]?.endpoint),
    portOf(regions[0]?.cache),
    running.basePort + 199,
    regions[0]?.natsPort ?? 0,
  ]
  for (const flag of ['--renew', '--rotate']) {
    const before = await serialAt(ports[0] ?? 0)
    expect((await longitude('certificates', flag, '--data', data)).status).toBe(0)
    for (const port of ports)
      await eventually(`port ${port} shows another certificate`, async () => (await serialAt(port)) !== before, 60_000)
    expect((await open.send(get)).Item?.['EmployeeID']).toEqual({ S: 'E001' })
  }
  const { output } = await longitude('status', '--check', '--json', '--data', data)
  expect(JSON.parse(output)).toMatchObject({ regions: regions.map(() => ({ health: 'ready' })) })
  expect(alive(running.overview.processes)).toEqual(running.overview.processes)
  // Written after the rotation, it still arrives.
  const Item = { EmployeeID: { S: 'E002' } }
  await client(regions[0]?.endpoint, virginia).send(new PutItemCommand({ TableName: 'Employees', Item }))
  const there = new GetItemCommand({ TableName: 'Employees', Key: Item })
  const reader = client(regions[1]?.endpoint, dublin)
  await eventually('the item has arrived', async () => (await reader.send(there)).Item !== undefined, 60_000)
})
