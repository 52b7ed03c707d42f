/** The processes of a bench: they tell when they are ready, how much processor time they have used, and end with it. */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heapFlagsOf } from '../../src/process/own-program.ts'
import type { DeliveryOrder, DeliveryResult } from './delivery.ts'
import type { PutsOrder, PutsResult } from './lmdb-puts.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { credential } from './requests.ts'
import { testAdminToken } from '../admin-token.ts'

const testEnvironment = { ...process.env, LONGITUDE_ADMIN_TOKEN: testAdminToken }
const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = join(root, 'dist', 'cli', 'cli.js')

export type Child = { readonly pid: number; stop(): Promise<void> }

/** Of this bench, which is a program of its own. */
const children: Child[] = []

export async function started<Kind extends Child>(starting: Promise<Kind>): Promise<Kind> {
  const child = await starting
  children.push(child)
  return child
}

export async function stopped(child: Child): Promise<void> {
  children.splice(children.indexOf(child), 1)
  await child.stop()
}

/** The last first. */
export async function stopAll(): Promise<void> {
  for (const child of children.toReversed()) await child.stop()
}

export class Load implements Child {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(): Promise<Load> {
    const path = fileURLToPath(new URL('load.js', import.meta.url))
    const child = fork(path, { serialization: 'advanced' })
    await message(child)
    return new Load(child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async run(order: LoadOrder): Promise<LoadResult> {
    this.#child.send(order)
    return (await message(this.#child)) as LoadResult
  }

  async stop(): Promise<void> {
    await ended(this.#child, 'SIGKILL')
  }
}

/** JetStream alone, in a process of its own; for one delivery. */
export async function delivery(order: DeliveryOrder): Promise<DeliveryResult> {
  const child = fork(fileURLToPath(new URL('delivery.js', import.meta.url)))
  try {
    await message(child)
    child.send(order)
    return (await message(child)) as DeliveryResult
  } finally {
    await ended(child, 'SIGKILL')
  }
}

export async function startBare(
  name = 'bare-server',
  execArgv: readonly string[] = [],
): Promise<Child & { readonly port: number }> {
  const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), { execArgv: [...execArgv] })
  const { port } = (await message(child)) as { port: number }
  return { pid: child.pid ?? 0, port, stop: () => ended(child, 'SIGKILL') }
}

/** Puts into a bare LMDB environment, in a process of their own. */
export class Puts implements Child {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(folder: string): Promise<Puts> {
    const child = fork(fileURLToPath(new URL('lmdb-puts.js', import.meta.url)), [folder])
    await message(child)
    return new Puts(child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async run(order: PutsOrder): Promise<PutsResult> {
    this.#child.send(order)
    return (await message(this.#child)) as PutsResult
  }

  async stop(): Promise<void> {
    await ended(this.#child, 'SIGKILL')
  }
}

/** Both are ports on this machine, of links. */
export type CacheOrder = { readonly region: string; readonly upstream: number; readonly nats: number }
export type CacheChild = Child & { readonly port: number; readonly daxPort: number }

export async function startCache({ region, upstream, nats }: CacheOrder): Promise<CacheChild> {
  const [port, daxPort] = [await freePort(), await freePort()]
  const flags = {
    region,
    port: String(port),
    'dax-port': String(daxPort),
    upstream: `http://127.0.0.1:${upstream}`,
    nats: url(nats),
    'log-level': 'warn',
  }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  const profile = process.env['LONGITUDE_BENCH_CACHE_FLAGS']?.split(' ') ?? []
  const child = spawn(process.execPath, [...heapFlagsOf('cache'), ...profile, program, 'cache', ...args], {
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  await message(child)
  return { pid: child.pid ?? 0, port, daxPort, stop: () => ended(child, 'SIGTERM') }
}

export type NodeOrder = {
  readonly workers?: number
  readonly region: string
  readonly data: string
  readonly nats: number
  readonly peers?: Readonly<Record<string, number>>
  /** False: a signature's form is enough, and one request can be sent to any region. */
  readonly verifies?: boolean
  /** The folder of the keys with which regions sign their messages; without it they sign nothing. */
  readonly messageKeys?: string
  /** Where buckets are. */
  readonly s3?: string
  /** How capacity is counted. */
  readonly capacity?: 'off' | 'enforce'
  /** Further flags. */
  readonly more?: Readonly<Record<string, string>>
}

/** `startMs` from the start of the process until it says that it is ready; `startCpuMs` is what it has used for that. */
export type NodeChild = Child & { readonly port: number; readonly startMs: number; readonly startCpuMs: number }

/** The program as it is built, in the way in which its supervisor starts it. */
export async function startNode({
  workers = 1,
  region,
  data,
  nats,
  peers = {},
  verifies = true,
  messageKeys,
  s3,
  capacity,
  more = {},
}: NodeOrder): Promise<NodeChild> {
  const port = await freePort()
  const startedMs = performance.now()
  const credentials = join(data, 'credentials.json')
  writeFileSync(credentials, JSON.stringify({ credentials: [credential] }), { mode: 0o600 })
  const logs = { 'log-level': 'warn', 'log-format': 'json' }
  const plain = { region, data, port: String(port), nats: url(nats), workers: String(workers) }
  const keys = messageKeys === undefined ? {} : { 'message-keys': messageKeys }
  const buckets = s3 === undefined ? {} : { s3 }
  const counted = capacity === undefined ? {} : { capacity }
  const flags = { ...plain, ...counted, ...(verifies ? { credentials } : {}), ...keys, ...buckets, ...more, ...logs }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  const links = Object.entries(peers).flatMap(([peer, link]) => ['--peer', `${peer}=${url(link)}`])
  const profile = process.env['LONGITUDE_BENCH_NODE_FLAGS']?.split(' ') ?? []
  const child = spawn(process.execPath, [...heapFlagsOf('node'), ...profile, program, 'node', ...args, ...links], {
    stdio: ['ignore', 2, 2, 'ipc'],
    cwd: data,
    env: testEnvironment,
  })
  await ready(child)
  const startMs = performance.now() - startedMs
  const pid = child.pid ?? 0
  return { pid, port, startMs, startCpuMs: cpuMsOf(pid), stop: () => ended(child, 'SIGTERM') }
}

export async function startNats(binary: string, folder: string): Promise<Child & { readonly port: number }> {
  const port = await freePort()
  const config = join(folder, 'nats.conf')
  writeFileSync(
    config,
    `listen: "127.0.0.1:${port}"\nmax_payload: 8MB\njetstream { store_dir: "${join(folder, 'nats')}", sync_interval: "1s" }\n`,
  )
  const child = spawn(binary, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(output)))
    child.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000)
      if (output.includes('Server is ready')) resolve()
    })
  })
  return { pid: child.pid ?? 0, port, stop: () => ended(child, 'SIGKILL') }
}

/** Its ports, by what is behind them (link-far-end.ts). */
export type FarEnd = Child & Readonly<Record<'echo' | 'sink' | 'clock' | 'http' | 'secure', number>>

export async function startFarEnd(): Promise<FarEnd> {
  const child = fork(fileURLToPath(new URL('link-far-end.js', import.meta.url)))
  const ports = (await message(child)) as Omit<FarEnd, keyof Child>
  return { ...ports, pid: child.pid ?? 0, stop: () => ended(child, 'SIGKILL') }
}

/** `longitude vantage`, from Sydney to a server on this machine as if it were in Virginia. */
export async function startVantage(target: number): Promise<Child & { readonly port: number }> {
  const port = await freePort()
  const args = ['vantage', 'ap-southeast-2', '--upstream', `us-east-1=http://127.0.0.1:${target}`]
  return { port, ...(await startProgram([...args, '--vantage-port', String(port)])) }
}

/** `longitude front-door` before a server on this machine. */
export async function startFrontDoor(target: number): Promise<Child & { readonly port: number }> {
  const port = await freePort()
  const args = ['front-door', '--upstream', `us-east-1=http://127.0.0.1:${target}`, '--log-level', 'error']
  return { port, ...(await startProgram([...args, '--front-door-port', String(port)])) }
}

async function startProgram(args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 2, 'ipc'],
    env: testEnvironment,
  })
  await message(child)
  return { pid: child.pid ?? 0, stop: () => ended(child, 'SIGTERM') }
}

export type LinkOrder = { readonly rtt: number; readonly target: number }

/** The links in a process of their own, as the program runs them; the ports are in the order of the links. */
export async function startLinks(
  orders: readonly LinkOrder[],
): Promise<Child & { readonly ports: readonly number[]; readonly control: string }> {
  const folder = temporaryFolder()
  const ports = await Promise.all(orders.map(freePort))
  const links = orders.map(({ rtt, target }, n) => ({
    from: `near-${n}`,
    to: `far-${n}`,
    listen: ports[n],
    target: `127.0.0.1:${target}`,
    rtt: `${rtt}ms`,
  }))
  const plan = join(folder, 'links.json')
  writeFileSync(plan, JSON.stringify({ links }))
  const control = await freePort()
  const args = ['links', 'run', '--plan', plan, '--control-port', String(control), '--log-level', 'warn']
  const child = await startProgram(args)
  removeFolder(folder)
  return { ...child, ports, control: `http://127.0.0.1:${control}` }
}

/** From now on these run on these processors only, with all their threads; false where the system has no taskset. */
export function holdTo(processors: string, pids: readonly number[]): boolean {
  return pids.every((pid) => spawnSync('taskset', ['-a', '-p', '-c', processors, String(pid)]).status === 0)
}

/** Processor time that a process and its workers have used so far, all their threads together, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const theirsMs = workers.reduce((sum, worker) => sum + cpuMsOf(Number(worker)), 0)
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10 + theirsMs
}

export function memoryMegabytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'longitude-bench-'))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

const url = (port: number): string => `nats://127.0.0.1:${port}`

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function message(child: ChildProcess): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('a process of the bench has ended'))
    child.once('exit', gone)
    child.once('message', (value) => {
      child.removeListener('exit', gone)
      resolve(value)
    })
  })
}

type Told = { readonly type: 'ready' | 'progress' | 'failure'; readonly message?: string }

/** A start that takes long says so before it is done; one that fails says why. */
async function ready(child: ChildProcess): Promise<void> {
  for (;;) {
    const { type, message: why } = (await message(child)) as Told
    if (type === 'ready') return
    if (type === 'failure') throw new Error(`a node does not start: ${why}`)
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  child.kill(signal)
  await gone
}
