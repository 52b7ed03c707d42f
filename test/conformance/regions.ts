/**
 * Several regions in this process, each with its own store, engine, replication and endpoint, over a network in memory:
 * for tests of global tables through the SDK.
 *
 *   const world = await testRegions(['us-east-1', 'eu-west-1'])
 *   await world.at('eu-west-1').client.send(new DescribeTableCommand({ TableName }))
 */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { prometheusMeter } from '../../src/adapters/metrics/prometheus-meter.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { Region } from '../../src/core/topology.ts'
import { removeReplica } from '../../src/operations/tables/update-table.ts'
import { type RegionOptions, type RegionServerOptions, startRegion } from '../../src/region/start-region.ts'
import { eventually } from '../replication/eventually.ts'
import { quiet } from '../replication/nats.ts'
import { clientOf, tableName } from './region.ts'

export type RegionOfMany = {
  readonly name: string
  readonly endpoint: string
  readonly client: DynamoDBClient
  /** Undefined where there is none of the name. */
  describe(table: string): Promise<TableDescription | undefined>
  /** As an operator gives up a replica that clients have to wait for. */
  giveUp(table: string, region: string): Promise<void>
  /** The status of a region's replica as this region tells it. */
  replica(table: string, region: string): Promise<string | undefined>
}

export type TestRegions = {
  readonly network: MemoryNetwork
  at(region: string): RegionOfMany
  /** A table in the first region, ACTIVE, with replicas that are ACTIVE everywhere in the others that are named. */
  globalTable(others: readonly string[], input?: Partial<CreateTableCommandInput>): Promise<string>
  /** Waits until every named region tells every other one's replica as ACTIVE. */
  active(table: string, regions: readonly string[]): Promise<void>
  close(): Promise<void>
}

type Settings = Pick<RegionOptions, 'globalTables2017'> & Pick<RegionServerOptions, 'endpointOf' | 'signedFor'>

export async function testRegions(names: readonly string[], settings: Settings = {}): Promise<TestRegions> {
  const network = new MemoryNetwork(systemClock, systemRandom)
  const regions = names.map((name, index) => ({ name, number: index + 1 }))
  const nodes = await Promise.all(regions.map((self) => startNode(network, self, regions, settings)))
  const at = (name: string): RegionOfMany => {
    const node = nodes.find(({ region }) => region.name === name)
    if (node === undefined) throw new Error(`no region ${name}`)
    return node.region
  }
  const active = (table: string, among: readonly string[]): Promise<void> =>
    eventually(`${table} is active in ${among.join(', ')}`, async () => {
      const told = await Promise.all(
        among.flatMap((here) =>
          among.map((there) => (here === there ? Promise.resolve('ACTIVE') : at(here).replica(table, there))),
        ),
      )
      const tables = await Promise.all(among.map((here) => at(here).describe(table)))
      return told.every((status) => status === 'ACTIVE') && tables.every((here) => here?.TableStatus === 'ACTIVE')
    })
  return {
    network,
    at,
    active,
    globalTable: async (others, input = {}) => {
      const TableName = input.TableName ?? tableName()
      const [first = ''] = names
      const { client } = at(first)
      await client.send(new CreateTableCommand({ ...simple, ...input, TableName }))
      await active(TableName, [first])
      for (const RegionName of others) {
        await client.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName } }] }))
        await active(TableName, [first, RegionName])
      }
      await active(TableName, [first, ...others])
      return TableName
    },
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  }
}

const simple = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}

async function startNode(network: MemoryNetwork, self: Region, regions: readonly Region[], settings: Settings) {
  const meter = prometheusMeter()
  const bus = network.join(self.name)
  const env = { clock: systemClock, random: systemRandom, store: new MemoryStore(), bus, log: quiet, meter }
  const { endpointOf, signedFor, ...options } = settings
  const running = await startRegion(env, { topology: { self, regions }, ...options })
  const server = await running.serve({
    port: 0,
    ...(endpointOf === undefined ? {} : { endpointOf }),
    ...(signedFor === undefined ? {} : { signedFor }),
    readiness: () => ({ ready: true }),
    metrics: async () => ({ contentType: meter.contentType, text: await meter.render() }),
  })
  const client = clientOf(server.url, { region: self.name })
  const region: RegionOfMany = {
    name: self.name,
    endpoint: server.url,
    client,
    describe: async (TableName) => {
      try {
        return (await client.send(new DescribeTableCommand({ TableName }))).Table
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
        throw error
      }
    },
    giveUp: (table, name) => removeReplica({ table, region: name, byForce: true }, running.context),
    replica: async (table, name) =>
      (await region.describe(table))?.Replicas?.find((replica) => replica.RegionName === name)?.ReplicaStatus,
  }
  const close = async (): Promise<void> => {
    client.destroy()
    await running.stop()
    await bus.close()
  }
  return { region, close }
}
