/**
 * The real command line, as its users run it: the built program, real processes, real ports, a data folder of its own. Ports
 * are random; when another program has one of them the start is tried again elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { build } from '../../src/cli/prepare.mjs'
import { identityOf } from '../../src/process/process-identity.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const programPath = join(root, 'dist', 'cli', 'cli.js')
const startMsMax = 180_000
/** Where the runs of one test file are recorded. */
const stateHome = join(tmpdir(), `longitude-cli-state-${process.pid}`)
process.on('exit', () => rmSync(stateHome, { recursive: true, force: true }))

export type Ended = { readonly status: number | null; readonly output: string; readonly errors: string }

export type Overview = {
  readonly name: string
  readonly regions: readonly {
    readonly region: string
    readonly endpoint: string
    readonly cache?: string
    readonly state: string
    readonly reason?: string
    readonly natsPort: number
    readonly processes: { readonly node: number; readonly natsServer: number; readonly cache?: number }
    readonly nodes?: readonly {
      readonly node: string
      readonly processes: { readonly node: number; readonly natsServer: number; readonly quorumServer: number }
    }[]
    readonly distances: Readonly<Record<string, number>>
  }[]
  readonly services: Readonly<Record<string, string>>
  readonly processes: readonly number[]
}

export type Up = {
  readonly overview: Overview
  readonly basePort: number
  readonly supervisor: ChildProcess
  /** All that it has logged so far. */
  errors(): string
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>
}

/** A client of one region of a run. */
export function clientAt(at: { readonly endpoint: string; readonly region: string } | undefined): DynamoDBClient {
  if (at === undefined) throw new Error('no such region')
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint: at.endpoint, region: at.region, credentials })
}

/** Makes the table Employees, keyed by EmployeeID, and waits until it is ACTIVE. */
export async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: 'Employees',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'EmployeeID', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'EmployeeID', KeyType: 'HASH' }],
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.1, maxDelay: 1 }, { TableName: 'Employees' })
}

export function prepareProgram(): void {
  build(root, () => {})
}

/** Runs a command to its end. */
export async function longitude(...args: readonly string[]): Promise<Ended> {
  return await endOf(start(args))
}

/** A command that goes on until it is killed, with its end. */
export function background(...args: readonly string[]): {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
} {
  const child = start(args)
  return { process: child, ended: endOf(child) }
}

/** Starts `longitude up`; rejects with what it printed when it ends before it is ready. */
export async function up(data: string, ...args: readonly string[]): Promise<Up> {
  for (let tries = 1; ; tries++) {
    const basePort = randomBasePort()
    const supervisor = start(['up', '--json', '--data', data, '--base-port', String(basePort), ...args])
    const ended = endOf(supervisor)
    let errors = ''
    supervisor.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const first = await Promise.race([firstLine(supervisor), ended])
    if (typeof first === 'string')
      return { overview: JSON.parse(first) as Overview, basePort, supervisor, errors: () => errors, ended }
    if (tries === 5 || !first.errors.includes('in use by another program')) throw new Error(first.errors)
  }
}

/** Anywhere but where the system itself gives ports to connections. */
export function randomBasePort(): number {
  return 10_000 + Math.floor(Math.random() * 2000) * 10
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'longitude-cli-'))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

export function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => identityOf(pid) !== undefined)
}

/** Asks until it is so. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>, msMax = 15_000): Promise<void> {
  const deadline = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${msMax} ms: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}

/** The status of GET, or undefined when nobody answers. */
export async function statusOf(url: string): Promise<number | undefined> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(20_000) })).status
  } catch {
    return undefined
  }
}

function start(args: readonly string[]): ChildProcess {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^LONGITUDE_(?!NATS_SERVER)/.test(name)),
  )
  return spawn(process.execPath, [programPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...environment, XDG_STATE_HOME: stateHome },
    cwd: tmpdir(),
  })
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const parts = { output: '', errors: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    parts.output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    parts.errors += chunk.toString()
  })
  return await new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, ...parts }))
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  return await new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => reject(new Error(`not ready after ${startMsMax} ms`)), startMsMax)
    child.once('close', () => clearTimeout(tooLate))
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end === -1) return
      clearTimeout(tooLate)
      resolve(text.slice(0, end))
    })
  })
}
