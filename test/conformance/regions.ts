/**
 * Several regions of the embedded cluster (src/testing/), for tests of global tables through the SDK. What they wait for comes at once: the
 * cluster's time is advanced.
 *
 *   const world = await testRegions(['us-east-1', 'eu-west-1'])
 *   await world.at('eu-west-1').client.send(new DescribeTableCommand({ TableName }))
 */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { required } from '../../src/core/assert.ts'
import { removeReplica } from '../../src/operations/tables/update-table.ts'
import type { ClusterOptions } from '../../src/testing/cluster-api.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import type { ApiSettings } from '../../src/testing/world-region.ts'
import { tableName } from './region.ts'

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
  readonly cluster: EmbeddedCluster
  at(region: string): RegionOfMany
  /** A table in the first region, ACTIVE, with replicas that are ACTIVE everywhere in the others that are named. */
  globalTable(others: readonly string[], input?: Partial<CreateTableCommandInput>): Promise<string>
  /** Waits until every named region tells every other one's replica as ACTIVE. */
  active(table: string, regions: readonly string[]): Promise<void>
  /** Waits for what comes when time passes. */
  eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  close(): Promise<void>
}

const stepMs = 50
const waitMsMax = 120_000

export async function testRegions(
  names: readonly string[],
  { globalTables2017 = false, ...api }: Pick<ClusterOptions, 'globalTables2017'> & ApiSettings = {},
): Promise<TestRegions> {
  const cluster = await EmbeddedCluster.made({ regions: names, globalTables2017 }, { api })
  const regions = await Promise.all(names.map(async (name) => regionOf(cluster, name, await cluster.endpoint(name))))
  const at = (name: string): RegionOfMany =>
    required(
      regions.find((region) => region.name === name),
      `region ${name}`,
    )
  const eventually: TestRegions['eventually'] = async (what, holds) => {
    for (let waitedMs = 0; !(await holds()); waitedMs += stepMs) {
      if (waitedMs > waitMsMax) throw new Error(`not within ${waitMsMax} ms: ${what}`)
      await cluster.advance(stepMs)
    }
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
    cluster,
    at,
    active,
    eventually,
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
    close: async () => {
      for (const region of regions) region.end()
      await cluster.close()
    },
  }
}

const simple = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}

function regionOf(
  cluster: EmbeddedCluster,
  name: string,
  endpoint: string,
): RegionOfMany & { readonly end: () => void } {
  const client = new DynamoDBClient({ ...cluster.client(name), maxAttempts: 1 })
  const describe: RegionOfMany['describe'] = async (TableName) => {
    try {
      return (await client.send(new DescribeTableCommand({ TableName }))).Table
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }
  return {
    name,
    endpoint,
    client,
    describe,
    giveUp: async (table, region) => {
      const running = required(cluster.running(name), 'a region that runs')
      await removeReplica({ table, region, byForce: true }, running.region.context)
    },
    replica: async (table, region) =>
      (await describe(table))?.Replicas?.find((replica) => replica.RegionName === region)?.ReplicaStatus,
    end: () => client.destroy(),
  }
}
