/** The NATS port of `longitude up`: what a stranger gets there, what a rotation costs, and what becomes of data of version 0.1.0. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nkeyAuthenticator, nkeys } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { natsSettings } from '../../src/nats-server/nats-settings.ts'
import { messageKeyPath } from '../../src/deployment/secrets/keys/message-keys.ts'
import { seedPath } from '../../src/deployment/secrets/nats/nats-secrets.ts'
import { freePort } from '../free-port.ts'
import { NatsServerProcess } from '../replication/nats.ts'
import {
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  removeFolder,
  temporaryFolder,
  type Up,
  up,
} from './command-line.ts'

const ends: (() => Promise<unknown>)[] = []
beforeAll(prepareProgram, 60_000)
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const names = ['us-east-1', 'eu-west-1'] as const
const flags = ['--regions', names.join(), '--no-latency', '--no-front-door']

function folder(): string {
  const made = temporaryFolder()
  ends.push(async () => await Promise.resolve(removeFolder(made)))
  return made
}

async function upOn(data: string): Promise<Up> {
  const running = await up(data, ...flags)
  ends.push(async () => {
    running.supervisor.kill('SIGTERM')
    await running.ended
  })
  return running
}

async function globalTable(virginia: DynamoDBClient): Promise<void> {
  await createTable(virginia)
  const ReplicaUpdates = [{ Create: { RegionName: names[1] } }]
  await virginia.send(new UpdateTableCommand({ TableName: 'Employees', ReplicaUpdates }))
}

async function put(client: DynamoDBClient, id: string): Promise<void> {
  await client.send(new PutItemCommand({ TableName: 'Employees', Item: { EmployeeID: { S: id } } }))
}

async function arrives(client: DynamoDBClient, id: string): Promise<void> {
  const get = new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: { S: id } } })
  const isThere = async () =>
    await client.send(get).then(
      ({ Item }) => Item !== undefined,
      () => false,
    )
  await eventually(`${id} has arrived`, isThere, 30_000)
}

const seedsOf = (data: string): readonly string[] =>
  names.flatMap((name) =>
    (['node', 'cache'] as const).map((role) =>
      readFileSync(seedPath(join(data, 'nats-secrets'), name, role), 'utf8').trim(),
    ),
  )

/** The one that each region signs with. */
const messageKeysOf = (data: string): readonly string[] =>
  names.map((name) => readFileSync(messageKeyPath(join(data, 'message-keys'), name), 'utf8').split('\n')[0] ?? '')

async function enters(port: number, options: object): Promise<string> {
  try {
    const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false, timeout: 3000, ...options })
    await connection.close()
    return 'connected'
  } catch (error) {
    return String(error)
  }
}

async function refuses(port: number, seed: string): Promise<void> {
  await eventually('the old secret is refused', async () => /authorization/i.test(await enters(port, withSeed(seed))))
}

const withSeed = (seed: string) => ({ authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) })

describe('the NATS servers of longitude up', { timeout: 90_000 }, () => {
  let data: string
  let running: Up
  let virginia: DynamoDBClient
  let ireland: DynamoDBClient
  beforeAll(async () => {
    data = temporaryFolder()
    running = await up(data, ...flags)
    ;[virginia, ireland] = running.overview.regions.map((region) => clientAt(region)) as [
      DynamoDBClient,
      DynamoDBClient,
    ]
    await globalTable(virginia)
  }, 60_000)
  afterAll(async () => {
    running.supervisor.kill('SIGTERM')
    await running.ended
    removeFolder(data)
  })

  test('let no stranger in, and show no secret', async () => {
    const stranger = new TextDecoder().decode(nkeys.createUser().getSeed())
    for (const { natsPort } of running.overview.regions)
      for (const options of [{}, { user: 'longitude', pass: 'longitude' }, { token: 'any' }, withSeed(stranger)])
        expect(await enters(natsPort, options)).toMatch(/authorization|authentication/i)
    const seeds = seedsOf(data)
    expect(new Set(seeds).size).toBe(4)
    const secrets = readdirSync(join(data, 'nats-secrets'), { recursive: true, encoding: 'utf8' })
    for (const path of secrets) expect(statSync(join(data, 'nats-secrets', path)).mode & 0o077, path).toBe(0)
    const keys = messageKeysOf(data)
    expect(new Set(keys).size).toBe(2)
    for (const name of names) expect(statSync(messageKeyPath(join(data, 'message-keys'), name)).mode & 0o077).toBe(0)
    const shown = [running.errors(), JSON.stringify(running.overview)]
    for (const pid of running.overview.processes) shown.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    for (const name of names) shown.push(readFileSync(join(data, name, 'nats.conf'), 'utf8'))
    for (const secret of [...seeds, ...keys]) expect(shown.filter((text) => text.includes(secret))).toEqual([])
  })

  test('take rotated secrets up while writes go on, lose nothing, and refuse the old ones', async () => {
    await put(virginia, 'before')
    await arrives(ireland, 'before')
    const old = seedsOf(data)
    const oldKeys = messageKeysOf(data)
    let count = 0
    const stop = new AbortController()
    const writing = (async () => {
      for (; !stop.signal.aborted; count++) await Promise.all([put(virginia, `a${count}`), put(ireland, `b${count}`)])
    })()
    for (const round of ['first', 'second']) {
      const rotated = await longitude('secrets', '--rotate', '--data', data)
      expect(rotated).toMatchObject({ status: 0, errors: '' })
      for (const seed of seedsOf(data)) expect(rotated.output).not.toContain(seed)
      const from = count
      await eventually(`writes go on after the ${round}`, () => count > from + 20)
    }
    stop.abort()
    await writing
    for (const { natsPort } of running.overview.regions)
      for (const seed of old)
        await eventually(
          'the old secret is refused',
          async () => (await enters(natsPort, withSeed(seed))) !== 'connected',
        )
    await put(virginia, 'last-a')
    await put(ireland, 'last-b')
    await arrives(ireland, 'last-a')
    await arrives(virginia, 'last-b')
    for (const client of [virginia, ireland]) {
      const all = async () => (await client.send(new ScanCommand({ TableName: 'Employees', Select: 'COUNT' }))).Count
      await eventually('nothing is lost', async () => (await all()) === 2 * count + 3)
    }
    expect(seedsOf(data).filter((seed) => old.includes(seed))).toEqual([])
    expect(messageKeysOf(data).filter((key) => oldKeys.includes(key))).toEqual([])
  })

  test('put a region out whose secrets are removed, and give it new ones', async () => {
    const [seed = ''] = seedsOf(data)
    rmSync(join(data, 'nats-secrets', names[0]), { recursive: true, maxRetries: 5 })
    for (const { natsPort } of running.overview.regions) await refuses(natsPort, seed)
    await put(virginia, 'after')
    await arrives(ireland, 'after')
  })
})

describe('longitude up', { timeout: 90_000 }, () => {
  test('serves data of version 0.1.0, whose open stream is removed', async () => {
    const data = folder()
    const before = await up(data, ...flags)
    const virginia = clientAt(before.overview.regions[0])
    await globalTable(virginia)
    await put(virginia, 'old')
    await arrives(clientAt(before.overview.regions[1]), 'old')
    before.supervisor.kill('SIGTERM')
    await before.ended
    // As that version left it: no secrets, no accounts, the stream in the common one.
    rmSync(join(data, 'nats-secrets'), { recursive: true })
    for (const name of names) await openStore(join(data, name), name)
    const open = names.map((name) => join(data, name, 'nats', 'jetstream', '$G'))
    expect(open.filter((path) => !existsSync(path))).toEqual([])
    const after = await upOn(data)
    expect(open.filter((path) => existsSync(path))).toEqual([])
    const [us, eu] = after.overview.regions.map((region) => clientAt(region))
    if (us === undefined || eu === undefined) throw new Error('two regions were asked for')
    await put(us, 'new-a')
    await put(eu, 'new-b')
    await arrives(eu, 'new-a')
    await arrives(us, 'new-b')
    await arrives(eu, 'old')
    expect(await enters(after.overview.regions[0]?.natsPort ?? 0, {})).not.toBe('connected')
  })
})

async function openStore(region: string, name: string): Promise<void> {
  const store = join(region, 'nats')
  rmSync(store, { recursive: true })
  mkdirSync(store)
  const port = await freePort()
  const configuration = join(region, 'nats.conf')
  writeFileSync(configuration, natsSettings({ name, listen: `127.0.0.1:${port}`, store }).join('\n'))
  const server = new NatsServerProcess(undefined, port, configuration)
  await server.start()
  const connection = await connect({ servers: server.url })
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: `LOG_${name}`, subjects: [`log.${name}.changes`] })
  for (let n = 0; n < 50; n++) await jetstream(connection).publish(`log.${name}.changes`, 'of another version')
  await connection.close()
  await server.remove()
}
