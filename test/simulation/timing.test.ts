/**
 * AWS's timing in virtual time: how long states last, also over a restart and in other regions, and how soon settings may change again. The
 * bounds are what was measured on AWS in October 2026.
 */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { expect, test, vi } from 'vitest'
import { required } from '../../src/core/assert.ts'
import { ServiceError } from '../../src/core/errors.ts'
import { timings } from '../../src/core/table/waits.ts'
import type { Wire } from '../../src/operations/sdk-shape.ts'
import { describeTimeToLive } from '../../src/operations/settings/describe-time-to-live.ts'
import { updateTimeToLive } from '../../src/operations/settings/update-time-to-live.ts'
import { createTable } from '../../src/operations/tables/create-table.ts'
import { deleteTable } from '../../src/operations/tables/delete-table.ts'
import { describeTable } from '../../src/operations/tables/describe-table.ts'
import { updateTable } from '../../src/operations/tables/update-table.ts'
import { tagResource } from '../../src/operations/tags/tag-resource.ts'
import { contextOf } from './administrator.ts'
import { Client } from './client.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { World } from './world.ts'

/** Thousands of events each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 })

const TableName = 'orders'
const units = (ReadCapacityUnits: number, WriteCapacityUnits = ReadCapacityUnits) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
})
const base = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
}
const onDemand = { ...base, BillingMode: 'PAY_PER_REQUEST' as const }
const provisioned = { ...base, ProvisionedThroughput: units(10) }
const index = {
  IndexName: 'by-color',
  KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}
const color = { AttributeName: 'color', AttributeType: 'S' as const }
const indexed = { ...onDemand, AttributeDefinitions: [...base.AttributeDefinitions, color] }

class Scene {
  readonly world: World
  readonly here: SimulatedRegion
  readonly there: SimulatedRegion

  constructor(world: World) {
    const [here, there] = world.regions
    this.world = world
    this.here = required(here, 'region')
    this.there = required(there, 'region')
  }

  context(region = this.here) {
    return contextOf(region, required(region.engine, 'engine'), timings.aws)
  }

  async describe(region = this.here) {
    const context = this.context(region)
    return context.engine.tableNamed(TableName) && (await describeTable.run({ TableName }, context)).Table
  }

  async make(input: Parameters<typeof createTable.run>[0] = onDemand): Promise<void> {
    await createTable.run(input, this.context())
    await this.until('ACTIVE', async () => (await this.describe())?.TableStatus)
  }

  update(input: Omit<Wire<UpdateTableInput>, 'TableName'>, region = this.here) {
    return updateTable.run({ TableName, ...input }, this.context(region))
  }

  /** How many seconds pass until that is so. */
  async until(wanted: string | undefined, what: () => Promise<string | undefined>): Promise<number> {
    const { scheduler } = this.world
    const beganMs = scheduler.nowMs
    while ((await what()) !== wanted) {
      if (scheduler.nowMs - beganMs > 2_000_000) throw new Error(`it is ${await what()}, never ${wanted}`)
      await scheduler.sleep(scheduler.nowMs - beganMs < 10_000 ? 50 : 500)
    }
    return (scheduler.nowMs - beganMs) / 1000
  }

  /** Seconds until the table is ACTIVE, or until it is gone. */
  active(region = this.here): Promise<number> {
    return this.until('ACTIVE', async () => (await this.describe(region))?.TableStatus)
  }

  gone(region = this.here): Promise<number> {
    return this.until(undefined, async () => (await this.describe(region))?.TableStatus)
  }

  /** The process dies between two events, and begins again after a while. */
  async restart(region: SimulatedRegion, awayMs: number): Promise<void> {
    await this.world.scheduler.sleep(1)
    region.crash()
    await this.world.scheduler.sleep(awayMs)
    await region.start()
  }

  /** The clocks of both regions go on at once, which takes less than so many events. */
  step(byMs: number): void {
    for (const { clock } of this.world.regions) clock.step(byMs)
  }

  async replica(region = this.here): Promise<string | undefined> {
    const other = region === this.here ? this.there : this.here
    const found = (await this.describe(region))?.Replicas?.find(({ RegionName }) => RegionName === other.name)
    return found?.ReplicaStatus
  }
}

/** Asserts that the work takes no less virtual time than AWS was seen to take, and no more, but for a second of its own. */
function within([least, most]: readonly [number, number], seconds: number): void {
  expect(seconds).toBeGreaterThanOrEqual(least)
  expect(seconds).toBeLessThanOrEqual(most + 1)
}

async function play(script: (scene: Scene) => Promise<void>): Promise<void> {
  const world = new World({ seed: 1, regionCount: 2, variant: { timing: timings.aws } })
  const scene = async (): Promise<void> => {
    await Promise.all(world.regions.map((region) => region.start()))
    await script(new Scene(world))
    await world.scheduler.sleep(1)
  }
  await world.scheduler.run(scene())
  for (const region of world.regions) region.crash()
}

async function refused(sent: unknown): Promise<readonly [string, string]> {
  try {
    await sent
  } catch (error) {
    if (error instanceof ServiceError) return [error.code, error.message]
    throw error
  }
  throw new Error('was not refused')
}

test('a table is CREATING and DELETING for as long as on AWS', async () => {
  await play(async (scene) => {
    await createTable.run(onDemand, scene.context())
    within([2, 6.2], await scene.active())
    await deleteTable.run({ TableName }, scene.context())
    within([4, 6.2], await scene.gone())
  })
})

test('a table with global indexes is CREATING for longer, and they are ACTIVE with it', async () => {
  await play(async (scene) => {
    await createTable.run({ ...indexed, GlobalSecondaryIndexes: [index] }, scene.context())
    within([14, 22], await scene.active())
    expect((await scene.describe())?.GlobalSecondaryIndexes?.[0]?.IndexStatus).toBe('ACTIVE')
  })
})

test('a state that is under way goes on over a restart, and ends when it would have ended', async () => {
  await play(async (scene) => {
    await createTable.run(onDemand, scene.context())
    await scene.world.scheduler.sleep(3000)
    await scene.restart(scene.here, 500)
    expect((await scene.describe())?.TableStatus).toBe('CREATING')
    within([2 - 3.5, 6.2 - 3.5], await scene.active())
    await scene.update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(1) })
    await scene.restart(scene.here, 40_000)
    expect((await scene.describe())?.TableStatus).toBe('UPDATING')
    within([60.5 - 40, 98.2 - 40], await scene.active())
  })
})

test('changes of throughput, mode, stream and class keep a table UPDATING for as long as on AWS', async () => {
  await play(async (scene) => {
    await scene.make(provisioned)
    await scene.update({ ProvisionedThroughput: units(20) })
    within([1, 2], await scene.active())
    await scene.update({ BillingMode: 'PAY_PER_REQUEST' })
    within([128.6, 171.6], await scene.active())
    await scene.update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(1) })
    within([60.5, 98.2], await scene.active())
    await scene.update({ BillingMode: 'PAY_PER_REQUEST' })
    within([4.1, 5.1], await scene.active())
    await scene.update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    within([4.05, 5.07], await scene.active())
    const { TableDescription } = await scene.update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    expect(TableDescription).not.toHaveProperty('TableClassSummary')
    within([3.6, 6.1], await scene.active())
    expect((await scene.describe())?.TableClassSummary?.TableClass).toBe('STANDARD_INFREQUENT_ACCESS')
  })
})

test('encryption and warm throughput change while the table is ACTIVE', async () => {
  await play(async (scene) => {
    await scene.make()
    await scene.update({ SSESpecification: { Enabled: true } })
    expect(await scene.describe()).toMatchObject({ TableStatus: 'ACTIVE', SSEDescription: { Status: 'UPDATING' } })
    within([21.3, 23.3], await scene.until('ENABLED', async () => (await scene.describe())?.SSEDescription?.Status))
    await scene.update({ WarmThroughput: { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 } })
    expect(await scene.describe()).toMatchObject({ TableStatus: 'ACTIVE', WarmThroughput: { Status: 'UPDATING' } })
    within([271.6, 514], await scene.until('ACTIVE', async () => (await scene.describe())?.WarmThroughput?.Status))
  })
})

test('an index is allocated while the table is UPDATING, and filled while it is ACTIVE, also over a restart', async () => {
  await play(async (scene) => {
    const found = async () => (await scene.describe())?.GlobalSecondaryIndexes?.[0]
    await scene.make()
    await scene.update({ AttributeDefinitions: [color], GlobalSecondaryIndexUpdates: [{ Create: index }] })
    expect(await found()).toMatchObject({ IndexStatus: 'CREATING', Backfilling: false })
    const allocated = await scene.active()
    within([24.3, 56.3], allocated)
    await scene.world.scheduler.sleep(1000)
    expect(await found()).toMatchObject({ IndexStatus: 'CREATING', Backfilling: true })
    await scene.restart(scene.here, 100_000)
    const filled = await scene.until('ACTIVE', async () => (await found())?.IndexStatus)
    within([506, 539], allocated + 101 + filled)
    await scene.update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-color' } }] })
    expect(await scene.describe()).toMatchObject({ TableStatus: 'UPDATING' })
    within([2.6, 5.1], await scene.until(undefined, async () => (await found())?.IndexStatus))
  })
})

test('a change of an index keeps it UPDATING, not the table, and shows when it ends', async () => {
  await play(async (scene) => {
    const GlobalSecondaryIndexes = [{ ...index, ProvisionedThroughput: units(5) }]
    await scene.make({ ...provisioned, AttributeDefinitions: indexed.AttributeDefinitions, GlobalSecondaryIndexes })
    const asked = { Update: { IndexName: 'by-color', ProvisionedThroughput: units(7) } }
    const { TableDescription } = await scene.update({ GlobalSecondaryIndexUpdates: [asked] })
    const [shown] = TableDescription?.GlobalSecondaryIndexes ?? []
    expect(TableDescription?.TableStatus).toBe('ACTIVE')
    expect(shown).toMatchObject({ IndexStatus: 'UPDATING', ProvisionedThroughput: units(5) })
    const found = async () => (await scene.describe())?.GlobalSecondaryIndexes?.[0]
    within([2, 4], await scene.until('ACTIVE', async () => (await found())?.IndexStatus))
    expect((await found())?.ProvisionedThroughput).toMatchObject(units(7))
    expect((await found())?.ProvisionedThroughput?.LastIncreaseDateTime).toBeDefined()
  })
})

test('an empty replica is listed, made and removed as slowly as on AWS', async () => {
  await play(async (scene) => {
    const { here, there } = scene
    await scene.make()
    await scene.update({ ReplicaUpdates: [{ Create: { RegionName: there.name } }] })
    expect(await scene.replica()).toBeUndefined()
    const known = await refused(scene.update({ ReplicaUpdates: [{ Delete: { RegionName: there.name } }] }))
    expect(known[1]).toContain('were not part of the global table')
    within([5, 7], await scene.until('CREATING', () => scene.replica()))
    within([14.4 - 7, 49], await scene.until('ACTIVE', () => scene.replica()))
    await scene.active(here)
    await scene.active(there)
    await scene.update({ ReplicaUpdates: [{ Delete: { RegionName: there.name } }] })
    within([31, 47], await scene.active())
    expect(await scene.replica()).toBe('DELETING')
    within([121 - 47, 244 - 31], await scene.until(undefined, () => scene.replica()))
  })
})

test('a replica of a table with an item takes ten minutes, and nothing else is taken meanwhile, in a region that restarts either', async () => {
  await play(async (scene) => {
    const { here, there } = scene
    await scene.make({
      ...onDemand,
      AttributeDefinitions: [...base.AttributeDefinitions, { AttributeName: 'part', AttributeType: 'S' }],
      KeySchema: [...base.KeySchema, { AttributeName: 'part', KeyType: 'RANGE' }],
    })
    const habits = { thinkMs: 0, hotKeys: 1, coldKeys: 1, hotChance: 1, transactionChance: 0, deleteChance: 0 }
    const client = new Client(scene.world, here, { name: 'client', habits: { ...habits, largeChance: 0 } })
    await client.hurry(TableName, { id: 'one', part: 'a' })
    await scene.update({ ReplicaUpdates: [{ Create: { RegionName: there.name } }] })
    const beganMs = scene.world.scheduler.nowMs
    await scene.world.scheduler.sleep(200_000)
    await scene.restart(there, 5000)
    await scene.world.scheduler.sleep(200_000)
    expect(await scene.replica()).toBe('CREATING')
    const busy = ['ResourceInUseException', 'The resource which you are attempting to change is in use.']
    expect(await refused(scene.update({ DeletionProtectionEnabled: true }))).toEqual(busy)
    const ttl = { TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } }
    expect((await refused(updateTimeToLive.run(ttl, scene.context())))[1]).toContain('is not allowed while the replica')
    await scene.until('ACTIVE', () => scene.replica())
    within([580, 686], (scene.world.scheduler.nowMs - beganMs) / 1000)
  })
})

test('deletion protection changes once in fifteen seconds, and a member is UPDATING by it', async () => {
  await play(async (scene) => {
    await scene.make()
    await scene.update({ DeletionProtectionEnabled: true })
    expect(await scene.describe()).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true })
    await scene.update({ DeletionProtectionEnabled: true })
    const [code, message] = await refused(scene.update({ DeletionProtectionEnabled: false }))
    expect(code).toBe('ThrottlingException')
    expect(message).toMatch(
      /^Deletion protection setting for table orders modified within the previous 15000 milliseconds\. Please try again after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    )
    await scene.world.scheduler.sleep(15_000)
    await scene.update({ DeletionProtectionEnabled: false })
    await scene.update({ ReplicaUpdates: [{ Create: { RegionName: scene.there.name } }] })
    await scene.until('ACTIVE', () => scene.replica())
    await scene.active()
    await scene.update({ DeletionProtectionEnabled: true })
    within([34, 39], await scene.active())
  })
})

test('expiry changes once in half an hour, wherever it was changed; what is wrong with a change comes first', async () => {
  await play(async (scene) => {
    const { here, there } = scene
    const expiry = (Enabled: boolean, AttributeName: string, region = here) =>
      updateTimeToLive.run({ TableName, TimeToLiveSpecification: { Enabled, AttributeName } }, scene.context(region))
    await scene.make()
    await scene.update({ ReplicaUpdates: [{ Create: { RegionName: there.name } }] })
    await scene.until('ACTIVE', () => scene.replica())
    await expiry(true, 'expires')
    await scene.until('ENABLED', async () => {
      const told = await describeTimeToLive.run({ TableName }, scene.context(there))
      return told.TimeToLiveDescription?.TimeToLiveStatus
    })
    expect((await refused(expiry(true, 'expires', there)))[1]).toBe('TimeToLive is already enabled')
    const tooSoon = ['ValidationException', 'Time to live has been modified multiple times within a fixed interval']
    for (const region of [here, there]) expect(await refused(expiry(false, 'expires', region))).toEqual(tooSoon)
    scene.step(1_811_000)
    expect(await refused(expiry(false, 'expires', there))).toEqual(tooSoon)
    scene.step(60_000)
    await expiry(false, 'expires', there)
  })
})

test('the class changes twice in thirty days, and encryption four times a day', async () => {
  await play(async (scene) => {
    await scene.make()
    for (const TableClass of ['STANDARD_INFREQUENT_ACCESS', 'STANDARD'] as const) {
      await scene.update({ TableClass })
      await scene.active()
    }
    const spent = [
      'LimitExceededException',
      'Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).',
    ]
    expect(await refused(scene.update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' }))).toEqual(spent)
    expect(await refused(scene.update({ TableClass: 'STANDARD' }))).toEqual(spent)
    for (const Enabled of [true, false, true, false]) {
      await scene.update({ SSESpecification: { Enabled } })
      await scene.world.scheduler.sleep(25_000)
    }
    const [code, message] = await refused(scene.update({ SSESpecification: { Enabled: true } }))
    expect(code).toBe('LimitExceededException')
    expect(message).toContain('Encryption mode changes are limited in the 24h window')
    expect(message).toContain('Number of updates today: 4.')
  })
})

test('tags change one after another, and a table goes only when they have', async () => {
  await play(async (scene) => {
    await scene.make()
    const ResourceArn = `arn:aws:dynamodb:${scene.here.name}:000000000000:table/${TableName}`
    const tag = (...keys: string[]) =>
      tagResource.run({ ResourceArn, Tags: keys.map((Key) => ({ Key, Value: 'x' })) }, scene.context())
    await tag('a')
    const locked = ['LimitExceededException', 'Subscriber limit exceeded: Table tags are being updated: orders']
    expect(await refused(tag('b'))).toEqual(locked)
    await tag('a')
    expect(await refused(deleteTable.run({ TableName }, scene.context()))).toEqual([
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: Table tags are being updated: orders',
    ])
    await tag('a', 'b')
    await scene.world.scheduler.sleep(1800)
    await tag('c')
    await scene.world.scheduler.sleep(1800)
    await deleteTable.run({ TableName }, scene.context())
  })
})
