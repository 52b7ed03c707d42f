/** The limit of tables holds at each entrance through which one comes: CreateTable, also many at once, and a replica from elsewhere. */
import { CreateTableCommand, DeleteTableCommand, ListTablesCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { refusal, tableName } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'

const tablesMax = 3
vi.mock('../../src/core/limits/limits.ts', async (original) => ({ ...(await original<object>()), tablesMax: 3 }))

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const says = `Subscriber limit exceeded: There is a limit of ${tablesMax} tables per subscriber`
let world: TestRegions

beforeAll(async () => {
  world = await testRegions([us, eu])
})

afterAll(() => world.close())

const create = (region: string) =>
  world.at(region).client.send(
    new CreateTableCommand({
      TableName: tableName(),
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )

const tablesOf = async (region: string): Promise<readonly string[]> =>
  (await world.at(region).client.send(new ListTablesCommand({}))).TableNames ?? []

test('of many made at once, so many are made as there may be', async () => {
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => create(eu)))
  expect(made.filter(({ status }) => status === 'fulfilled').length).toBe(tablesMax)
  expect(await tablesOf(eu)).toHaveLength(tablesMax)
  expect(await refusal(create(eu))).toEqual(['LimitExceededException', says])
})

test('a replica fails in a region that is full, with the reason, and can be made once there is a place', async () => {
  const table = (await create(us)).TableDescription?.TableName ?? ''
  await world.active(table, [us])
  const here = world.at(us).client
  const add = () =>
    here.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
  await add()
  await world.eventually(
    'the replica has failed',
    async () => (await world.at(us).replica(table, eu)) === 'CREATION_FAILED',
  )
  const failed = (await world.at(us).describe(table))?.Replicas?.find(({ RegionName }) => RegionName === eu)
  expect(failed?.ReplicaStatusDescription).toBe(says)
  expect(await tablesOf(eu)).toHaveLength(tablesMax)
  const [first = ''] = await tablesOf(eu)
  await world.eventually('one is deleted', async () => {
    await world
      .at(eu)
      .client.send(new DeleteTableCommand({ TableName: first }))
      .catch(() => undefined)
    return (await tablesOf(eu)).length < tablesMax
  })
  await here.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Delete: { RegionName: eu } }] }))
  await world.eventually('the failed one is removed', async () => (await world.at(us).replica(table, eu)) === undefined)
  await add()
  await world.active(table, [us, eu])
})
