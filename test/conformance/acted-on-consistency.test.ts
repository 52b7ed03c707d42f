/**
 * Every member of UpdateTable that makes or ends a table with strong consistency between regions is acted on: a request with another region, or another
 * mode, leaves other tables in the regions, or is refused. DescribeTable tells each of its members of such tables.
 */
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { type Json, membersOf, placesIn } from './one-member.ts'
import { tableName } from './region.ts'

type Update = Omit<UpdateTableCommandInput, 'TableName'>

const [virginia, dublin, tokyo, saoPaulo] = ['us-east-1', 'eu-west-1', 'ap-northeast-1', 'sa-east-1'] as const
const regions = [virginia, dublin, tokyo, saoPaulo]
const create = (RegionName: string) => ({ Create: { RegionName } })
const remove = (RegionName: string) => ({ Delete: { RegionName } })

const ofThree: Update = { MultiRegionConsistency: 'STRONG', ReplicaUpdates: [create(dublin), create(tokyo)] }
const withWitness: Update = {
  MultiRegionConsistency: 'STRONG',
  ReplicaUpdates: [create(dublin)],
  GlobalTableWitnessUpdates: [create(tokyo)],
}
const end: Update = { ReplicaUpdates: [remove(dublin)], GlobalTableWitnessUpdates: [remove(tokyo)] }
/** One after the other, the last of which is the one that is walked. */
const requests: readonly (readonly Update[])[] = [[ofThree], [withWitness], [withWitness, end]]

let cluster: Cluster
const clients = new Map<string, DynamoDBClient>()
beforeAll(async () => {
  cluster = await createCluster({ regions, links: { default: { ms: 1 } }, seed: 3 })
  for (const region of regions) clients.set(region, new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 }))
})
afterAll(async () => {
  for (const client of clients.values()) client.destroy()
  await cluster.close()
})

const told = async (region: string, TableName: string): Promise<TableDescription | undefined> => {
  const reply = await clients
    .get(region)
    ?.send(new DescribeTableCommand({ TableName }))
    .catch(() => undefined)
  return reply?.Table
}

async function settled(TableName: string): Promise<readonly (TableDescription | undefined)[]> {
  return await vi.waitFor(
    async () => {
      const all = await Promise.all(regions.map((region) => told(region, TableName)))
      for (const table of all) {
        if (table === undefined) continue
        expect(table.TableStatus).toBe('ACTIVE')
        for (const { ReplicaStatus } of table.Replicas ?? []) expect(ReplicaStatus).toBe('ACTIVE')
        for (const { WitnessStatus } of table.GlobalTableWitnesses ?? []) expect(WitnessStatus).toBe('ACTIVE')
      }
      // A region does not list itself.
      const others = all[0]?.Replicas?.length ?? 0
      expect(all.filter((table) => table !== undefined)).toHaveLength(1 + others)
      return all
    },
    { timeout: 30_000, interval: 5 },
  )
}

/** What the regions have, without what no two tables share; or why a request is refused. */
async function outcome(updates: readonly Update[]): Promise<string> {
  const TableName = tableName()
  const here = clients.get(virginia)
  await here?.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  )
  try {
    for (const update of updates) {
      await settled(TableName)
      await here?.send(new UpdateTableCommand({ ...update, TableName }))
    }
    const all = await settled(TableName)
    return JSON.stringify(
      all.map((table) => table && [table.MultiRegionConsistency, table.Replicas, table.GlobalTableWitnesses]),
    )
  } catch (error) {
    return String(error)
  }
}

/** A region stands for another one that is there. */
function changed(value: Json, [step, ...rest]: readonly (string | number)[]): Json {
  if (step === undefined) return value === 'STRONG' ? 'EVENTUAL' : saoPaulo
  if (Array.isArray(value)) return value.map((each: Json, n) => (n === step ? changed(each, rest) : each))
  return { ...(value as object), [step]: changed((value as { readonly [member: string]: Json })[step], rest) }
}

const cases = requests.flatMap((updates) =>
  placesIn('UpdateTable', updates.at(-1) as Json).map(({ member, path }) => ({ member, path, updates })),
)

test('every member about consistency between regions is in a request of this test', () => {
  const known = new Set(cases.map(({ member }) => member))
  const wanted = membersOf('UpdateTable', ['TableName']).filter((member) =>
    /^(MultiRegionConsistency|GlobalTableWitnessUpdates)(\.|$)/.test(member),
  )
  expect(wanted.length).toBe(3)
  expect(wanted.filter((member) => !known.has(member))).toEqual([])
})

test.each(cases)('$member is acted on ($path)', { timeout: 60_000 }, async ({ path, updates }) => {
  const usual = await outcome(updates)
  expect(usual).toMatch(/^\[/)
  const last = changed(updates.at(-1) as Json, path) as Update
  expect(await outcome([...updates.slice(0, -1), last])).not.toBe(usual)
})

test('DescribeTable tells the consistency, the replicas and the witness', { timeout: 60_000 }, async () => {
  const text = await outcome([withWitness])
  const replica = { RegionName: dublin, ReplicaStatus: 'ACTIVE' }
  const [here, there, witness] = JSON.parse(text) as readonly unknown[]
  expect(here).toMatchObject(['STRONG', [replica], [{ RegionName: tokyo, WitnessStatus: 'ACTIVE' }]])
  expect(there).toMatchObject(['STRONG', [{ RegionName: virginia }], [{ RegionName: tokyo }]])
  expect(witness).toBeNull()
})
