/** UpdateTable and DeleteTable of tables with strong consistency between regions, row by row, as AWS answered in October 2026. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { required } from '../../../src/core/assert.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { timings } from '../../../src/core/table/waits.ts'
import type { OperationContext } from '../../../src/operations/operation.ts'
import type { Wire } from '../../../src/operations/sdk-shape.ts'
import { updateTimeToLive } from '../../../src/operations/settings/update-time-to-live.ts'
import { createTable } from '../../../src/operations/tables/create-table.ts'
import { deleteTable } from '../../../src/operations/tables/delete-table.ts'
import { updateTable } from '../../../src/operations/tables/update-table.ts'
import { differs } from '../../differences/difference.ts'
import { openRegion, regionNames } from '../engine/region.ts'

type Change = Omit<Wire<UpdateTableInput>, 'TableName'>

const [here, eu, tokyo] = regionNames
const oregon = 'us-west-2'
const strong = 'global tables with MultiRegionConsistency set to STRONG'
const create = (...regions: readonly string[]) => regions.map((RegionName) => ({ Create: { RegionName } }))
const remove = (...regions: readonly string[]) => regions.map((RegionName) => ({ Delete: { RegionName } }))
const witness = (RegionName: string) => ({ GlobalTableWitnessUpdates: [{ Create: { RegionName } }] })
const withoutWitness = (RegionName: string) => ({ GlobalTableWitnessUpdates: [{ Delete: { RegionName } }] })
const STRONG = { MultiRegionConsistency: 'STRONG' as const }
const EVENTUAL = { MultiRegionConsistency: 'EVENTUAL' as const }

let context: OperationContext
let made = 0

beforeAll(async () => {
  const { engine, env } = await openRegion(here)
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    region: here,
    regions: [...regionNames, oregon],
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  const ended: string[] = []
  context = {
    engine,
    env,
    settings,
    strong: {
      // In this engine itself, as in that of a group.
      any: false,
      status: () => [],
      latest: () => Promise.resolve(),
      begin: (table, group, edits) =>
        engine.define(table.id, [...edits, { register: 'settings/strong', value: group }]),
      end: async (table) => void ended.push(table.id),
    },
  }
})

let TableName = ''
beforeEach(async () => {
  TableName = `table-${++made}`
  await createTable.run(
    {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    },
    context,
  )
  await settled()
})

/** As the caretaker and the other regions would make it. */
async function settled(): Promise<void> {
  const table = required(context.engine.tableNamed(TableName), TableName)
  const status = { status: 'ACTIVE', sinceMs: 0 } as const
  const replicas = table.replicas.map(({ region }) => ({ register: `replica/${region}`, value: { status: 'ACTIVE' } }))
  await context.engine.define(table.id, [{ register: 'local/status', value: status }, ...replicas])
}

async function update(change: Change, of = context) {
  const input = { TableName, ...change }
  for (const check of updateTable.checks) check(input, of)
  return (await updateTable.run(input, of)).TableDescription
}

async function textOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'taken'
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    expect(error.code).toBe('ValidationException')
    return error.message
  }
}

const refused = (change: Change): Promise<string> => textOf(update(change))

async function strongTable(change: Change = { ReplicaUpdates: create(eu, tokyo) }): Promise<void> {
  await update({ ...STRONG, ...change })
  await settled()
}

const nothingAsked = /^At least one of ProvisionedThroughput, .* is required$/

const births: readonly (readonly [string, Change, string | RegExp])[] = [
  ['one replica only', { ...STRONG, ReplicaUpdates: create(eu) }, `Unsupported replica count for ${strong}.`],
  [
    'four members',
    { ...STRONG, ReplicaUpdates: create(eu, tokyo), ...witness(oregon) },
    `Unsupported replica count for ${strong}.`,
  ],
  [
    'a witness without STRONG',
    { ReplicaUpdates: create(eu), ...witness(tokyo) },
    'MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.',
  ],
  [
    'a witness with EVENTUAL',
    { ...EVENTUAL, ReplicaUpdates: create(eu), ...witness(tokyo) },
    'MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.',
  ],
  [
    'a witness where a replica is',
    { ...STRONG, ReplicaUpdates: create(eu), ...witness(eu) },
    'Cannot target multiple regions with the same action',
  ],
  [
    'a witness where the table is',
    { ...STRONG, ReplicaUpdates: create(eu), ...witness(here) },
    'Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG.',
  ],
  [
    'a region that has no tables',
    { ...STRONG, ReplicaUpdates: create(eu, 'us-west-1') },
    `Unsupported Region(s) specified for ${strong}: [us-west-1].`,
  ],
  ['the mode alone', STRONG, nothingAsked],
  ['a witness alone', { ...STRONG, ...witness(eu) }, nothingAsked],
  [
    'something else beside',
    { ...STRONG, ReplicaUpdates: create(eu, tokyo), TableClass: 'STANDARD' },
    'Requests that modify replicas or witnesses must not also modify other fields',
  ],
  [
    'two replicas without STRONG',
    { ReplicaUpdates: create(eu, tokyo) },
    'Update table operation with more than one create or delete replica actions not allowed',
  ],
  [
    'STRONG with a deletion',
    { ...STRONG, ReplicaUpdates: remove(eu) },
    'Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.',
  ],
]

test.each(births)('a table does not begin with %s', async (_, change, says) => {
  expect(await refused(change)).toMatch(typeof says === 'string' ? new RegExp(`^${escaped(says)}$`) : says)
})

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

// The answer names the mode, and the replicas come later.
test(differs('strong-consistency-regions'), async () => {
  const answer = await update({ ...STRONG, ReplicaUpdates: create(eu, tokyo) })
  expect(answer).toMatchObject({
    MultiRegionConsistency: 'STRONG',
    GlobalTableVersion: '2019.11.21',
    TableStatus: 'UPDATING',
  })
  expect(answer).not.toHaveProperty('Replicas')
  expect(answer).not.toHaveProperty('GlobalTableWitnesses')
})

test('two replicas and a witness: the answer does not name the witness yet', async () => {
  const answer = await update({ ...STRONG, ReplicaUpdates: create(eu), ...witness(tokyo) })
  expect(answer).toMatchObject({ MultiRegionConsistency: 'STRONG', TableStatus: 'UPDATING' })
  expect(answer).not.toHaveProperty('GlobalTableWitnesses')
})

test('a table that is global already keeps its consistency', async () => {
  const says = 'MultiRegionConsistency parameter is unsupported on existing global table'
  await update({ ReplicaUpdates: create(eu) })
  await settled()
  expect(await refused({ ...EVENTUAL, ReplicaUpdates: create(tokyo) })).toBe(says)
  expect(await refused({ ...STRONG, ReplicaUpdates: create(tokyo, oregon) })).toBe(says)
})

test('two replicas of a table with eventual consistency do not go together', async () => {
  expect(await refused({ ReplicaUpdates: remove(eu, tokyo) })).toBe(
    'Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [eu-west-1].',
  )
})

const ofOne = `Deletion of only one table replica is not supported for ${strong}.`
const ofStrong: readonly (readonly [string, Change, string])[] = [
  [
    'another replica',
    { ReplicaUpdates: create(oregon) },
    'Cannot add replicas to a global table with strong MultiRegionConsistency',
  ],
  [
    'another replica and the mode',
    { ...EVENTUAL, ReplicaUpdates: create(oregon) },
    'MultiRegionConsistency parameter is unsupported on existing global table',
  ],
  ['the deletion of one replica', { ReplicaUpdates: remove(eu) }, ofOne],
  [
    'an unknown witness',
    { ReplicaUpdates: remove(eu, tokyo), ...withoutWitness(oregon) },
    'Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without these witnesses: [us-west-2].',
  ],
  ['the deletion of all', { ReplicaUpdates: remove(eu, tokyo) }, 'taken'],
]

test.each(ofStrong)('of a table with three replicas: %s', async (_, change, says) => {
  await strongTable()
  expect(await refused(change)).toBe(says)
})

test('of a table with a witness: its replica goes with the witness only', async () => {
  await strongTable({ ReplicaUpdates: create(eu), ...witness(tokyo) })
  expect(await refused({ ReplicaUpdates: remove(eu) })).toBe(
    'Update table delete operation does not include all witnesses.',
  )
  expect(await refused({ ReplicaUpdates: remove(eu), ...withoutWitness(tokyo) })).toBe('taken')
})

test('no member is deleted by itself, and none expires items', async () => {
  await strongTable()
  expect(await textOf(deleteTable.run({ TableName }, context) as Promise<unknown>)).toBe(ofOne)
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'at' }
  expect(await textOf(updateTimeToLive.run({ TableName, TimeToLiveSpecification }, context) as Promise<unknown>)).toBe(
    `Time to Live is not supported for ${strong}.`,
  )
})

test('where nothing orders writes between regions, STRONG is refused', () => {
  const { strong: _, ...without } = context
  const input = { TableName, ...STRONG, ReplicaUpdates: create(eu, tokyo) }
  const check = (): void => updateTable.checks.forEach((each) => each(input, without))
  expect(check).toThrow('Multi-Region strong consistency is not supported by this version of Longitude')
})

test(differs('strong-consistency-nodes'), async () => {
  const { strong: _, ...without } = context
  const ofNodes = { ...without, latest: () => Promise.resolve() }
  const text =
    'Multi-Region strong consistency is not supported by this region of several nodes: tables with MultiRegionConsistency STRONG need a quorum server among those of two other regions (--group-quorum)'
  expect(await textOf(update({ ...STRONG, ReplicaUpdates: create(eu, tokyo) }, ofNodes))).toBe(text)
  expect(await textOf(update({ ReplicaUpdates: create(eu), ...witness(oregon) }, ofNodes))).toBe(text)
})
