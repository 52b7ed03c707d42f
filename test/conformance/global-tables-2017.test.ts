import {
  CreateGlobalTableCommand,
  DescribeGlobalTableCommand,
  DescribeGlobalTableSettingsCommand,
  ListGlobalTablesCommand,
  UpdateGlobalTableCommand,
  UpdateGlobalTableSettingsCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, refusal } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
let world: TestRegions
beforeAll(async () => void (world = await testRegions([us, eu])))
afterAll(() => world.close())

describe.runIf(isLocal)('by default the operations of 2017', () => {
  test('are refused as AWS refuses them, and know no table that has replicas', async () => {
    const { client } = world.at(us)
    const GlobalTableName = await world.globalTable([eu])
    const ReplicationGroup = [{ RegionName: us }, { RegionName: eu }]
    expect(await refusal(client.send(new CreateGlobalTableCommand({ GlobalTableName, ReplicationGroup })))).toEqual([
      'ValidationException',
      'One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).',
    ])
    const missing = `Global table with name: '${GlobalTableName}' does not exist.`
    const sent = [
      client.send(new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates: [{ Delete: { RegionName: eu } }] })),
      client.send(new DescribeGlobalTableSettingsCommand({ GlobalTableName })),
      client.send(new UpdateGlobalTableSettingsCommand({ GlobalTableName, GlobalTableBillingMode: 'PAY_PER_REQUEST' })),
    ]
    for (const refused of await Promise.all(sent.map(refusal)))
      expect(refused).toEqual(['GlobalTableNotFoundException', missing])
    expect(await refusal(client.send(new DescribeGlobalTableCommand({ GlobalTableName })))).toEqual([
      'GlobalTableNotFoundException',
      `Global table not found: ${missing}`,
    ])
    expect((await client.send(new ListGlobalTablesCommand({}))).GlobalTables).toEqual([])
  })
})
