/**
 * The admission matrix, walked: everything that may be under way × every change of a table → taken, or refused in which words. What stands here was
 * measured on AWS in October 2026, but for the words that are marked as guessed.
 */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { required } from '../../../src/core/assert.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { localIndexRegister, type LocalIndexRegister, type RegisterValues } from '../../../src/core/table/registers.ts'
import { timings } from '../../../src/core/table/waits.ts'
import type { RegisterEdit } from '../../../src/engine/commands/command.ts'
import type { OperationContext } from '../../../src/operations/operation.ts'
import type { Wire } from '../../../src/operations/sdk-shape.ts'
import {
  type ChangeKind,
  changeKinds,
  type Occupation,
  occupations,
} from '../../../src/operations/tables/change-admission.ts'
import { createTable } from '../../../src/operations/tables/create-table.ts'
import { deleteTable } from '../../../src/operations/tables/delete-table.ts'
import { updateTable } from '../../../src/operations/tables/update-table.ts'
import { tagResource } from '../../../src/operations/tags/tag-resource.ts'
import { openRegion, regionNames } from '../engine/region.ts'

type Change = Omit<Wire<UpdateTableInput>, 'TableName'>
/** Two tables, since the maximum on demand is of one and throughput of the other. */
type Mode = 'provisioned' | 'onDemand'

const units = (n: number) => ({ ReadCapacityUnits: n, WriteCapacityUnits: n })
const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const })
const index = (IndexName: string, mode: Mode) => ({
  IndexName,
  KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
  ...(mode === 'provisioned' ? { ProvisionedThroughput: units(5) } : {}),
})
const tableInput = (mode: Mode) => ({
  AttributeDefinitions: [attribute('id'), attribute('color')],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [index('old', mode), index('older', mode)],
  ...(mode === 'provisioned' ? { ProvisionedThroughput: units(5) } : { BillingMode: 'PAY_PER_REQUEST' as const }),
})
const indexUpdate = (IndexName: string, mode: Mode) => ({
  Update: {
    IndexName,
    ...(mode === 'provisioned'
      ? { ProvisionedThroughput: units(6) }
      : { OnDemandThroughput: { MaxReadRequestUnits: 7 } }),
  },
})

/** One request for each change, each of which an idle table takes. */
const requests: Readonly<Record<Exclude<ChangeKind, 'deletion'>, (mode: Mode) => Change>> = {
  throughput: () => ({ ProvisionedThroughput: units(8) }),
  'billing mode': (mode) => switched(mode),
  'on-demand maximum': () => ({ OnDemandThroughput: { MaxReadRequestUnits: 9 } }),
  'warm throughput': () => ({ WarmThroughput: { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 20_000 } }),
  stream: () => ({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }),
  encryption: () => ({ SSESpecification: { Enabled: true } }),
  class: () => ({ TableClass: 'STANDARD_INFREQUENT_ACCESS' }),
  protection: () => ({ DeletionProtectionEnabled: true }),
  'index creation': (mode) => ({
    AttributeDefinitions: [attribute('color')],
    GlobalSecondaryIndexUpdates: [{ Create: index('new', mode) }],
  }),
  'index deletion': () => ({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'old' } }] }),
  'index update': (mode) => ({ GlobalSecondaryIndexUpdates: [indexUpdate('older', mode)] }),
  replica: () => ({ ReplicaUpdates: [{ Create: { RegionName: regionNames[1] } }] }),
}

function switched(mode: Mode): Change {
  if (mode === 'provisioned') return { BillingMode: 'PAY_PER_REQUEST' }
  const both = ['old', 'older'].map((name) => indexUpdate(name, 'provisioned'))
  return { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(5), GlobalSecondaryIndexUpdates: both }
}

/** Throughput is of a table with provisioned capacity; the rest is looked at on demand. */
function modeFor(occupation: Occupation, kind: ChangeKind): Mode {
  if (occupation === 'replica') return 'onDemand'
  return [occupation, kind].some((each) => each === 'throughput' || each === 'billing mode')
    ? 'provisioned'
    : 'onDemand'
}

let context: OperationContext
let made = 0
beforeAll(async () => {
  const { engine, env } = await openRegion('us-east-1')
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    region: 'us-east-1',
    regions: regionNames,
    streamRetentionMs: 0,
  }
  // No caretaker runs: what is begun stays under way.
  context = { engine, env, settings: { ...settings, timing: timings.aws } }
})

const tableOf = (name: string) => required(context.engine.tableNamed(name), name)
const update = (TableName: string, change: Change) => updateTable.run({ TableName, ...change }, context)

async function activated(TableName: string): Promise<void> {
  const { id, indexes } = tableOf(TableName)
  const status: RegisterValues['local/status'] = { status: 'ACTIVE', sinceMs: 0 }
  await context.engine.define(id, [
    { register: 'local/status', value: status },
    ...indexes.map((each) => indexState(each, { status: 'ACTIVE', backfilling: false })),
  ])
}

function indexState(
  { id, number, name }: { readonly id: string; readonly number: number; readonly name: string },
  state: Pick<LocalIndexRegister, 'status' | 'backfilling'>,
): RegisterEdit {
  const value: LocalIndexRegister = { id, number, ...state, sinceMs: context.env.clock.wallMs() }
  return { register: localIndexRegister(name), value }
}

/** A table with that under way, and nothing else. */
async function tableDuring(occupation: Occupation, mode: Mode): Promise<string> {
  const TableName = `table-${++made}`
  await createTable.run({ ...tableInput(mode), TableName }, context)
  if (occupation === 'creation') return TableName
  await activated(TableName)
  if (occupation === 'deletion') await deleteTable.run({ TableName }, context)
  else if (occupation === 'tags') await tag(TableName)
  else await update(TableName, requests[kindThatBegins[occupation]](mode))
  if (occupation === 'index filling') await fill(TableName)
  return TableName
}

const kindThatBegins: Readonly<
  Record<Exclude<Occupation, 'creation' | 'deletion' | 'tags'>, Exclude<ChangeKind, 'deletion'>>
> = {
  replica: 'replica',
  'index allocation': 'index creation',
  'index filling': 'index creation',
  'index update': 'index update',
  'index deletion': 'index deletion',
  throughput: 'throughput',
  'billing mode': 'billing mode',
  stream: 'stream',
  class: 'class',
  encryption: 'encryption',
  'warm throughput': 'warm throughput',
}

async function tag(TableName: string): Promise<void> {
  const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
  await tagResource.run({ ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }, context)
}

async function fill(TableName: string): Promise<void> {
  const { id, indexes } = tableOf(TableName)
  const created = required(
    indexes.find(({ name }) => name === 'new'),
    'index',
  )
  const status: RegisterValues['local/status'] = { status: 'ACTIVE', sinceMs: 0 }
  await context.engine.define(id, [
    { register: 'local/status', value: status },
    indexState(created, { status: 'CREATING', backfilling: true }),
  ])
}

async function outcome(occupation: Occupation, kind: ChangeKind): Promise<string> {
  const mode = modeFor(occupation, kind)
  const TableName = await tableDuring(occupation, mode)
  try {
    if (kind === 'deletion') await deleteTable.run({ TableName }, context)
    else await update(TableName, requests[kind](mode))
    return 'taken'
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    const label = tableOf(TableName).settings.stream?.label ?? 'none'
    return `${error.code}: ${error.message.replaceAll(TableName, 'T').replaceAll(label, 'LABEL')}`
  }
}

const inUse = (text: string) => `ResourceInUseException: Attempt to change a resource which is still in use: ${text}`
const oneIndex =
  'LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table'
const all = (says: string, kinds: readonly ChangeKind[] = changeKinds) =>
  Object.fromEntries(kinds.map((kind) => [kind, says]))
const iops = ['throughput', 'billing mode'] as const
const indexes = ['index creation', 'index deletion'] as const
const updating = inUse('Table: T is in the process of being updated.')
const noMaximum =
  'ValidationException: One or more parameter values were invalid: MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED'
const indexesBusy = inUse('Cannot delete table while indexes are being created, updated, or deleted.')
const streamTail = 'Table: T Stream: LABEL Operation: ENABLE'
const classTail = 'Table: T TableClassUpdateInProgress: STANDARD_INFREQUENT_ACCESS'

/** What is refused; everything else is taken. For replicas beside another change the words are guessed. */
const refused: Readonly<Record<Occupation, Readonly<Partial<Record<ChangeKind, string>>>>> = {
  creation: all(inUse('Table is being created: T')),
  deletion: all(inUse('Table is being deleted: T')),
  replica: all('ResourceInUseException: The resource which you are attempting to change is in use.'),
  throughput: {
    ...all(inUse('Table IOPS are currently being updated. Table: T'), iops),
    ...all(inUse("Can't create or delete indexes while table IOPS are being updated. Table: T"), indexes),
    stream: inUse("Can't enable or disable stream while table IOPS are being updated. Table: T"),
    // Guessed.
    class: inUse("Can't update table class while table IOPS are being updated. Table: T"),
    'on-demand maximum': noMaximum,
    replica: updating,
    deletion: updating,
  },
  'billing mode': {
    ...all(inUse('Table IOPS are currently being updated. Table: T'), iops),
    ...all(inUse("Can't create or delete indexes while table IOPS are being updated. Table: T"), indexes),
    stream: inUse("Can't enable or disable stream while table IOPS are being updated. Table: T"),
    // Guessed.
    class: inUse("Can't update table class while table IOPS are being updated. Table: T"),
    // By the mode that the table had before.
    'on-demand maximum': noMaximum,
    'index update':
      'ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: older when BillingMode is PAY_PER_REQUEST',
    replica: updating,
    deletion: updating,
  },
  stream: {
    ...all(inUse(`Can't change table IOPS when stream status is being updated. ${streamTail}`), iops),
    ...all(inUse(`Can't create or delete an index when stream status is being updated. ${streamTail}`), indexes),
    stream: inUse(`A stream status change is currently in progress. ${streamTail}`),
    class: inUse(`Can't update table class when stream status is being updated. ${streamTail}`),
    'on-demand maximum': inUse('OnDemandThroughput cannot be updated while stream status update is in progress'),
    replica: updating,
    deletion: inUse('Cannot delete table while stream is being enabled/disabled.'),
  },
  class: {
    // Guessed.
    ...all(inUse(`Can't change table IOPS when a table class update is in progress. ${classTail}`), iops),
    ...all(inUse(`Can't create or delete an index when a table class update is in progress. ${classTail}`), indexes),
    stream: inUse(`Can't change stream status when a table class update is in progress. ${classTail}`),
    class: inUse(`Can't update table class when a table class update is in progress. ${classTail}`),
    'on-demand maximum': inUse(
      'OnDemandThroughput cannot be updated while TableClass update is in progress. TableClassUpdateInProgress: STANDARD_INFREQUENT_ACCESS',
    ),
    replica: updating,
    deletion: updating,
  },
  'index allocation': {
    ...all(inUse("Can't change table IOPS when an index is being created. Table: T Indexes: [new]"), iops),
    stream: inUse("Can't change stream status when an index is being created. Table: T Indexes: [new]"),
    'on-demand maximum': inUse(
      'OnDemandThroughput cannot be updated while index creation is in progress for indexes: [new]',
    ),
    'warm throughput': 'InternalServerError: Table is under system maintenance, please try again later',
    ...all(oneIndex, indexes),
    replica: updating,
    deletion: indexesBusy,
  },
  'index filling': { ...all(oneIndex, indexes), deletion: indexesBusy },
  'index update': { 'index update': inUse('Index is being updated. Table: T Index: older'), deletion: indexesBusy },
  'index deletion': {
    throughput: inUse("Can't change table IOPS when an index is being deleted. Table: T Indexes: [old]"),
    'billing mode': inUse("Can't change table IOPS when an index is being deleted. Table: T Indexes: [old]"),
    // Guessed.
    stream: inUse("Can't change stream status when an index is being deleted. Table: T Indexes: [old]"),
    'on-demand maximum': inUse(
      'OnDemandThroughput cannot be updated while index deletion is in progress for indexes: [old]',
    ),
    'index creation': oneIndex,
    replica: updating,
    'index deletion': inUse('Index is being deleted. Table: T Index: old'),
    deletion: indexesBusy,
  },
  encryption: { encryption: inUse('Server-Side Encryption is still being updated'), deletion: updating },
  'warm throughput': { deletion: updating },
  tags: { deletion: inUse('Table tags are being updated: T') },
}

describe.each(occupations)('while there is under way: %s', (occupation) => {
  test.each(changeKinds)('%s', async (kind) => {
    expect(await outcome(occupation, kind)).toBe(refused[occupation][kind] ?? 'taken')
  })
})

describe('an index that is being made', () => {
  const remove: Change = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'new' } }] }

  test('is neither changed nor given up while it is allocated', async () => {
    const table = await tableDuring('index allocation', 'onDemand')
    const change: Change = { GlobalSecondaryIndexUpdates: [indexUpdate('new', 'onDemand')] }
    await expect(update(table, change)).rejects.toThrow(
      `Index is being created but is not backfilling yet. Table: ${table} Index: new`,
    )
    await expect(update(table, remove)).rejects.toThrow(
      `Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: ${table} Index: new`,
    )
  })

  test('may be given up while it is filled', async () => {
    const table = await tableDuring('index filling', 'onDemand')
    await update(table, remove)
    expect(tableOf(table).indexes.find(({ name }) => name === 'new')?.status).toBe('DELETING')
  })
})

test('a switch to provisioned capacity that is taken back goes on', async () => {
  const table = await tableDuring('billing mode', 'onDemand')
  const { TableDescription } = await update(table, { BillingMode: 'PAY_PER_REQUEST' })
  expect(TableDescription?.TableStatus).toBe('UPDATING')
  expect(tableOf(table).settings.billingMode).toBe('PROVISIONED')
})

test('a mode that the table has already is answered like a change, and is none', async () => {
  const table = await tableDuring('tags', 'onDemand')
  const { TableDescription } = await update(table, { BillingMode: 'PAY_PER_REQUEST' })
  expect(TableDescription?.TableStatus).toBe('UPDATING')
  expect(tableOf(table).status).toBe('ACTIVE')
})

test('a replica that is ACTIVE is followed by the next, also before the caretaker has noted that the table is', async () => {
  const instantly = { ...context, settings: { ...context.settings, timing: timings.instant } }
  const TableName = `table-${++made}`
  const replica = (RegionName: string | undefined) => ({
    TableName,
    ReplicaUpdates: [{ Create: { RegionName: required(RegionName, 'region') } }],
  })
  await createTable.run({ ...tableInput('onDemand'), TableName }, instantly)
  await activated(TableName)
  await updateTable.run(replica(regionNames[1]), instantly)
  const { id } = tableOf(TableName)
  await context.engine.define(id, [{ register: `replica/${regionNames[1]}`, value: { status: 'ACTIVE' } }])
  expect(tableOf(TableName).status).toBe('UPDATING')
  await expect(updateTable.run(replica(regionNames[2]), context)).rejects.toThrow('in use')
  await updateTable.run(replica(regionNames[2]), instantly)
  expect(tableOf(TableName).replicas.map(({ region }) => region)).toEqual(expect.arrayContaining([...regionNames]))
})
