/** A region of three nodes as `longitude deployment` sets it up over hosts, on one machine: what its nodes and servers show each other, and who is not let in. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { connectOnce } from '../../src/adapters/nats/nats-connect.ts'
import { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { deploymentOptions } from '../../src/deployment/host-options.ts'
import { writeDeployment } from '../../src/deployment/deployment.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { options as optionRows } from '../../src/cli/options/rows.ts'
import { nodesOptions } from '../../src/cli/options/nodes.ts'
import { askNode } from '../../src/node/several/line/ask-node.ts'
import { connecting } from '../../src/node/several/line/connecting.ts'
import { openNodePort } from '../../src/node/several/line/node-port.ts'
import { type SeveralOptions, severalOf } from '../../src/node/several/several-options.ts'
import { freePort } from '../free-port.ts'
import { NatsServerProcess, quiet } from './nats.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const nodes = ['a', 'b', 'c'] as const
type Node = (typeof nodes)[number]
const folder = mkdtempSync(join(tmpdir(), 'longitude-node-hosts-'))
const undo: (() => unknown)[] = []
let ports: readonly number[] = []

beforeAll(async () => {
  ports = await Promise.all([...nodes, eu].map(() => freePort()))
  await deploy()
})
afterAll(async () => {
  for (const step of undo.toReversed()) await step()
  rmSync(folder, { recursive: true, force: true })
})

const hostsOf = (...texts: readonly string[]) => deploymentOptions.hosts.schema.parse(texts)

/** The paths of hosts, in what is written for each, are those where it was written. */
async function deploy(): Promise<void> {
  const [a, b, c, other] = ports
  const hosts = hostsOf(`${us}=localhost:${a},localhost:${b},localhost:${c}`, `${eu}=localhost:${other}`)
  const written = await writeDeployment({
    hosts,
    out: folder,
    installed: '/INSTALLED',
    state: '/STATE',
    certificateDays: 30,
    renew: false,
  })
  for (const place of written)
    for (const name of readdirSync(place.folder).filter((file) => /\.(conf|json)$/.test(file))) {
      const path = join(place.folder, name)
      const text = readFileSync(path, 'utf8').replaceAll('/INSTALLED', place.folder).replaceAll('/STATE', place.folder)
      writeFileSync(path, text)
    }
}

type Written = Parameters<typeof natsAccess>[0] &
  Omit<Parameters<typeof severalOf>[0], 'nodeAt'> & {
    readonly nodeAt: Readonly<Record<string, string>>
    readonly nats: string
    readonly quorum: string
    readonly peer: Readonly<Record<string, string>>
  }

const optionsIn = (place: string): Written =>
  JSON.parse(readFileSync(join(folder, place, 'longitude.json'), 'utf8')) as Written
const ofNode = (node: Node): Written => optionsIn(`${us}-${node}`)

/** As the node itself reads them. */
function several(node: Node): SeveralOptions {
  const options = ofNode(node)
  const found = severalOf({ ...options, nodeAt: nodesOptions.nodeAt.schema.parse(options.nodeAt) })
  if (found === undefined) throw new Error(`${node} is not one of several`)
  return found
}

it('each host has a folder, with certificates for its own name and the nodes’ secret', () => {
  const secrets = nodes.map((node) => readFileSync(join(folder, `${us}-${node}`, 'node-secret'), 'utf8'))
  expect(new Set(secrets).size).toBe(1)
  for (const node of nodes) {
    const files = readdirSync(join(folder, `${us}-${node}`))
    expect(files).toEqual(expect.arrayContaining(['quorum.conf', 'quorum.key', 'server.key', 'nats.conf']))
    for (const name of files.filter((file) => /key$|secret$|token$|quorum\.conf$/.test(file)))
      expect(statSync(join(folder, `${us}-${node}`, name)).mode & 0o777, name).toBe(0o600)
    expect(ofNode(node)).toMatchObject({ node, nodeHost: '0.0.0.0' })
  }
  const names = nodes.map(
    (node) => new X509Certificate(readFileSync(join(folder, `${us}-${node}`, 'node.crt'))).subject,
  )
  expect(names).toEqual(nodes.map(() => `CN=longitude-node-${us}`))
  expect(readdirSync(join(folder, eu))).not.toContain('node-secret')
  expect(readdirSync(join(folder, eu))).not.toContain('quorum.conf')
})

it('a balancer on another host is told where the nodes are, in a file that it takes', () => {
  for (const node of nodes) {
    const path = join(folder, `${us}-${node}`, 'balancer.json')
    const { nodeEndpoint, ...options } = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>
    expect(options).toEqual({ region: us, host: '0.0.0.0', port: 8000 })
    const taken = optionRows.nodeEndpoint.schema.parse(nodeEndpoint)
    expect(taken.map(({ url }) => url)).toEqual(nodes.map(() => 'https://localhost:8000'))
  }
  expect(readdirSync(join(folder, eu))).not.toContain('balancer.json')
})

it('other regions dial the NATS servers of all three', () => {
  const [a, b, c, other] = ports
  expect(optionsIn(eu).peer).toEqual({ [us]: `tls://localhost:${a},tls://localhost:${b},tls://localhost:${c}` })
  for (const node of nodes) expect(ofNode(node).peer).toEqual({ [eu]: `tls://localhost:${other}` })
})

it('the quorum servers of the region’s hosts place what its nodes append, and no other region is let in', async () => {
  const servers = nodes.map((node, n) => {
    return new NatsServerProcess(undefined, (ports[n] ?? 0) + 1, join(folder, `${us}-${node}`, 'quorum.conf'))
  })
  undo.push(async () => await Promise.all(servers.map(async (server) => await server.remove())))
  await Promise.all(servers.map(async (server) => await server.start()))
  const places = await Promise.all(
    nodes.map(async (node) => {
      const server = natsAccess(ofNode(node)).own(ofNode(node).quorum)
      const quorum = new NatsQuorum({ self: node, server, regions: () => nodes, log: quiet })
      undo.push(async () => await quorum.close())
      const stream = await vi.waitFor(() => quorum.open('nodes', nodes), { timeout: 50_000, interval: 100 })
      return await vi.waitFor(() => stream.append(node, Buffer.from(node)), { timeout: 50_000, interval: 100 })
    }),
  )
  expect(places.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
  const stranger = natsAccess(optionsIn(eu)).own(ofNode('a').quorum)
  await expect(connectOnce(eu, stranger, 'meddles')).rejects.toThrow(/authoriz/i)
})

it('a node answers another one of its region, and nothing that shows a certificate of the deployment without the secret', async () => {
  const port = await openNodePort({
    several: several('a'),
    clock: systemClock,
    log: quiet,
    ownLead: () => undefined,
    told: () => ({ leads: false, forwardsAll: false, standsInFor: [] }),
    lend: (question) => Buffer.concat([Buffer.from('lent '), question]),
  })
  undo.push(async () => await port.close())
  const to = several('b').nodes.get('a')
  if (to === undefined) throw new Error('b does not know a')
  const ask = async (as: SeveralOptions): Promise<string> =>
    (await askNode(connecting(as), to, Buffer.from('rows'))).toString()
  expect(await ask(several('b'))).toBe('lent rows')
  await expect(ask({ ...several('b'), secrets: () => ['x'.repeat(43)] })).rejects.toThrow('is not asked')
  const [certFile, keyFile] = ['server.crt', 'server.key'].map((name) => join(folder, eu, name)) as [string, string]
  const { tls } = several('b')
  if (tls === undefined) throw new Error('b speaks no TLS')
  await expect(ask({ ...several('b'), tls: { ...tls, certFile, keyFile } })).rejects.toThrow('is not asked')
})

it('the pods of a StatefulSet have one folder, in which each is told by its number', async () => {
  const out = join(folder, 'pods')
  const hosts = hostsOf(`${us}=v0.example.org,v1.example.org:4333,v2.example.org`, `${eu}=dublin.example.org`)
  const pods = deploymentOptions.pods.schema.parse([`${us}=virginia-us-east-1`])
  const written = await writeDeployment({
    hosts,
    pods,
    out,
    installed: '/etc/longitude',
    state: '/var/lib',
    certificateDays: 30,
    renew: false,
  })
  expect(written.map((place) => place.folder)).toEqual([join(out, us), join(out, eu)])
  const at = (n: number): string => `virginia-us-east-1-${n}.virginia-us-east-1-headless`
  const read = (name: string): string => readFileSync(join(out, us, name), 'utf8')
  const options = JSON.parse(read('longitude.json')) as Written
  expect(options.nodeAt).toEqual({ 0: `${at(0)}:4225`, 1: `${at(1)}:4225`, 2: `${at(2)}:4225` })
  expect(options.node).toBeUndefined()
  for (const n of [0, 1, 2]) {
    expect(read(`quorum-${n}.conf`)).toContain(`server_name: "${n}"`)
    expect(read(`quorum-${n}.conf`)).not.toContain(`@${at(n)}:`)
    expect(new X509Certificate(read('quorum.crt')).checkHost(at(n))).toBe(at(n))
    expect(new X509Certificate(read('server.crt')).checkHost(`v${n}.example.org`)).toBe(`v${n}.example.org`)
  }
  expect(read('nats.conf')).toContain('listen: "0.0.0.0:4222"')
  const other = JSON.parse(readFileSync(join(out, eu, 'longitude.json'), 'utf8')) as Written
  expect(other.peer[us]).toBe('tls://v0.example.org:4222,tls://v1.example.org:4333,tls://v2.example.org:4222')
})

it('from three regions on, a region has a quorum server among those of the others: on its first host, or in a pod of its own', async () => {
  const out = join(folder, 'groups')
  const write = async (...more: readonly string[]): Promise<void> => {
    const hosts = hostsOf(`${us}=v1.example.org,v2.example.org,v3.example.org`, `${eu}=dublin.example.org`, ...more)
    const others = { installed: '/etc/longitude', state: '/var/lib', certificateDays: 30, renew: false }
    const pods = deploymentOptions.pods.schema.parse([`${ap}=tokyo-${ap}`])
    const groupQuorumAt = deploymentOptions.groupQuorumAt.schema.parse([`${ap}=tokyo-quorum.example.org`])
    await writeDeployment({ hosts, pods, groupQuorumAt, out, ...others })
  }
  const read = (...names: readonly string[]): string => readFileSync(join(out, ...names), 'utf8')
  const quorumOf = (place: string): readonly unknown[] => {
    const { quorum, groupQuorum } = JSON.parse(read(place, 'longitude.json')) as Readonly<Record<string, unknown>>
    return [quorum, groupQuorum]
  }
  const routesIn = (conf: string): readonly string[] => [...conf.matchAll(/@([^"]+)"/g)].map(([, at = '']) => at)

  await write(`${ap}=t0.example.org,t1.example.org,t2.example.org`)
  for (const node of nodes)
    expect(quorumOf(`${us}-${node}`)).toEqual(['tls://localhost:4223', 'tls://v1.example.org:4226'])
  expect(quorumOf(eu)).toEqual(['tls://localhost:4223', undefined])
  expect(quorumOf(ap)).toEqual(['tls://localhost:4223', `tls://tokyo-${ap}-group:4223`])
  const conf = read(`${us}-a`, 'group-quorum.conf')
  expect(conf).toContain('listen: "0.0.0.0:4226"')
  expect(conf).toContain('"/var/lib/longitude-group-quorum"')
  expect(conf).toContain(`user: "CN=longitude-node-${us}"`)
  expect(routesIn(conf)).toEqual(['dublin.example.org:4224', 'tokyo-quorum.example.org:4224'])
  expect(routesIn(read(eu, 'quorum.conf'))).toEqual(['v1.example.org:4227', 'tokyo-quorum.example.org:4224'])
  const pods = new X509Certificate(read(ap, 'quorum.crt'))
  for (const name of [`tokyo-${ap}-group`, 'tokyo-quorum.example.org']) expect(pods.checkHost(name)).toBe(name)
  expect(new X509Certificate(read(`${us}-a`, 'quorum.crt')).checkHost('v1.example.org')).toBe('v1.example.org')
  for (const other of [`${us}-b`, eu]) expect(readdirSync(join(out, other))).not.toContain('group-quorum.conf')
  // Only the region's own nodes know the password of their servers, and all of these servers that of each other.
  const passwordIn = (text: string): string => /nats-route:\/\/quorum:(\w+)@/.exec(text)?.[1] ?? ''
  expect(passwordIn(conf)).toBe(passwordIn(read(eu, 'quorum.conf')))
  expect(passwordIn(conf)).not.toBe(passwordIn(read(`${us}-a`, 'quorum.conf')))

  await write()
  expect(quorumOf(`${us}-a`)).toEqual(['tls://localhost:4223', undefined])
  expect(readdirSync(join(out, `${us}-a`))).not.toContain('group-quorum.conf')
  expect(readdirSync(join(out, eu))).not.toContain('quorum.conf')
})

it('a region has one host, or an odd number of them', () => {
  expect(() => hostsOf(`${us}=a,b`)).toThrow('three, five or seven')
  expect(() => hostsOf(`${us}=a,,b`)).toThrow('three, five or seven')
  expect(deploymentOptions.hosts.schema.parse(`${us}=a,b,c:4333 ${eu}=d`)).toMatchObject([
    { region: us, host: 'a', nodes: [{ node: 'a' }, { node: 'b' }, { node: 'c', host: 'c', natsPort: 4333 }] },
    { region: eu, host: 'd', natsPort: 4222 },
  ])
})
