/** What tells one region's replica of a global table from another's. */
import {
  type CreateTableCommandInput,
  DeleteTableCommand,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
let world: TestRegions
beforeAll(async () => void (world = await testRegions([us, eu, ap])))
afterAll(() => world.close())

const identity = ({ TableId, CreationDateTime, LatestStreamLabel }: TableDescription = {}) => ({
  id: TableId,
  createdMs: CreationDateTime?.getTime() ?? NaN,
  label: LatestStreamLabel,
})
const identityIn = async (region: string, table: string) => identity(await world.at(region).describe(table))
const othersOf = async (region: string, table: string) =>
  (await world.at(region).describe(table))?.Replicas?.map(({ RegionName }) => RegionName)
const withStream: Partial<CreateTableCommandInput> = {
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
}
const removeReplica = async (table: string, RegionName: string) => {
  await world
    .at(us)
    .client.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Delete: { RegionName } }] }))
  await world.eventually(`${table} has gone from ${RegionName}`, async () => {
    const [here, there] = [await world.at(us).describe(table), await world.at(RegionName).describe(table)]
    return there === undefined && here?.TableStatus === 'ACTIVE' && here.Replicas === undefined
  })
}

describe.runIf(isLocal)('a replica', () => {
  test('has a TableId, a time of creation and a stream of its own', async () => {
    const table = await world.globalTable([eu, ap], withStream)
    const [first, second, third] = [
      await identityIn(us, table),
      await identityIn(eu, table),
      await identityIn(ap, table),
    ]
    expect(new Set([first.id, second.id, third.id]).size).toBe(3)
    for (const { id } of [first, second, third])
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set([first.label, second.label, third.label]).size).toBe(3)
    expect(second.createdMs).toBeGreaterThan(first.createdMs)
    expect(third.createdMs).toBeGreaterThan(second.createdMs)
    const there = await world.at(eu).describe(table)
    expect(there?.LatestStreamArn).toBe(`${there?.TableArn}/stream/${second.label}`)
  })

  test('leaves the identity of the table that it comes from as it was', async () => {
    const table = await world.globalTable([], withStream)
    const before = await identityIn(us, table)
    await world
      .at(us)
      .client.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
    await world.active(table, [us, eu])
    expect(await identityIn(us, table)).toEqual(before)
  })

  test('that is made a second time is another', async () => {
    const table = await world.globalTable([eu])
    const before = await identityIn(eu, table)
    await removeReplica(table, eu)
    await world
      .at(us)
      .client.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
    await world.active(table, [us, eu])
    const after = await identityIn(eu, table)
    expect(after.id).not.toBe(before.id)
    expect(after.label).not.toBe(before.label)
    expect(after.createdMs).toBeGreaterThan(before.createdMs)
  })

  test('keeps its identity when it is the last one', async () => {
    const table = await world.globalTable([eu])
    const before = await identityIn(eu, table)
    await world.at(us).client.send(new DeleteTableCommand({ TableName: table }))
    await world.eventually(`${table} is the table of ${eu} alone`, async () => {
      const found = await world.at(eu).describe(table)
      return found?.TableStatus === 'ACTIVE' && found.Replicas === undefined
    })
    expect(await identityIn(eu, table)).toEqual(before)
  })

  test('keeps its identity when it becomes a table of its own', async () => {
    const table = await world.globalTable([eu])
    const before = await identityIn(eu, table)
    const { client } = world.at(eu)
    await client.send(new UpdateTableCommand({ TableName: table, DisassociationProtectionEnabled: false }))
    await client.send(
      new UpdateTableCommand({
        TableName: table,
        ReplicaUpdates: [{ Disassociate: { RegionName: eu, DisassociationMode: 'WAIT_FOR_REPLICATION' } }],
      }),
    )
    await world.eventually(`${table} is the table of ${eu} alone`, async () => {
      const found = await world.at(eu).describe(table)
      return found?.TableStatus === 'ACTIVE' && found.Replicas === undefined
    })
    expect(await identityIn(eu, table)).toEqual(before)
  })
})

describe.runIf(isLocal)('the list of replicas', () => {
  test('is in the order of their creation', async () => {
    const table = await world.globalTable([eu, ap])
    expect(await othersOf(us, table)).toEqual([eu, ap])
    expect(await othersOf(eu, table)).toEqual([us, ap])
    expect(await othersOf(ap, table)).toEqual([us, eu])
  })
})
