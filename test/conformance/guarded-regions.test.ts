/** Guards of tables at the entrances that operations on tables are: here and in other regions, by the names of 2019 and of 2017. */
import {
  CreateGlobalTableCommand,
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  UpdateGlobalTableCommand,
  UpdateGlobalTableSettingsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal, tableName } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'
import { differs } from '../differences/difference.ts'

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
let world: TestRegions
let here: DynamoDBClient
let there: DynamoDBClient

beforeAll(async () => {
  world = await testRegions([us, eu], { globalTables2017: true })
  here = world.at(us).client
  there = world.at(eu).client
})

afterAll(() => world.close())

const protect = (client: DynamoDBClient, TableName: string, on: boolean) =>
  client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: on }))
const remove = (client: DynamoDBClient, TableName: string, RegionName: string) =>
  client.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Delete: { RegionName } }] }))
const links = [
  [us, eu],
  [eu, us],
] as const
const kept = (table: string, region: string) =>
  `Cannot delete table ${table} in region ${region} because it has deletion protection enabled. Disable deletion protection first.`

describe('deletion protection', () => {
  test.each([
    ['a replica, removed from the region that it came from', us, eu],
    ['a source, removed from the region of its replica', eu, us],
  ])(`${differs('protection-travels')} (%s)`, async (_what, from, of) => {
    const table = await world.globalTable([eu])
    await protect(world.at(of).client, table, true)
    const asked = world.at(from).client
    // How the other region knows: by a register, which takes its way. Before, the removal is overruled there.
    let refused: readonly [string, string] = ['', 'not asked']
    await remove(asked, table, of).catch(
      (error: unknown) => (refused = [(error as Error).name, (error as Error).message]),
    )
    if (refused[1] === 'not asked') await world.active(table, [us, eu])
    expect(await refusal(remove(asked, table, of))).toEqual(['ValidationException', kept(table, of)])
    expect(await world.at(of).describe(table)).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true })
  })

  test('keeps a replica that its own region would delete, in the same words', async () => {
    const table = await world.globalTable([eu])
    await protect(there, table, true)
    expect(await refusal(there.send(new DeleteTableCommand({ TableName: table })))).toEqual([
      'ValidationException',
      kept(table, eu),
    ])
  })

  test('that was on when the table got its first replica is known to that', async () => {
    const table = await world.globalTable([eu], { DeletionProtectionEnabled: true })
    expect(await refusal(remove(there, table, us))).toEqual(['ValidationException', kept(table, us)])
    expect((await world.at(eu).describe(table))?.DeletionProtectionEnabled).toBe(false)
  })

  test('ends, and the replica can be removed', async () => {
    const table = await world.globalTable([eu])
    await protect(there, table, true)
    await protect(there, table, false)
    await world.eventually('the removal is taken', async () => {
      await remove(here, table, eu).catch(() => undefined)
      return (await world.at(eu).describe(table)) === undefined
    })
  })

  test('keeps an empty table that a global table of 2017 would take over', async () => {
    const name = tableName()
    for (const client of [here, there])
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          DeletionProtectionEnabled: client === there,
        }),
      )
    await world.active(name, [us])
    await here.send(
      new CreateGlobalTableCommand({
        GlobalTableName: name,
        ReplicationGroup: [{ RegionName: us }, { RegionName: eu }],
      }),
    )
    await world.eventually(
      'the replica has failed',
      async () => (await world.at(us).replica(name, eu)) === 'CREATION_FAILED',
    )
    expect(await world.at(eu).describe(name)).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true })
  })
})

describe('the last replica', () => {
  test('stays where regions that cannot hear each other remove each other in a circle', async () => {
    const ring = await testRegions([us, eu, ap])
    try {
      const table = await ring.globalTable([eu, ap])
      const all = [us, eu, ap]
      const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => [from, to] as const))
      for (const [from, to] of pairs) ring.cluster.link(from, to).cut()
      for (const [n, from] of all.entries()) await remove(ring.at(from).client, table, all[(n + 1) % 3] as string)
      for (const [from, to] of pairs) ring.cluster.link(from, to).heal()
      const states = () => Promise.all(all.map(async (name) => (await ring.at(name).describe(table))?.TableStatus))
      await ring.eventually(
        'one is left',
        async () => (await states()).filter((state) => state !== undefined).length === 1,
      )
      await ring.eventually('it is served', async () => (await states()).includes('ACTIVE'))
    } finally {
      await ring.close()
    }
  })
})

describe('the state of a table', () => {
  test('lets nothing change it while its replica is being made, replicas neither', async () => {
    const table = await world.globalTable([])
    for (const [a, b] of links) world.cluster.link(a, b).cut()
    await here.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
    const busy = ['ResourceInUseException', 'The resource which you are attempting to change is in use.']
    const changes: Promise<unknown>[] = [
      here.send(new DeleteTableCommand({ TableName: table })),
      here.send(new UpdateTableCommand({ TableName: table, TableClass: 'STANDARD_INFREQUENT_ACCESS' })),
      here.send(
        new UpdateGlobalTableSettingsCommand({ GlobalTableName: table, GlobalTableBillingMode: 'PAY_PER_REQUEST' }),
      ),
      remove(here, table, eu),
    ]
    for (const refused of await Promise.all(changes.map(refusal))) expect(refused).toEqual(busy)
    for (const [a, b] of links) world.cluster.link(a, b).heal()
    await world.active(table, [us, eu])
  })

  test('lets nothing be added to it while it is removed', async () => {
    const table = await world.globalTable([eu])
    await there.send(new DeleteTableCommand({ TableName: table }))
    const asked = [
      there.send(new UpdateTableCommand({ TableName: table, TableClass: 'STANDARD_INFREQUENT_ACCESS' })),
      there.send(
        new UpdateGlobalTableCommand({ GlobalTableName: table, ReplicaUpdates: [{ Delete: { RegionName: us } }] }),
      ),
      there.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Delete: { RegionName: us } }] })),
    ]
    for (const refused of await Promise.all(asked.map(refusal)))
      expect(refused[0]).toMatch(/ResourceInUseException|ResourceNotFoundException|GlobalTableNotFoundException/)
  })
})
