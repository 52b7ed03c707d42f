/**
 * Real regions for the chaos tests: each with its own nats-server and its own `longitude node`, as processes that a test
 * may kill, stop and start one by one, and links between them that it may cut.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Link, type LinkMode, openLink } from '../../src/node/links/link.ts'
import { findNatsServer } from '../../src/node/nats-server/find.ts'
import { natsConfiguration, natsGreets } from '../../src/node/supervisor/nats-process.ts'
import { sendRequest } from './request.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const lastLines = 40

export type DeploymentOptions = { readonly regions?: readonly string[]; readonly roundTripMs?: number }

export class Deployment {
  readonly folder: string
  readonly regions: readonly ChaosRegion[]
  readonly #links = new Map<string, Link>()

  static async start({
    regions: names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'],
    roundTripMs = 20,
  }: DeploymentOptions = {}): Promise<Deployment> {
    const nats = await findNatsServer({ explicit: undefined, progress: () => undefined })
    const ports = await freePorts(2 * names.length)
    const folder = mkdtempSync(join(tmpdir(), 'longitude-chaos-'))
    const regions = names.map((name, n) => {
      const [port = 0, natsPort = 0] = ports.slice(2 * n)
      return new ChaosRegion({ name, port, natsPort, folder: join(folder, name), natsPath: nats.path })
    })
    const deployment = new Deployment(folder, regions)
    await deployment.#openLinks(roundTripMs)
    try {
      await Promise.all(regions.map((region) => region.start()))
    } catch (error) {
      await deployment.close()
      throw error
    }
    return deployment
  }

  constructor(folder: string, regions: readonly ChaosRegion[]) {
    this.folder = folder
    this.regions = regions
  }

  /** Both directions of every link between the two groups. */
  setLinks(mode: LinkMode, between: (from: string, to: string) => boolean = () => true): void {
    for (const [name, link] of this.#links) {
      const [from = '', to = ''] = name.split('>')
      if (between(from, to)) link.setMode(mode)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.regions.map((region) => region.end()))
    await Promise.all([...this.#links.values()].map((link) => link.close()))
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A table with a replica in every region, all of them active. */
  async globalTable(name: string): Promise<void> {
    const [first, ...others] = this.regions
    if (first === undefined) return
    await sendRequest(first.endpoint, 'CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    })
    await isActive(first, name)
    await sendRequest(first.endpoint, 'UpdateTable', {
      TableName: name,
      ReplicaUpdates: others.map((region) => ({ Create: { RegionName: region.name } })),
    })
    await Promise.all(this.regions.map((region) => isActive(region, name)))
  }

  async #openLinks(roundTripMs: number): Promise<void> {
    for (const from of this.regions)
      for (const to of this.regions) {
        if (from === to) continue
        const link = await openLink({ port: 0, roundTripMs, target: { host: '127.0.0.1', port: to.natsPort } })
        this.#links.set(`${from.name}>${to.name}`, link)
        from.peers.push(`${to.name}=nats://127.0.0.1:${link.port}`)
      }
  }
}

type Place = {
  readonly name: string
  readonly port: number
  readonly natsPort: number
  readonly folder: string
  readonly natsPath: string
}

export class ChaosRegion {
  readonly name: string
  readonly natsPort: number
  readonly endpoint: string
  readonly peers: string[] = []
  readonly #place: Place
  #node: ChildProcess | undefined
  #nats: ChildProcess | undefined
  #lines: string[] = []

  constructor(place: Place) {
    this.#place = place
    this.name = place.name
    this.natsPort = place.natsPort
    this.endpoint = `http://127.0.0.1:${place.port}`
  }

  async start(): Promise<void> {
    await this.startNats()
    await this.startNode()
  }

  async startNats(): Promise<void> {
    const { name, natsPort, folder, natsPath } = this.#place
    const store = join(folder, 'nats')
    mkdirSync(store, { recursive: true })
    const configuration = join(folder, 'nats.conf')
    writeFileSync(configuration, natsConfiguration({ name, port: natsPort, store }))
    this.#nats = this.#spawn(natsPath, ['--config', configuration])
    await until(`nats-server of ${name}`, () => natsGreets(natsPort))
  }

  async startNode(): Promise<void> {
    const { name, port, natsPort, folder } = this.#place
    const peers = this.peers.flatMap((peer) => ['--peer', peer])
    const nats = `nats://127.0.0.1:${natsPort}`
    const args = [
      'node',
      '--region',
      name,
      '--port',
      `${port}`,
      '--nats',
      nats,
      '--data',
      join(folder, 'node'),
      ...peers,
    ]
    const node = this.#spawn(process.execPath, ['dist/node/cli.js', ...args])
    this.#node = node
    await until(`node of ${name}`, async () => {
      if (node.exitCode !== null || node.signalCode !== null) throw new Error(`${name} ended:\n${this.story()}`)
      return isReady(this.endpoint)
    })
  }

  kill(what: 'node' | 'nats-server', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = what === 'node' ? this.#node : this.#nats
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
    })
    child.kill(signal)
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? gone : Promise.resolve()
  }

  /** The region's own disk is replaced with an empty one, while its node is down. */
  async wipeDisk(): Promise<void> {
    await this.kill('node')
    rmSync(join(this.#place.folder, 'node'), { recursive: true, force: true })
    await this.startNode()
  }

  /** The server comes back on an empty disk. */
  async wipeNats(): Promise<void> {
    await this.kill('nats-server')
    rmSync(join(this.#place.folder, 'nats'), { recursive: true, force: true })
    await this.startNats()
  }

  async end(): Promise<void> {
    await Promise.all([this.kill('node'), this.kill('nats-server')])
  }

  /** The last lines that its processes wrote. */
  story(): string {
    return this.#lines.slice(-lastLines).join('\n')
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const endWithUs = (): void => void child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('exit', () => process.off('exit', endWithUs))
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        this.#lines.push(...bytes.toString().trimEnd().split('\n'))
        if (this.#lines.length > 4 * lastLines) this.#lines = this.#lines.slice(-lastLines)
      })
    return child
  }
}

async function isActive(region: ChaosRegion, name: string): Promise<void> {
  await until(`${name} in ${region.name}`, async () => {
    const answer = await sendRequest(region.endpoint, 'DescribeTable', { TableName: name }).catch(() => undefined)
    const table = answer?.['Table'] as { TableStatus: string; Replicas?: { ReplicaStatus: string }[] } | undefined
    return table?.TableStatus === 'ACTIVE' && (table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
  })
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/ready`)).ok
  } catch {
    return false
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
