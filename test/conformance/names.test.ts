/** A table of a name is made in a region, and a replica of that name begins there, at one moment: one of them is, never both. */
import { CreateTableCommand, ListTablesCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../replication/eventually.ts'
import { refusal, tableName } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
let world: TestRegions

beforeAll(async () => {
  world = await testRegions([us, eu])
})

afterAll(() => world.close())

const input = (TableName: string) => ({
  TableName,
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
})

const spreadMs = 4

test('a name is given once', { timeout: 60_000 }, async () => {
  const [here, there] = [world.at(us).client, world.at(eu).client]
  const names = Array.from({ length: 40 }, () => tableName())
  for (const name of names) {
    await here.send(new CreateTableCommand(input(name)))
    await world.active(name, [us])
  }
  const outcomes = await Promise.all(
    names.map(async (TableName, n) => {
      await here.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
      await new Promise((resolve) => setTimeout(resolve, (n % 20) * spreadMs))
      return refusal(there.send(new CreateTableCommand(input(TableName)))).then(
        ([code]) => code,
        () => 'made',
      )
    }),
  )
  await eventually('each replica is decided', async () => {
    const replicas = await Promise.all(names.map((name) => world.at(us).replica(name, eu)))
    return replicas.every((status) => status === 'ACTIVE' || status === 'CREATION_FAILED')
  })
  const { TableNames = [] } = await there.send(new ListTablesCommand({}))
  expect(TableNames.toSorted()).toEqual(names.toSorted())
  for (const [n, name] of names.entries())
    expect([name, await world.at(us).replica(name, eu)]).toEqual([
      name,
      outcomes[n] === 'made' ? 'CREATION_FAILED' : 'ACTIVE',
    ])
})
