/** Three regions as `longitude deployment` sets them up, on one machine: what flows between them, and what does not. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectOnce, type NatsServer } from '../../src/adapters/nats/nats-connect.ts'
import { NatsCacheLine } from '../../src/adapters/nats/nats-cache-line.ts'
import {
  cacheAskSubject,
  cacheInboxPrefix,
  invalidationSubject,
  logSubject,
} from '../../src/adapters/nats/nats-subjects.ts'
import { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { encodeControl } from '../../src/core/change/control.ts'
import { writeDeployment } from '../../src/deployment/deployment.ts'
import { watchAccess } from '../../src/deployment/secrets/identities/watched-access.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../free-port.ts'
import { NatsServerProcess, quiet } from './nats.ts'
import { agreed, TestRegion } from './region.ts'

const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
type Name = (typeof names)[number]
const [us, eu] = names

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'longitude-deployment-'))
const servers = new Map<Name, NatsServerProcess>()
let ports: readonly number[] = []
const undo: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ports = await Promise.all(names.map(() => freePort()))
  await deploy(folder, ports)
  for (const [n, name] of names.entries()) {
    const server = new NatsServerProcess(undefined, ports[n] ?? 0, join(folder, name, 'nats.conf'))
    servers.set(name, server)
    await server.start()
  }
})

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

afterAll(async () => {
  await Promise.all([...servers.values()].map((server) => server.remove()))
  rmSync(folder, { recursive: true, force: true })
})

/** Its paths are those of the hosts; here each region's folder stays where it was written. */
async function deploy(
  out: string,
  natsPorts: readonly number[],
  regions: readonly string[] = names,
  rotate: readonly string[] = [],
): Promise<void> {
  const hosts = regions.map((region, n) => ({ region, host: 'localhost', natsPort: natsPorts[n] ?? 1 }))
  await writeDeployment({
    hosts,
    out,
    installed: '/INSTALLED',
    state: '/STATE',
    certificateDays: 30,
    renew: false,
    rotate,
  })
  for (const name of names)
    for (const file of ['nats.conf', 'longitude.json', 'cache.json', 'quorum.conf']) {
      const path = join(out, name, file)
      if (!existsSync(path)) continue
      const here = join(out, name)
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('/INSTALLED', here).replaceAll('/STATE', here))
    }
}

type Options = Parameters<typeof natsAccess>[0] & {
  readonly nats: string
  readonly quorum: string
  readonly peer: Record<string, string>
}

/** What the region's node would read. */
function optionsOf(name: Name): Options {
  return JSON.parse(readFileSync(join(folder, name, 'longitude.json'), 'utf8')) as Options
}

function busOf(name: Name): NatsBus {
  const options = optionsOf(name)
  const access = natsAccess(options)
  const peers = Object.entries(options.peer).map(([peer, url]) => [peer, access.peer(url)] as const)
  return startNatsBus({ region: name, own: access.own(options.nats), peers: Object.fromEntries(peers), log: quiet })
}

async function running(): Promise<readonly TestRegion[]> {
  const regions = names.map((name) => new TestRegion(name, names))
  for (const region of regions) {
    await region.start(busOf(region.name as Name))
    undo.push(async () => await region.stop())
  }
  return regions
}

/** At the server of us-east-1, with what the node of eu-west-1 has; `permissions` is every refusal that it gets. */
async function intruder(): Promise<{ readonly connection: NatsConnection; readonly refusals: string[] }> {
  const { peer, ...options } = optionsOf(eu)
  const [server = { url: '' }] = natsAccess(options).peer(peer[us] ?? '')
  const connection = await connectOnce(eu, server, 'meddles')
  const refusals: string[] = []
  void (async () => {
    for await (const status of connection.status()) if (status.type === 'error') refusals.push(String(status.error))
  })()
  undo.push(async () => await connection.close())
  return { connection, refusals }
}

/** What the region's node has of shared streams. */
function quorumOf(name: Name): NatsQuorum {
  const server = natsAccess(optionsOf(name)).own(optionsOf(name).quorum)
  const quorum = new NatsQuorum({ self: name, server, regions: () => names, log: quiet })
  undo.push(async () => await quorum.close())
  return quorum
}

async function streamOf(connection: NatsConnection): Promise<{ readonly messages: number; readonly last_seq: number }> {
  const reply = await connection.request(`LONGITUDE.STREAM.INFO.LOG_${us}`, '{}', { timeout: 5000 })
  return reply.json<{ state: { messages: number; last_seq: number } }>().state
}

describe('regions with mutual TLS', () => {
  it('replicate to each other', async () => {
    const regions = await running()
    await regions[0]?.makeTable('T', [names[1], names[2]])
    await eventually('all replicas are active everywhere', () =>
      regions.every((region) => names.every((name) => region.replicaStatus('T', name) === 'ACTIVE')),
    )
    for (const region of regions) await region.put('T', region.name, 'x')
    await agreed(regions, 'T')
    expect(regions.map((region) => region.items('T'))).toEqual([3, 3, 3])
    await eventually('everybody has confirmed everything', () =>
      regions.every((region) => region.replication.status().peers.every(({ pending }) => pending === 0)),
    )
  })

  it('share identities, although each has a file of its own', async () => {
    const files = names.map((name) => {
      const path = join(folder, name, 'access.json')
      const shared = { key: 'with this the regions seal what they share' }
      writeFileSync(path, JSON.stringify({ shared }), { mode: 0o600 })
      const access = watchAccess({ identities: path }, quiet)
      undo.push(async () => await Promise.resolve(access.stop()))
      return access
    })
    for (const [n, name] of names.entries()) {
      const region = new TestRegion(name, names, { identities: files[n]?.shared })
      await region.start(busOf(name))
      undo.push(async () => await region.stop())
    }
    const accessKeys = [{ accessKeyId: 'AKIAOFANN', secretAccessKey: 'secret of ann' }]
    await files[0]?.change?.((all) => ({ ...all, users: [{ name: 'ann', accessKeys }] }))
    const known = (): number => files.filter((each) => each.credentials?.().has('AKIAOFANN')).length
    await eventually('the key counts in all regions', () => known() === names.length)
    await files[1]?.change?.((all) => ({ ...all, users: [] }))
    await eventually('it counts in none', () => known() === 0)
  })

  it('take a server that was away back', async () => {
    const regions = await running()
    const [first, second] = regions as [TestRegion, TestRegion, TestRegion]
    await eventually('the second follows', () => ['live', 'idle'].includes(second.peer(us).state))
    await servers.get(us)?.kill()
    await eventually('the second is cut', () => second.peer(us).state === 'cut')
    await servers.get(us)?.start()
    await eventually('the second follows again', () => ['live', 'idle'].includes(second.peer(us).state))
    expect(first.replication.status().region).toBe(us)
  })
})

describe('a NATS server of a deployment', () => {
  const url = () => `tls://localhost:${servers.get(us)?.port ?? 0}`
  const attempt = async (server: NatsServer): Promise<string> => {
    try {
      const connection = await connectOnce(eu, server, 'tries')
      await connection.close()
      return 'connected'
    } catch (error) {
      return String(error)
    }
  }
  const filesOf = (of: string, name = 'node') => ({
    caFile: join(folder, us, 'ca.crt'),
    certFile: join(of, `${name}.crt`),
    keyFile: join(of, `${name}.key`),
  })
  const tryWith = async (tls: object): Promise<string> => await attempt({ url: url(), credentials: { tls } })

  it('takes the certificate of a peer', async () => {
    expect(await tryWith(filesOf(join(folder, eu)))).toBe('connected')
  })

  it('refuses who has none', async () => {
    expect(await tryWith({ caFile: join(folder, us, 'ca.crt') })).not.toBe('connected')
    expect(await attempt({ url: url().replace('tls:', 'nats:') })).not.toBe('connected')
  })

  it('refuses the certificate of another authority, whatever name is in it', async () => {
    const other = join(folder, 'other')
    await deploy(other, [1, 2, 3])
    expect(await tryWith({ ...filesOf(join(other, eu)) })).not.toBe('connected')
  })

  it('refuses a certificate that is not a node’s of its peers', async () => {
    expect(await tryWith(filesOf(join(folder, eu), 'server'))).not.toBe('connected')
    const stranger = { region: 'sa-east-1', host: 'localhost', natsPort: 1 }
    const settings = { installed: '/x', state: '/x', certificateDays: 30, renew: false }
    await writeDeployment({ hosts: [stranger], out: join(folder, 'more'), ...settings })
    expect(await tryWith(filesOf(join(folder, 'more', stranger.region)))).not.toBe('connected')
  })

  it('is refused itself when its certificate is of another authority or for another host', async () => {
    const other = join(folder, 'other-authority')
    await deploy(other, [1, 2, 3])
    const mine = filesOf(join(folder, eu))
    expect(await tryWith({ ...mine, caFile: join(other, us, 'ca.crt') })).not.toBe('connected')
    const elsewhere = `tls://127.0.0.2:${servers.get(us)?.port ?? 0}`
    expect(await attempt({ url: elsewhere, credentials: { tls: mine } })).toMatch(/altnames/i)
  })
})

describe('a region more', () => {
  it('is let in once its name is known and put out once it is not, while the others go on', async () => {
    const regions = await running()
    const [, second] = regions as [TestRegion, TestRegion, TestRegion]
    await eventually('the second follows', () => ['live', 'idle'].includes(second.peer(us).state))
    const fourth = 'sa-east-1'
    const files = () => {
      const of = join(folder, fourth)
      return { caFile: join(of, 'ca.crt'), certFile: join(of, 'node.crt'), keyFile: join(of, 'node.key') }
    }
    const enter = async (): Promise<NatsConnection | undefined> => {
      const url = `tls://localhost:${servers.get(us)?.port ?? 0}`
      return await connectOnce(fourth, { url, credentials: { tls: files() } }, 'tries').catch(() => undefined)
    }
    const isLetIn = async (): Promise<boolean> => {
      const connection = await enter()
      await connection?.close()
      return connection !== undefined
    }
    await deploy(folder, ports, [...names, fourth])
    expect(await isLetIn()).toBe(false)
    servers.get(us)?.reload()
    await eventually('it is let in', isLetIn)
    await eventually('the second still follows, or again', () => ['live', 'idle'].includes(second.peer(us).state))
    const inside = await enter()
    expect(inside?.isClosed()).toBe(false)
    await deploy(folder, ports)
    servers.get(us)?.reload()
    await eventually('it is put out', () => inside?.isClosed() === true)
    await eventually('it is let in no more', async () => !(await isLetIn()))
  })
})

describe('a cache’s certificate', () => {
  const options = () => JSON.parse(readFileSync(join(folder, us, 'cache.json'), 'utf8')) as Options

  it('lets it hear what changes and ask where the log stands, in their order', async () => {
    const bus = busOf(us)
    undo.push(async () => await bus.close())
    bus.caches.serve(async (payload) => {
      bus.caches.invalidate(Buffer.from('told before the answer'))
      return await Promise.resolve(payload)
    })
    const heard: string[] = []
    const line = new NatsCacheLine(us, [natsAccess(options()).own(options().nats)])
    let session: Awaited<ReturnType<typeof line.connect>> | undefined
    await eventually('the cache is there', async () => {
      session ??= await line.connect((payload) => void heard.push(payload.toString())).catch(() => undefined)
      const asked = await session?.ask(Buffer.from('?'), 1000).catch(() => undefined)
      return asked !== undefined
    })
    heard.length = 0
    for (let n = 1; n <= 20; n++) {
      await session?.ask(Buffer.from('?'), 5000)
      expect(heard.length).toBe(n)
    }
    await session?.close()
  })

  it('does not let it write to the stream, also not as where an answer goes', async () => {
    const bus = busOf(us)
    undo.push(async () => await bus.close())
    bus.caches.serve(async () => await Promise.resolve(Buffer.from('answer')))
    await eventually(
      'the own server is there',
      async () =>
        await bus.stream
          .last()
          .then(() => true)
          .catch(() => false),
    )
    const before = await bus.stream.last()
    const connection = await connectOnce(us, natsAccess(options()).own(options().nats), 'cache', {
      inbox: cacheInboxPrefix(us),
    })
    undo.push(async () => await connection.close())
    connection.publish(cacheAskSubject(us), 'mine', { reply: logSubject(us) })
    for (const subject of [logSubject(us), invalidationSubject(us), `LONGITUDE.STREAM.INFO.LOG_${us}`])
      connection.publish(subject, 'mine')
    await connection.request(cacheAskSubject(us), 'and last', { timeout: 5000 })
    expect((await bus.stream.last()).sequence).toBe(before.sequence)
  })
})

describe('a peer’s certificate', () => {
  async function filled(): Promise<NatsConnection> {
    const bus = busOf(us)
    undo.push(async () => await bus.close())
    await eventually(
      'the own server is there',
      async () =>
        await bus.stream
          .last()
          .then(() => true)
          .catch(() => false),
    )
    const { sequence } = await bus.stream.last()
    await bus.stream.append(Buffer.from('of us'), sequence)
    const options = optionsOf(us)
    return await connectOnce(us, natsAccess(options).own(options.nats), 'looks')
  }

  it('does not let it write to the stream, read beside it, or use the rest of JetStream', async () => {
    const own = await filled()
    undo.push(async () => await own.close())
    const { connection, refusals } = await intruder()
    const before = await streamOf(connection)
    const forbidden = [`log.${us}.changes`, `here.${us}`, `ask.${us}.ap-northeast-1`, `$JS.API.STREAM.PURGE.LOG_${us}`]
    for (const subject of forbidden) connection.publish(subject, 'mine')
    for (const subject of [
      '>',
      `log.${us}.changes`,
      `ask.${us}.*`,
      `_INBOX_${us}.>`,
      '_INBOX_ap-northeast-1.>',
      '$JS.>',
    ])
      connection.subscribe(subject, { callback: () => undefined })
    await connection.flush()
    await eventually('everything is refused', () => refusals.length >= forbidden.length + 6)
    for (const api of ['STREAM.PURGE', 'STREAM.DELETE', 'STREAM.UPDATE', 'STREAM.MSG.GET', 'CONSUMER.NAMES'])
      await expect(connection.request(`LONGITUDE.${api}.LOG_${us}`, '{}', { timeout: 1000 })).rejects.toThrow()
    expect(await streamOf(connection)).toEqual(before)
  })

  it('does not let it write to the stream by naming it as where a reply goes', async () => {
    const own = await filled()
    undo.push(async () => await own.close())
    const { connection } = await intruder()
    const before = await streamOf(connection)
    const create = { stream_name: `LOG_${us}`, config: { deliver_policy: 'all', ack_policy: 'none' } }
    const made = await connection.request(`LONGITUDE.CONSUMER.CREATE.LOG_${us}`, JSON.stringify(create))
    const { name } = made.json<{ name: string }>()
    const reply = `log.${us}.changes`
    connection.publish(`LONGITUDE.CONSUMER.MSG.NEXT.LOG_${us}.${name}`, '{"batch":10,"no_wait":true}', { reply })
    connection.publish(`LONGITUDE.STREAM.INFO.LOG_${us}`, '{}', { reply })
    connection.publish(`LONGITUDE.CONSUMER.CREATE.LOG_${us}`, JSON.stringify(create), { reply })
    await connection.flush()
    expect((await streamOf(connection)).last_seq).toBe(before.last_seq)
  })

  it('does not let it make a consumer that delivers to where it may not write', async () => {
    const own = await filled()
    const heard: string[] = []
    own.subscribe(`ask.${us}.*`, { callback: (_, message) => void heard.push(message.subject) })
    undo.push(async () => await own.close())
    const { connection } = await intruder()
    const before = await streamOf(connection)
    const aims = [`log.${us}.changes`, `ask.${us}.ap-northeast-1`]
    const calls = [`$JS.API.STREAM.DELETE.LOG_${us}`, `$JS.API.STREAM.PURGE.LOG_${us}`]
    for (const deliver_subject of [...aims, ...calls]) {
      const config = { deliver_subject, deliver_policy: 'all', ack_policy: 'none', headers_only: true }
      const wish = JSON.stringify({ stream_name: `LOG_${us}`, config })
      await connection.request(`LONGITUDE.CONSUMER.CREATE.LOG_${us}`, wish)
    }
    // What a consumer had to deliver would be there before the answer to what is asked after it.
    for (let n = 0; n < 20; n++) expect((await streamOf(connection)).last_seq).toBe(before.last_seq)
    expect((await streamOf(connection)).messages).toBe(before.messages)
    expect(heard).toEqual([])
  })

  it('lets it ask as itself only', async () => {
    const region = new TestRegion(us, names)
    await region.start(busOf(us))
    undo.push(async () => await region.stop())
    const { connection } = await intruder()
    const ask = async (as: string): Promise<string> => {
      const question = encodeControl({ say: 'hello', region: as })
      const reply = await connection.request(`ask.${us}.${eu}`, question, { timeout: 5000 })
      return Buffer.from(reply.data).toString()
    }
    await eventually(
      'the node answers',
      async () =>
        await ask(eu)
          .then((said) => said.includes('"here"'))
          .catch(() => false),
    )
    expect(await ask('ap-northeast-1')).toContain('this is eu-west-1, not ap-northeast-1')
  })
})

describe('a rotation', () => {
  it('puts a lost key out, and replication goes on', async () => {
    const regions = await running()
    const [, second] = regions as [TestRegion, TestRegion, TestRegion]
    await eventually('the second follows', () => ['live', 'idle'].includes(second.peer(us).state))
    const lost = mkdtempSync(join(folder, 'lost-'))
    for (const file of ['node.crt', 'node.key', 'cache.crt', 'cache.key'])
      cpSync(join(folder, eu, file), join(lost, file))
    for (const _ of ['once', 'twice']) await deploy(folder, ports, names, [eu])
    for (const server of servers.values()) {
      await server.kill()
      await server.start()
    }
    const enters = async (at: Name, of: string, role: string): Promise<boolean> => {
      const tls = {
        caFile: join(folder, us, 'ca.crt'),
        certFile: join(of, `${role}.crt`),
        keyFile: join(of, `${role}.key`),
      }
      const url = `tls://localhost:${servers.get(at)?.port ?? 0}`
      const connection = await connectOnce(eu, { url, credentials: { tls } }, 'tries').catch(() => undefined)
      await connection?.close()
      return connection !== undefined
    }
    for (const [at, role] of [
      [us, 'node'],
      [eu, 'node'],
      [eu, 'cache'],
    ] as const) {
      expect(await enters(at, lost, role)).toBe(false)
      expect(await enters(at, join(folder, eu), role)).toBe(true)
    }
    await eventually('the second follows again', () => ['live', 'idle'].includes(second.peer(us).state))
  })

  it('share a stream on their quorum servers, and none may use that of another region', async () => {
    for (const [n, name] of names.entries()) {
      const server = new NatsServerProcess(undefined, (ports[n] ?? 0) + 1, join(folder, name, 'quorum.conf'))
      undo.push(() => server.remove())
      await server.start()
    }
    const places = await Promise.all(
      names.map(async (name) => {
        const quorum = quorumOf(name)
        const stream = await vi.waitFor(() => quorum.open('a-group', names), { timeout: 50_000, interval: 100 })
        return await vi.waitFor(() => stream.append(name, Buffer.from(name)), { timeout: 50_000, interval: 100 })
      }),
    )
    expect(places.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    const { quorum: there } = optionsOf(us)
    await expect(connectOnce(eu, natsAccess(optionsOf(eu)).own(there), 'meddles')).rejects.toThrow(/authoriz/i)
  })
})
