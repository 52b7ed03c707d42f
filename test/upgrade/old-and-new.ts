/** Two regions, each with a nats-server that is open to all and a node of whichever version: what an upgrade meets. */
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { findNatsServer } from '../../src/node/nats-server/find.ts'
import { ChaosRegion } from '../chaos/chaos-region.ts'
import { freePorts } from '../free-port.ts'

export const regionNames = ['us-east-1', 'eu-west-1'] as const

export type Side = {
  readonly name: string
  readonly region: ChaosRegion
  readonly client: DynamoDBClient
  /** Its node's folder; the store is in it. */
  readonly data: string
}

export class OldAndNew {
  readonly sides: readonly Side[]

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
    return new OldAndNew(sides)
  }

  private constructor(sides: readonly Side[]) {
    this.sides = sides
  }

  /** Starts a side's node with the program of some version. */
  async startNode({ region }: Side, program: string): Promise<void> {
    region.program = program
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
