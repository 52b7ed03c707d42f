/** A deployment to attack: `longitude up` in a temporary folder, with workers, caches, front door and links, and what each of its processes holds. */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeEndpointsOf } from '../../src/deployment/data-folder.ts'
import { prepareProgram, removeFolder, temporaryFolder, up, type Up } from '../cli/command-line.ts'
import { send } from '../conformance/raw-request.ts'
import type { Entrance } from './acts.ts'
import type { Client } from './honest.ts'
import { pause } from './line.ts'
import { headersOf, type Keys, openingOf, serviceHeadersOf } from './signing.ts'

/** Of each entrance: what its honest client has seen. */
export type Honest = Readonly<
  Record<string, { readonly answered: number; readonly failed: number; readonly longestMs: number }>
>

export type AttackedOptions = {
  /** Signatures are verified. */
  readonly verified: boolean
  /** Regions of three nodes, and else of two processes. */
  readonly nodes: boolean
}

export type Program = { readonly name: string; readonly pid: number }

const keys: Keys = { accessKeyId: 'AKIAHONEST', secretAccessKey: 'a secret/of+honest' }
const regions = ['us-east-1', 'eu-west-1']

export class AttackedDeployment {
  readonly entrances: readonly Entrance[]
  readonly programs: readonly Program[]
  readonly #up: Up
  readonly #folder: string
  readonly #honest: ChildProcess

  static async start({ verified, nodes }: AttackedOptions): Promise<AttackedDeployment> {
    prepareProgram()
    const folder = temporaryFolder()
    const options = ['--regions', regions.join(','), '--no-latency', '--log-level', 'warn']
    options.push(...(nodes ? ['--nodes', '3'] : ['--workers', '2']), '--kms', join(folder, 'kms'))
    if (verified) {
      const file = join(folder, 'credentials.json')
      writeFileSync(file, JSON.stringify({ credentials: [keys] }), { mode: 0o600 })
      options.push('--credentials', file)
    }
    const running = await up(join(folder, 'data'), ...options)
    try {
      const [first] = running.overview.regions
      await fill(first?.endpoint ?? '')
      return new AttackedDeployment(running, folder)
    } catch (error) {
      running.supervisor.kill('SIGTERM')
      throw error
    }
  }

  private constructor(running: Up, folder: string) {
    const { overview, basePort, supervisor } = running
    const [first] = overview.regions
    if (first === undefined) throw new Error('no region runs')
    this.#up = running
    this.#folder = folder
    const token = readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim()
    const entrance = (name: string, kind: Entrance['kind'], endpoint: string): Entrance => ({
      name,
      kind,
      endpoint,
      token,
      headers: (operation, body) => headersOf({ operation, body, endpoint, region: first.region, keys }),
      serviceHeaders: (request) => serviceHeadersOf({ ...request, endpoint, region: first.region, keys }),
      opening: () => openingOf({ region: first.region, keys }),
    })
    this.entrances = [
      ...(first.nodes === undefined
        ? [entrance('node and worker', 'api', first.endpoint)]
        : this.#ofNodes(first, entrance)),
      entrance('cache', 'api', first.cache ?? ''),
      entrance('front door', 'api', `http://127.0.0.1:${basePort + 99}`),
      entrance('control of links', 'control', `http://127.0.0.1:${basePort + 199}`),
      entrance('console', 'control', `http://127.0.0.1:${basePort + 197}`),
      entrance('DAX', 'dax', `dax://127.0.0.1:${basePort + 111}`),
    ]
    this.programs = overview.processes.flatMap((pid) => programOf(pid, running))
    const clients: readonly Client[] = this.entrances
      .filter(({ kind }) => kind === 'api')
      .map(({ name, endpoint }) => ({ name, endpoint, region: first.region }))
    this.#honest = fork(fileURLToPath(new URL('honest.ts', import.meta.url)), [JSON.stringify({ clients, keys })])
    supervisor.once('exit', () => this.#honest.kill())
  }

  /** The balancer before the nodes of a region, one of them, and its port for the others. */
  #ofNodes(
    { region, endpoint }: { readonly region: string; readonly endpoint: string },
    entrance: (name: string, kind: Entrance['kind'], endpoint: string) => Entrance,
  ): readonly Entrance[] {
    const node = new URL(nodeEndpointsOf(join(this.#folder, 'data'))[region]?.['b'] ?? '')
    const own = `http://${node.host}`
    node.port = String(Number(node.port) + 1)
    return [
      entrance('balancer', 'api', endpoint),
      entrance('a node', 'api', own),
      entrance('port of nodes', 'nodes', `node://${node.host}`),
    ]
  }

  /** What the honest clients have seen since this was last asked. */
  async honest(): Promise<Honest> {
    const told = new Promise<Honest>((resolve) => this.#honest.once('message', (message) => resolve(message as Honest)))
    this.#honest.send('figures')
    return await told
  }

  get gone(): readonly Program[] {
    return this.programs.filter(({ pid }) => memoryOf(pid).residentMB === 0)
  }

  /** What it has logged of errors. */
  get errors(): readonly string[] {
    return this.#up
      .errors()
      .split('\n')
      .filter((line) => /"level":"?(error|50|fatal|60)/.test(line))
  }

  async close(): Promise<void> {
    this.#honest.kill()
    this.#up.supervisor.kill('SIGTERM')
    await this.#up.ended
    removeFolder(this.#folder)
  }
}

export type Memory = { readonly residentMB: number; readonly peakMB: number }

/** Linux only; zero of a process that is gone. */
export function memoryOf(pid: number): Memory {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const of = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)
    return { residentMB: of('VmRSS'), peakMB: of('VmHWM') }
  } catch {
    return { residentMB: 0, peakMB: 0 }
  }
}

/** The peak begins anew. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // The process is gone; `gone` tells.
  }
}

function programOf(pid: number, { overview }: Up): readonly Program[] {
  for (const { region, processes, nodes = [] } of overview.regions) {
    const node = nodes.find(
      ({ processes: own }) => own.node === pid || own.natsServer === pid || own.quorumServer === pid,
    )
    if (node !== undefined)
      return [{ name: node.processes.node === pid ? `node ${region} ${node.node}` : `nats-server ${region}`, pid }]
    if (processes.node === pid) return [{ name: `node ${region}`, pid }, ...workersOf(pid, region)]
    if (processes.cache === pid) return [{ name: `cache ${region}`, pid }]
    if (processes.natsServer === pid) return [{ name: `nats-server ${region}`, pid }]
  }
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .slice(1)
    .find((word) => /^[a-z-]+$/.test(word))
  return [{ name: command ?? 'other', pid }]
}

function workersOf(pid: number, region: string): readonly Program[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return children.map((child) => ({ name: `worker ${region}`, pid: Number(child) }))
}

async function fill(endpoint: string): Promise<void> {
  const ask = async (operation: string, input: object): Promise<void> => {
    const body = JSON.stringify(input)
    const headers = headersOf({ operation, body, endpoint, region: regions[0] ?? '', keys })
    const { status, text } = await send({ endpoint, headers, body })
    if (status !== 200) throw new Error(`${operation}: ${status} ${text}`)
  }
  await ask('CreateTable', {
    TableName: 'attacked',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  })
  await pause(500)
  await ask('PutItem', { TableName: 'attacked', Item: { pk: { S: 'honest' } } })
  for (const pk of ['large', 'larger', 'largest'])
    await ask('PutItem', { TableName: 'attacked', Item: { pk: { S: pk }, filler: { S: 'x'.repeat(390_000) } } })
}
