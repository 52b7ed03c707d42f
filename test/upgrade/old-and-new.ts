/** Two regions, each with a nats-server that is open to all and a node of whichever version: what an upgrade meets. */
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { ChaosRegion } from '../chaos/chaos-region.ts'
import { freePorts } from '../free-port.ts'
import { root } from './released.ts'

export const regionNames = ['us-east-1', 'eu-west-1'] as const

export type Side = {
  readonly name: string
  readonly region: ChaosRegion
  readonly client: DynamoDBClient
  /** Its node's folder; the store is in it. */
  readonly data: string
}

const newProgram = join(root, 'dist', 'cli', 'cli.js')

export class OldAndNew {
  readonly sides: readonly Side[]
  readonly #keys: string

  /** Both nats-servers run; no node does yet. */
  static async start(folder: string): Promise<OldAndNew> {
    const ports = await freePorts(2 * regionNames.length)
    const { path: natsPath } = await findNatsServer({ explicit: undefined, progress: () => undefined })
    const sides = regionNames.map((name, n): Side => {
      const [port = 0, natsPort = 0] = ports.slice(2 * n)
      const region = new ChaosRegion({ name, port, natsPort, folder: join(folder, name), natsPath })
      const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
      const client = new DynamoDBClient({ endpoint: region.endpoint, region: name, credentials, maxAttempts: 1 })
      return { name, region, client, data: join(folder, name, 'node') }
    })
    for (const { region } of sides)
      region.peers.push(
        ...sides
          .filter((other) => other.region !== region)
          .map((other) => `${other.name}=nats://127.0.0.1:${other.region.natsPort}`),
      )
    for (const { region } of sides) await region.startNats()
    const keys = join(folder, 'message-keys')
    makeMessageKeys(keys, regionNames)
    return new OldAndNew(sides, keys)
  }

  private constructor(sides: readonly Side[], keys: string) {
    this.sides = sides
    this.#keys = keys
  }

  /** Starts a side's node with the program of a released version. */
  async startOld({ region }: Side, program: string): Promise<void> {
    await this.#start(region, program, [])
  }

  /** Starts a side's node with this version; `admits`: it takes messages of version 0.1.0. */
  async startNew({ region }: Side, { admits }: { readonly admits: boolean }): Promise<void> {
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const admission = admits ? ['--admit-unsigned-peers-until', until] : []
    await this.#start(region, newProgram, ['--message-keys', this.#keys, ...admission])
  }

  async #start(region: ChaosRegion, program: string, flags: readonly string[]): Promise<void> {
    region.program = program
    region.flags = flags
    await region.startNode()
  }

  async stopNode({ region }: Side): Promise<void> {
    await region.kill('node', 'SIGTERM')
  }

  async close(): Promise<void> {
    for (const { client } of this.sides) client.destroy()
    for (const { region } of this.sides) await region.end()
  }
}
