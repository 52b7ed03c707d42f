/** A real nats-server of a test: killed, wiped and started again at will, on a port that nobody else has. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer, type NatsServer } from '../../src/nats-server/find.ts'
import { freePort } from '../free-port.ts'
import type { Log } from '../../src/ports/log.ts'
import { eventually } from './eventually.ts'

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet }

export class NatsServerProcess {
  readonly port: number
  readonly #binary: string | undefined
  readonly #configuration: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'longitude-nats-'))
  #process: ChildProcess | undefined

  /** With a configuration of the test's own, which the server's files are then said in; the port must be the same. */
  constructor(binary: string | undefined, port: number, configuration?: string) {
    this.#binary = binary
    this.port = port
    this.#configuration = configuration ?? join(this.#folder, 'nats.conf')
    if (configuration === undefined)
      writeFileSync(
        this.#configuration,
        `listen: "127.0.0.1:${port}"\nmax_payload: 8MB\njetstream { store_dir: "${join(this.#folder, 'store')}", sync_interval: "1s" }\n`,
      )
  }

  static async start(binary?: string): Promise<NatsServerProcess> {
    const server = new NatsServerProcess(binary, await freePort())
    await server.start()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const binary = this.#binary ?? (await natsBinaries())[0] ?? ''
    const child = spawn(binary, ['-c', this.#configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    let output = ''
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await eventually('nats-server is ready', () => output.includes('Server is ready')).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said:\n${output}`, { cause: error })
    })
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** Its configuration is read again. */
  reload(): void {
    this.#process?.kill('SIGHUP')
  }

  wipe(): void {
    rmSync(join(this.#folder, 'store'), { recursive: true, force: true })
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/**
 * The nats-servers to test with: those of LONGITUDE_NATS_SERVERS (paths, separated by colons, so that several versions can
 * be held to the same), else the one that the project itself finds or fetches.
 */
export async function natsBinaries(): Promise<string[]> {
  const named = process.env['LONGITUDE_NATS_SERVERS']
  if (named !== undefined && named !== '') return named.split(':')
  found ??= findNatsServer({ explicit: process.env['LONGITUDE_NATS_SERVER'], progress: () => undefined })
  return [(await found).path]
}

let found: Promise<NatsServer> | undefined
