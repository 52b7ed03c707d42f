/**
 * Who may do what at the NATS server of a region, from tables: each role tries all that it must not do, at a real server with the
 * accounts of every deployment. What it may do is what regions.test.ts and secured.test.ts live by.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConsumerInfo, jetstreamManager } from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { connectOnce } from '../../src/adapters/nats/nats-connect.ts'
import { cacheInboxPrefix, inboxPrefix } from '../../src/adapters/nats/nats-subjects.ts'
import { consumerInactiveMsMax, peerConsumersMax } from '../../src/core/limits/limits.ts'
import { accountLines } from '../../src/deployment/secrets/nats/nats-accounts.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { identitiesOf, makeNatsSecrets, seedPath } from '../../src/deployment/secrets/nats/nats-secrets.ts'
import { natsSettings } from '../../src/nats-server/nats-settings.ts'
import { writeConfiguration } from '../../src/supervisor/nats/nats-process.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../free-port.ts'
import { natsBinaries, NatsServerProcess, quiet } from './nats.ts'

vi.setConfig({ testTimeout: 60_000 })

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const stream = `LOG_${us}`
const secretText = 'an item that only readers of the stream may see'

/** JetStream's calls on a stream that no role but the region's node may make; each is tried under every prefix. */
const calls = [
  'INFO',
  'STREAM.NAMES',
  'STREAM.LIST',
  'STREAM.CREATE.OTHER',
  `STREAM.UPDATE.${stream}`,
  `STREAM.DELETE.${stream}`,
  `STREAM.PURGE.${stream}`,
  `STREAM.MSG.GET.${stream}`,
  `STREAM.MSG.DELETE.${stream}`,
  `STREAM.SNAPSHOT.${stream}`,
  `STREAM.RESTORE.${stream}`,
  `DIRECT.GET.${stream}`,
  `CONSUMER.NAMES.${stream}`,
  `CONSUMER.LIST.${stream}`,
  `CONSUMER.CREATE.${stream}.named`,
  `CONSUMER.DURABLE.CREATE.${stream}.durable`,
  `CONSUMER.DELETE.${stream}.any`,
]
const prefixes = ['$JS.API', 'LONGITUDE', `$JS.${us}.API`]
const readingCalls = [`STREAM.INFO.${stream}`, `CONSUMER.CREATE.${stream}`, `CONSUMER.MSG.NEXT.${stream}.any`]
const questions = [`ask.${us}.${ap}`, `ask.${us}.${us}`, '$SYS.REQ.SERVER.PING', '$SYS.REQ.ACCOUNT.PING.CONNZ']
const sayings = [
  `log.${us}.changes`,
  `here.${us}`,
  `cache.${us}.changes`,
  `_INBOX_${us}.x`,
  `_INBOX_${ap}.x`,
  '$JS.ACK.x',
]
const hearings = [
  '>',
  '*',
  '*.>',
  'log.>',
  'here.*',
  'ask.>',
  'cache.>',
  `_INBOX_${us}.>`,
  '_INBOX_*.>',
  '$JS.>',
  '$SYS.>',
]

type Role = {
  readonly region: string
  readonly role: 'node' | 'cache'
  readonly inbox: string
  /** Forbidden to this one beside the table. */
  readonly calls: readonly string[]
}

const roles: Readonly<Record<string, Role>> = {
  'a cache of the region': { region: us, role: 'cache', inbox: cacheInboxPrefix(us), calls: readingCalls },
  'the node of a peer': { region: eu, role: 'node', inbox: inboxPrefix(eu), calls: [] },
}

const folder = mkdtempSync(join(tmpdir(), 'longitude-roles-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(await natsBinaries())('%s', (binary) => {
  let server: NatsServerProcess
  let bus: NatsBus
  const asked: string[] = []
  const connections: NatsConnection[] = []

  beforeAll(async () => {
    makeNatsSecrets(folder, [us, eu, ap])
    const port = await freePort()
    const path = join(folder, `${port}.conf`)
    const settings = natsSettings({ name: us, listen: `127.0.0.1:${port}`, store: join(folder, `${port}`) })
    writeConfiguration(path, [...settings, ...accountLines(us, identitiesOf(folder, us))])
    server = new NatsServerProcess(binary, port, path)
    await server.start()
    bus = startNatsBus({ region: us, own: access(us, 'node').own(server.url), peers: {}, log: quiet })
    bus.serve(async (_, asker) => {
      asked.push(asker)
      return await Promise.resolve(Buffer.from('answer'))
    })
    await eventually('the stream is there', async () => (await append()) > 2)
  })

  afterAll(async () => {
    await Promise.all(connections.map(async (connection) => await connection.close()))
    await bus.close()
    await server.remove()
  })

  const access = (region: string, role: 'node' | 'cache') => natsAccess({ natsNkey: seedPath(folder, region, role) })

  async function append(): Promise<number> {
    try {
      const { sequence } = await bus.stream.last()
      return await bus.stream.append(Buffer.from(secretText), sequence)
    } catch {
      return 0
    }
  }

  async function enter(region: string, role: 'node' | 'cache', inbox: string): Promise<NatsConnection> {
    const connection = await connectOnce(region, access(region, role).own(server.url), 'tries', { inbox })
    connections.push(connection)
    return connection
  }

  async function consumers(): Promise<readonly ConsumerInfo[]> {
    const manager = await jetstreamManager(await enter(us, 'node', inboxPrefix(us)), { checkAPI: false })
    return await manager.consumers.list(stream).next()
  }

  it('lets in nobody without the secret of a role here', async () => {
    const elsewhere = join(folder, 'elsewhere')
    makeNatsSecrets(elsewhere, [us])
    const strangers = [
      { url: server.url },
      { url: server.url, credentials: { user: us, pass: us } },
      natsAccess({ natsNkey: seedPath(elsewhere, us, 'node') }).own(server.url),
      access(eu, 'cache').own(server.url),
    ]
    for (const stranger of strangers)
      await expect(connectOnce('stranger', stranger, 'tries')).rejects.toThrow(/authorization|authentication/i)
  })

  it.each(Object.entries(roles))(
    'gives %s no answer to what it must not ask',
    async (_, { region, role, inbox, ...more }) => {
      const connection = await enter(region, role, inbox)
      const subjects = [
        ...prefixes.flatMap((prefix) => calls.map((call) => `${prefix}.${call}`)),
        ...['$JS.API', `$JS.${us}.API`].flatMap((prefix) => readingCalls.map((call) => `${prefix}.${call}`)),
        ...more.calls.map((call) => `LONGITUDE.${call}`),
        ...questions,
      ]
      const before = await bus.stream.last()
      asked.length = 0
      const answered = await Promise.all(
        subjects.map(async (subject) => {
          const body = subject.includes('GET') ? '{"last_by_subj":">"}' : ''
          return await connection.request(subject, body, { timeout: 1500 }).then(
            () => [subject],
            () => [],
          )
        }),
      )
      expect(answered.flat()).toEqual([])
      expect(asked).toEqual([])
      expect(await bus.stream.last()).toEqual(before)
    },
  )

  it.each(Object.entries(roles))(
    'lets %s say nothing in another’s name, and hear nothing',
    async (_, { region, role, inbox }) => {
      const connection = await enter(region, role, inbox)
      const witness = await enter(ap, 'node', inboxPrefix(ap))
      const cache = await enter(us, 'cache', cacheInboxPrefix(us))
      const forged: string[] = []
      witness.subscribe(`here.${us}`, { callback: (__, message) => void forged.push(message.string()) })
      cache.subscribe(`cache.${us}.changes`, { callback: (__, message) => void forged.push(message.string()) })
      await Promise.all([witness.flush(), cache.flush()])
      const heard: string[] = []
      for (const subject of hearings)
        connection.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message.subject)) })
      await connection.flush()
      const before = await bus.stream.last()
      const mayAsk = role === 'cache' ? `cache.${us}.ask` : `LONGITUDE.STREAM.INFO.${stream}`
      for (const subject of sayings) {
        connection.publish(subject, 'forged')
        connection.publish(mayAsk, '', { reply: subject })
      }
      await connection.flush()
      await connection.request(mayAsk, '', { timeout: 1000 }).catch(() => undefined)
      expect((await bus.stream.last()).sequence).toBe(before.sequence)
      await append()
      bus.announce(Buffer.from('of the region'))
      await eventually('the announcement has come', () => forged.includes('of the region'))
      expect(forged).toEqual(['of the region'])
      await connection.flush()
      expect(heard).toEqual([])
    },
  )

  const expiring = { deliver_policy: 'all', ack_policy: 'none', mem_storage: true, inactive_threshold: nanos(5000) }

  it('takes a peer no consumer that pushes, lasts, or has no end', async () => {
    const peer = await enter(eu, 'node', inboxPrefix(eu))
    const create = async (config: object): Promise<string | undefined> => {
      const body = JSON.stringify({ stream_name: stream, config: { ...expiring, ...config } })
      const reply = await peer.request(`LONGITUDE.CONSUMER.CREATE.${stream}`, body, { timeout: 5000 })
      return reply.json<{ name?: string }>().name
    }
    const aims = [`cache.${us}.changes`, `here.${us}`, `ask.${us}.${ap}`, `_INBOX_${us}.x`, `_INBOX_${eu}.x`]
    for (const deliver_subject of [...aims, `log.${us}.changes`, `$JS.API.STREAM.DELETE.${stream}`])
      await create({ deliver_subject, headers_only: true })
    expect(await create({ deliver_subject: `log.${us}.changes` })).toBeUndefined()
    await create({ durable_name: 'durable' })
    await create({ inactive_threshold: nanos(10 * consumerInactiveMsMax) })
    const good = await create({})
    const endless = await create({ inactive_threshold: 0 })
    expect(good).toBeDefined()
    const isGone = async () => (await consumers()).every(({ config }) => config.deliver_subject === undefined)
    await eventually('those that push are gone', isGone)
    for (const { config, name } of await consumers()) {
      expect(config.durable_name).toBeUndefined()
      expect(config.inactive_threshold, name).toBeGreaterThan(0)
      expect(config.inactive_threshold, name).toBeLessThanOrEqual(nanos(consumerInactiveMsMax))
    }
    const names = (await consumers()).map(({ name }) => name)
    expect(names).toContain(good)
    expect(endless === undefined || names.includes(endless)).toBe(true)
  })

  it('bounds the consumers of all peers', async () => {
    const peer = await enter(eu, 'node', inboxPrefix(eu))
    const body = JSON.stringify({ stream_name: stream, config: expiring })
    const made = await Promise.all(
      Array.from({ length: peerConsumersMax + 20 }, async () => {
        const reply = await peer.request(`LONGITUDE.CONSUMER.CREATE.${stream}`, body, { timeout: 20_000 })
        return reply.json<{ error?: { description: string } }>().error?.description
      }),
    )
    expect(made.filter((error) => error === undefined).length).toBeLessThanOrEqual(peerConsumersMax)
    expect(made.find((error) => error !== undefined)).toMatch(/consumers/i)
  })
})
