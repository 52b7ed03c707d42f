/** Policies at every door of a real region: its node, a worker, a cache and the front door; and a file of identities that changes meanwhile. */
import { renameSync, statSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePorts } from '../free-port.ts'
import { allow, arn, deny, notes, outcomeOf, policyOf, user } from '../testing/access-scene.ts'
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'
import { background, prepareProgram, removeFolder, temporaryFolder } from './command-line.ts'

const table = arn('table/notes')
const mine = { Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:username}'] } } }
const ofOwn = allow(['dynamodb:GetItem', 'dynamodb:PutItem'], table, mine)
const inside = [
  allow('dynamodb:GetItem', table, {
    Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-0a1b2c' }, Null: { 'aws:SourceIp': 'true' } },
  }),
]
let folder: string
let file: string
const running: ReturnType<typeof background>[] = []
let doors: Readonly<Record<'node' | 'cache' | 'front door', string>>

beforeAll(async () => {
  prepareProgram()
  folder = temporaryFolder()
  file = join(folder, 'access.json')
  write([user('ann', ofOwn), user('bob', ofOwn), user('maker', allow('dynamodb:*')), user('inside', ...inside)])
  writePolicy(allow('dynamodb:*', '*', { Principal: '*' }), deny('dynamodb:PutItem', '*', { Principal: '*' }))
  const [port = 0, cachePort = 0, doorPort = 0] = await freePorts(3)
  const at = (each: number): string => `http://127.0.0.1:${each}`
  doors = { node: at(port), cache: at(cachePort), 'front door': at(doorPort) }
  const start = (command: string, options: Readonly<Record<string, string | number>>) => {
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
    running.push(background(command, ...flags))
  }
  const common = { region: 'us-east-1', identities: file }
  start('node', {
    ...common,
    port,
    data: join(folder, 'data'),
    nats: 'nats://127.0.0.1:1',
    workers: 2,
    access: 'strict',
    'private-listen': `unix:${privateSocket()}`,
    'private-policy': join(folder, 'endpoint-policy.json'),
    'private-id': 'vpce-0a1b2c',
  })
  start('cache', { ...common, port: cachePort, upstream: at(port), mode: 'dax' })
  start('front-door', { 'front-door-port': doorPort, upstream: `us-east-1=${at(port)}` })
  for (const url of Object.values(doors))
    await vi.waitFor(async () => expect((await fetch(url)).status).toBeLessThan(500), {
      timeout: 60_000,
      interval: 50,
    })
  const maker = client('node', 'maker')
  await maker.send(new CreateTableCommand(notes))
  await waitUntilTableExists({ client: maker, maxWaitTime: 30, minDelay: 0.02, maxDelay: 0.1 }, { TableName: 'notes' })
}, 120_000)

afterAll(async () => {
  for (const { process } of running) process.kill('SIGTERM')
  await Promise.all(running.map(({ ended }) => ended))
  removeFolder(folder)
})

function write(users: readonly unknown[]): void {
  writeFileSync(file, JSON.stringify({ users, sessionKey: 'a key for sessions, for tests only' }), { mode: 0o600 })
}

const privateSocket = (): string => join(folder, 'private.sock')

function writePolicy(...statements: readonly ReturnType<typeof allow>[]): void {
  const path = join(folder, 'endpoint-policy.json')
  writeFileSync(`${path}.new`, JSON.stringify(policyOf(...statements)), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

const keysOf = (name: string) => ({ accessKeyId: `AKIA${name.toUpperCase()}`, secretAccessKey: `secret of ${name}` })
const client = (door: keyof typeof doors, name: string) =>
  new DynamoDBClient({ endpoint: doors[door], region: 'us-east-1', credentials: keysOf(name), maxAttempts: 1 })
const key = (owner: string) => ({ owner: { S: owner }, nr: { N: '1' } })
const read = (door: keyof typeof doors, name: string, owner: string) =>
  outcomeOf(client(door, name).send(new GetItemCommand({ TableName: 'notes', Key: key(owner) })))

test.each(['node', 'cache', 'front door'] as const)(
  'at the %s a user has its own items and no others',
  async (door) => {
    expect(
      await outcomeOf(client(door, 'ann').send(new PutItemCommand({ TableName: 'notes', Item: key('ann') }))),
    ).toBe('ok')
    // Several connections: some are a worker's. What one user has read is not there for another.
    for (let n = 0; n < 4; n++) {
      expect(await read(door, 'ann', 'ann')).toBe('ok')
      expect(await read(door, 'bob', 'ann')).toMatch(
        /^AccessDeniedException: User: \S+user\/bob is not authorized to perform: dynamodb:GetItem/,
      )
    }
  },
)

test('a private listener has a name in conditions, and a policy that is followed', async () => {
  const place: Readonly<Record<string, unknown>> = { socketPath: privateSocket() }
  const byItself = (name: string): DynamoDBClient =>
    new DynamoDBClient({
      endpoint: 'http://localhost',
      region: 'us-east-1',
      credentials: keysOf(name),
      maxAttempts: 1,
      requestHandler: { httpAgent: new Agent({ keepAlive: true, ...place }) },
    })
  const getItem = new GetItemCommand({ TableName: 'notes', Key: key('inside') })
  const put = new PutItemCommand({ TableName: 'notes', Item: key('maker') })
  // Only by the listener, and from no address.
  expect(await outcomeOf(byItself('inside').send(getItem))).toBe('ok')
  expect(await outcomeOf(client('node', 'inside').send(getItem))).toMatch(
    /because no identity-based policy allows the dynamodb:GetItem action$/,
  )
  expect(await outcomeOf(byItself('maker').send(put))).toMatch(
    /is not authorized to perform: dynamodb:PutItem on resource: \S+ with an explicit deny in a VPC endpoint policy$/,
  )
  expect(await outcomeOf(client('node', 'maker').send(put))).toBe('ok')
  writePolicy(allow('dynamodb:PutItem', '*', { Principal: '*' }))
  await vi.waitFor(
    async () => {
      expect(await outcomeOf(byItself('maker').send(put))).toBe('ok')
      expect(await outcomeOf(byItself('inside').send(getItem))).toMatch(
        /because no VPC endpoint policy allows the dynamodb:GetItem action$/,
      )
    },
    { timeout: 30_000, interval: 200 },
  )
  expect(statSync(privateSocket()).mode & 0o777).toBe(0o600)
  // Nothing but the API.
  expect(await Promise.all(['/health', '/metrics', '/admin/status'].map(statusPrivately))).toEqual([200, 404, 404])
})

async function statusPrivately(path: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    get({ socketPath: privateSocket(), path, headers: { host: 'localhost' } }, (reply) =>
      resolve(reply.resume().statusCode),
    ).on('error', reject)
  })
}

test('the front door leads to STS as well', async () => {
  const url = doors['front door']
  const body = 'Action=GetCallerIdentity&Version=2011-06-15'
  const time = timeOf(Date.now())
  const headers = { host: new URL(url).host, 'x-amz-date': time }
  const authorization = authorizationOf({ ...keysOf('ann'), time, headers, body, service: 'sts' })
  const type = 'application/x-www-form-urlencoded; charset=utf-8'
  const reply = await fetch(url, { method: 'POST', headers: { ...headers, authorization, 'content-type': type }, body })
  expect(await reply.text()).toContain('<Arn>arn:aws:iam::000000000000:user/ann</Arn>')
})

test('a right that is taken away ends at every door within seconds', async () => {
  write([user('ann')])
  await vi.waitFor(
    async () => {
      for (const door of ['node', 'cache', 'front door'] as const)
        for (let n = 0; n < 3; n++) expect(await read(door, 'ann', 'ann')).toMatch(/^AccessDeniedException/)
    },
    { timeout: 10_000, interval: 200 },
  )
})
