/** Two regions as real processes, each with a nats-server that is open to all and a node of whichever version: what an upgrade meets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { findNatsServer } from '../../src/node/nats-server/find.ts'
import { natsGreets } from '../../src/node/supervisor/nats-process.ts'
import { until } from '../chaos/until.ts'
import { freePorts } from '../free-port.ts'
import { root } from './released.ts'

export const regionNames = ['us-east-1', 'eu-west-1'] as const
const lastLines = 40

export type Side = {
  readonly name: string
  readonly natsPort: number
  readonly endpoint: string
  readonly client: DynamoDBClient
  /** Its node's folder; the store is in it. */
  readonly data: string
}

export class OldAndNew {
  readonly sides: readonly Side[]
  readonly #folder: string
  readonly #children = new Map<string, ChildProcess>()
  readonly #lines = new Map<string, string[]>()

  /** Both nats-servers run; no node does yet. */
  static async start(folder: string): Promise<OldAndNew> {
    const ports = await freePorts(2 * regionNames.length)
    const sides = regionNames.map((name, n): Side => {
      const endpoint = `http://127.0.0.1:${ports[2 * n]}`
      const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
      const client = new DynamoDBClient({ endpoint, region: name, credentials, maxAttempts: 1 })
      return { name, natsPort: ports[2 * n + 1] ?? 0, endpoint, client, data: join(folder, name, 'node') }
    })
    const pair = new OldAndNew(folder, sides)
    const nats = await findNatsServer({ explicit: undefined, progress: () => undefined })
    for (const { name, natsPort } of sides) {
      const store = join(folder, name, 'nats')
      mkdirSync(store, { recursive: true })
      const configuration = join(folder, name, 'nats.conf')
      const lines = [`server_name: ${name}`, `listen: 127.0.0.1:${natsPort}`, `jetstream { store_dir: '${store}' }`]
      writeFileSync(configuration, lines.join('\n'))
      pair.#spawn(`nats-server of ${name}`, nats.path, ['--config', configuration])
      await until(`nats-server of ${name}`, () => natsGreets(natsPort))
    }
    return pair
  }

  private constructor(folder: string, sides: readonly Side[]) {
    this.#folder = folder
    this.sides = sides
  }

  /** Starts a side's node with the program of some version, and more arguments where that version needs them. */
  async startNode(side: Side, program: string, ...more: readonly string[]): Promise<void> {
    const url = (port: number): string => `nats://127.0.0.1:${port}`
    const peers = this.sides.flatMap(({ name, natsPort }) =>
      name === side.name ? [] : ['--peer', `${name}=${url(natsPort)}`],
    )
    const port = new URL(side.endpoint).port
    const own = ['--region', side.name, '--port', port, '--nats', url(side.natsPort), '--data', side.data, ...peers]
    const fixed = ['--table-transition-ms', '0', '--regions-folder', join(root, 'regions')]
    const node = this.#spawn(side.name, process.execPath, [program, 'node', ...own, ...fixed, ...more])
    await until(`node of ${side.name}`, async () => {
      if (node.exitCode !== null || node.signalCode !== null) throw new Error(this.story(side))
      return await fetch(`${side.endpoint}/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    })
  }

  async stopNode(side: Side): Promise<void> {
    await this.#end(side.name)
  }

  story({ name }: Side): string {
    return `${name} said last:\n${(this.#lines.get(name) ?? []).join('\n')}`
  }

  async close(): Promise<void> {
    for (const { client } of this.sides) client.destroy()
    for (const name of [...this.#children.keys()].toReversed()) await this.#end(name)
  }

  async #end(name: string): Promise<void> {
    const child = this.#children.get(name)
    this.#children.delete(name)
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  #spawn(name: string, command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const lines: string[] = []
    this.#lines.set(name, lines)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.split('\n').filter((line) => line !== ''))
        lines.splice(0, Math.max(0, lines.length - lastLines))
      })
    this.#children.set(name, child)
    return child
  }
}
