/** One region of the chaos tests: its nats-server and its `longitude node`, processes that a test may kill, stop, hem in and start. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'
import { natsSettings } from '../../src/nats-server/nats-settings.ts'
import { natsGreets } from '../../src/supervisor/nats/nats-process.ts'
import { identityOf } from '../../src/process/process-identity.ts'
import { until } from './until.ts'
import type { Range } from '../../src/ports/store.ts'
import { adminHeaders } from '../../src/deployment/endpoints.ts'
import { testAdminToken } from '../admin-token.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const lastLines = 40
const pageSizeBytes = 8192

export type Place = {
  readonly name: string
  readonly port: number
  readonly natsPort: number
  readonly folder: string
  readonly natsPath: string
}

export type PeerState = {
  readonly peer: string
  readonly state: string
  readonly outbound: string
  readonly reason?: string
  readonly pending: number
  readonly lagMs: number
  readonly safeToEvacuate: boolean
  readonly suspect?: { readonly messages: number; readonly last: string }
}

export type Status = {
  readonly flushed: number
  /** Why the store was not the latest, when that was found. */
  readonly found?: { readonly found: string; readonly reason: string }
  /** Tables that are to be filled again. */
  readonly doubts: readonly string[]
  readonly setAside: {
    readonly count: number
    readonly newest: readonly { origin: string; table: string; reason: string }[]
  }
  readonly peers: readonly PeerState[]
}

export class ChaosRegion {
  readonly name: string
  readonly natsPort: number
  readonly endpoint: string
  readonly peers: string[] = []
  /** Where the program is: another version of it may be put in its place. */
  program = join(root, 'dist', 'cli', 'cli.js')
  /** More flags of its node, from its next start on. */
  flags: readonly string[] = []
  readonly #place: Place
  #node: ChildProcess | undefined
  #nats: ChildProcess | undefined
  #twin: ChildProcess | undefined
  #lines: string[] = []
  /** Every process that was ever started for it. */
  readonly #started: { readonly pid: number; readonly identity: string | undefined }[] = []

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
    // Without accounts: tests of what a server may do to a region abuse its stream themselves.
    writeFileSync(configuration, natsSettings({ name, listen: `127.0.0.1:${natsPort}`, store }).join('\n'))
    this.#nats = this.#spawn(natsPath, ['--config', configuration])
    await until(`nats-server of ${name}`, () => natsGreets(natsPort))
  }

  async startNode(): Promise<void> {
    const { name, port, natsPort, folder } = this.#place
    const peers = this.peers.flatMap((peer) => ['--peer', peer])
    const nats = `nats://127.0.0.1:${natsPort}`
    const own = ['--region', name, '--port', `${port}`, '--nats', nats, '--data', join(folder, 'node')]
    const fixed = ['--regions-folder', join(root, 'regions')]
    const node = this.#spawn(process.execPath, [this.program, 'node', ...own, ...fixed, ...peers, ...this.flags])
    this.#node = node
    await until(`node of ${name}`, async () => {
      if (node.exitCode !== null || node.signalCode !== null) throw new Error(`${name} ended:\n${this.story()}`)
      return this.isReady()
    })
  }

  kill(what: 'node' | 'nats-server', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = what === 'node' ? this.#node : this.#nats
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    child.kill(signal)
    return signal === 'SIGKILL' || signal === 'SIGTERM' ? endOf(child) : Promise.resolve()
  }

  /** The region's own disk is replaced with an empty one, while its node is down. */
  async wipeDisk(): Promise<void> {
    await this.kill('node')
    rmSync(join(this.#place.folder, 'node'), { recursive: true, force: true })
    await this.startNode()
  }

  /** Copies what these of its processes have on disk, while they are stopped; what is returned stops them and puts the copy back. */
  async copyStore(...what: readonly ('node' | 'nats')[]): Promise<() => Promise<void>> {
    const { folder } = this.#place
    const end = async (): Promise<void> => {
      await this.kill('node', 'SIGTERM')
      if (what.includes('nats')) await this.kill('nats-server', 'SIGTERM')
    }
    await end()
    const copy = mkdtempSync(`${folder}-copy-`)
    for (const each of what) cpSync(join(folder, each), join(copy, each), { recursive: true })
    if (what.includes('nats')) await this.startNats()
    await this.startNode()
    return async () => {
      await end()
      for (const each of what) {
        rmSync(join(folder, each), { recursive: true, force: true })
        cpSync(join(copy, each), join(folder, each), { recursive: true })
      }
    }
  }

  /** A second node of the region on a copy of its store, with the same server and the same peers. It serves at the port that is returned. */
  async startTwin(port: number): Promise<string> {
    const { name, natsPort, folder } = this.#place
    await this.kill('node', 'SIGTERM')
    const data = mkdtempSync(`${folder}-twin-`)
    cpSync(join(folder, 'node'), data, { recursive: true })
    await this.startNode()
    const peers = this.peers.flatMap((peer) => ['--peer', peer])
    const own = ['--region', name, '--port', `${port}`, '--nats', `nats://127.0.0.1:${natsPort}`, '--data', data]
    const fixed = ['--regions-folder', join(root, 'regions')]
    const twin = this.#spawn(process.execPath, [this.program, 'node', ...own, ...fixed, ...peers])
    this.#twin = twin
    return `http://127.0.0.1:${port}`
  }

  async killTwin(): Promise<void> {
    const twin = this.#twin
    if (twin === undefined || twin.exitCode !== null || twin.signalCode !== null) return
    twin.kill('SIGKILL')
    await endOf(twin)
  }

  /** The server comes back on an empty disk. */
  async wipeNats(): Promise<void> {
    await this.kill('nats-server')
    rmSync(join(this.#place.folder, 'nats'), { recursive: true, force: true })
    await this.startNats()
  }

  /**
   * No file of the node may grow past its store as it is now and so many bytes more; undefined lets it grow again. To the store
   * that is a disk without room, and it takes neither root nor a file system of its own.
   */
  hemIn(moreBytes: number | undefined): void {
    const { size } = statSync(join(this.#place.folder, 'node', 'store', 'data.mdb'))
    const limit = moreBytes === undefined ? 'unlimited' : `${size + moreBytes}`
    const { status, stderr } = spawnSync('prlimit', ['--pid', `${this.#node?.pid}`, `--fsize=${limit}:`])
    if (status !== 0) throw new Error(`prlimit: ${stderr.toString()}`)
  }

  /** Its clock runs ahead of the machine's for a time. */
  stepClock(offsetMs: number, forMs: number): void {
    writeFileSync(this.#clockFile, JSON.stringify({ offsetMs, untilMs: Date.now() + forMs }))
  }

  /** One bit of the header of each leaf page of its node's disk that holds the text, while the node is down; how many there were. */
  async damagePages(text: string): Promise<number> {
    await this.kill('node')
    return this.damagePagesInUse(text)
  }

  /** The same while the node runs. */
  damagePagesInUse(text: string): number {
    const path = join(this.#place.folder, 'node', 'store', 'data.mdb')
    const bytes = readFileSync(path)
    const file = openSync(path, 'r+')
    let pages = 0
    for (let page = 2; (page + 1) * pageSizeBytes <= bytes.length; page++) {
      const start = page * pageSizeBytes
      const isLeaf = bytes.readUInt32LE(start) === page && bytes.readUInt16LE(start + 18) === 2
      if (!isLeaf || !bytes.subarray(start, start + pageSizeBytes).includes(text)) continue
      // The number of its nodes.
      writeSync(file, Buffer.of((bytes[start + 20] ?? 0) ^ 4), 0, 1, start + 20)
      pages++
    }
    closeSync(file)
    return pages
  }

  /** The first byte of the last records of a range of its node's store, while the node is down: the structure of the file stays right. */
  async damageRecords(range: Range, count: number): Promise<void> {
    await this.kill('node')
    const store = await openLmdbStore(join(this.#place.folder, 'node', 'store'))
    const edits = [...store.entries(range)].slice(-count).map(({ key, value }) => {
      value[0] = 0xff
      return { key, value }
    })
    await store.write(edits)
    await store.close()
  }

  /** Its node's disk loses its end, while the node is down or while it runs. */
  cutFile(bytes: number): void {
    const path = join(this.#place.folder, 'node', 'store', 'data.mdb')
    truncateSync(path, Math.max(0, statSync(path).size - bytes))
  }

  get #clockFile(): string {
    return join(this.#place.folder, 'clock.json')
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.endpoint}/ready`)).ok
    } catch {
      return false
    }
  }

  async status(): Promise<Status> {
    return (await this.admin('status')) as Status
  }

  async peer(name: string): Promise<PeerState | undefined> {
    return (await this.status()).peers.find(({ peer }) => peer === name)
  }

  async admin(path: string, body?: object): Promise<unknown> {
    const headers = { ...adminHeaders(testAdminToken), 'content-type': 'application/json' }
    const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await fetch(`${this.endpoint}/admin/${path}`, request)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${this.name}: ${text}`)
    return JSON.parse(text) as unknown
  }

  /** The sum of a metric over its labels that have these. */
  async metric(name: string, labels = ''): Promise<number> {
    return (await this.metrics())
      .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  /** A line for each series. */
  async metrics(): Promise<readonly string[]> {
    const text = await (await fetch(`${this.endpoint}/metrics`)).text()
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  }

  /** The most memory that the node has had so far; undefined where the system does not tell. */
  memoryPeakBytes(): number | undefined {
    const path = `/proc/${this.#node?.pid}/status`
    if (!existsSync(path)) return undefined
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0)
  }

  async end(): Promise<void> {
    for (const what of ['node', 'nats-server'] as const) await this.kill(what, 'SIGCONT')
    await Promise.all([this.kill('node'), this.kill('nats-server'), this.killTwin()])
  }

  /** Processes that should have ended. */
  left(): readonly number[] {
    const alive = this.#started.filter(({ pid, identity }) => identity !== undefined && identityOf(pid) === identity)
    return alive.map(({ pid }) => pid)
  }

  /** Resolves with the status of its node once that has ended by itself. */
  async nodeEnded(): Promise<number | null> {
    const node = this.#node
    await until(`the node of ${this.name} ends`, () =>
      Promise.resolve(node?.exitCode !== null || node.signalCode !== null),
    )
    return node?.exitCode ?? null
  }

  /** The last lines that its processes wrote. */
  story(): string {
    return this.#lines.slice(-lastLines).join('\n')
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const env = { ...process.env, LONGITUDE_CLOCK_FILE: this.#clockFile, LONGITUDE_ADMIN_TOKEN: testAdminToken }
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid !== undefined) this.#started.push({ pid: child.pid, identity: identityOf(child.pid) })
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

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
  })
}
