/** What each operation of the registry says that it is about to touch is what it then touches. */
import { ServiceError } from '../../../src/core/errors.ts'
import { timings } from '../../../src/core/table/waits.ts'
import { describe, expect, test } from 'vitest'
import type { Backup } from '../../../src/core/archive/backup.ts'
import type { CopyJob } from '../../../src/core/copies/copy-job.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { shardsOf } from '../../../src/core/change-stream/change-stream.ts'
import { namesInCondition, namesInUpdate } from '../../../src/core/expression/names.ts'
import { indexKeyRange } from '../../../src/core/key/index-key.ts'
import { encodePrimaryKey, primaryKeyRange } from '../../../src/core/key/primary-key.ts'
import type { ReadPlan } from '../../../src/core/read/read-plan.ts'
import type { KeySchema, Table } from '../../../src/core/table/table.ts'
import type { Write } from '../../../src/core/write/write.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Operation, OperationContext, RequestContext } from '../../../src/operations/operation.ts'
import { decide, prepared, requestContext } from '../../../src/operations/stages.ts'
import { registry } from '../../../src/operations/registry.ts'
import { encodeIterator } from '../../../src/operations/streams/shard-iterator.ts'
import type { Touch } from '../../../src/operations/touch.ts'
import { itemOf, makeTable, openRegion, put, regionNames, startMs } from '../engine/region.ts'

const [us, eu] = regionNames
const key = (sk: number): Item => ({ pk: { S: 'a' }, sk: { N: String(sk) } })
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/things'
const values = { ':a': { S: 'a' }, ':one': { N: '1' } }
const condition = { ConditionExpression: 'size(note) < :one OR color = :a', ExpressionAttributeValues: values }
const update = { UpdateExpression: 'SET summed = if_not_exists(base1, :one) + spare REMOVE stale1' }
const thing = { TableName: 'things' }
const dataStream = 'arn:aws:kinesis:us-east-1:000000000000:stream/changes'
const feeding = { TableName: 'feeding' }
const global = { GlobalTableName: 'shared' }
const indexed = {
  IndexName: 'by-color',
  KeyConditionExpression: 'color = :a',
  ExpressionAttributeValues: { ':a': values[':a'] },
}

const ofBackup = (rest: string): string => `${arn}/backup/01700000000000-${rest}`
const stream = arn.replace('things', 'streamed/stream/2026-01-01T00:00:00.000')

/** Requests of every operation; where an operation has several ways to name what it touches, one of each. */
const samples: Readonly<Record<string, readonly object[]>> = {
  BatchExecuteStatement: [
    { Statements: [{ Statement: `SELECT note FROM things WHERE pk = 'a' AND sk = 1` }] },
    {
      Statements: [
        { Statement: `UPDATE things SET note = spare WHERE pk = 'a' AND sk = 1` },
        { Statement: `DELETE FROM shared WHERE pk = 'a' AND sk = 2` },
        { Statement: `INSERT INTO things VALUE {'pk': 'z', 'sk': 1, 'note': 'new'}` },
      ],
    },
  ],
  BatchGetItem: [
    { RequestItems: { things: { Keys: [key(1), key(2)], ProjectionExpression: 'note' }, shared: { Keys: [key(1)] } } },
  ],
  BatchWriteItem: [
    {
      RequestItems: {
        things: [{ PutRequest: { Item: { ...key(8), note: { S: 'x' } } } }, { DeleteRequest: { Key: key(9) } }],
        [arn.replace('things', 'shared')]: [{ DeleteRequest: { Key: key(9) } }],
      },
    },
  ],
  CancelBulkOperation: [{ BulkOperationArn: `${arn}/bulk-operation/01700000000000-89abcdef` }],
  CreateBackup: [{ ...thing, BackupName: 'nightly' }],
  CreateGlobalTable: [{ GlobalTableName: 'alone', ReplicationGroup: [{ RegionName: us }, { RegionName: eu }] }],
  CreateTable: [
    {
      TableName: 'new',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  ],
  DeleteBackup: [{ BackupArn: ofBackup('0123abcd') }],
  DeleteItem: [{ ...thing, Key: key(3), ...condition }],
  DeleteResourcePolicy: [{ ResourceArn: arn }],
  DeleteTable: [{ TableName: 'old' }],
  DescribeBackup: [{ BackupArn: ofBackup('0123abcd') }],
  DescribeBulkOperation: [{ BulkOperationArn: `${arn}/bulk-operation/01700000000000-89abcdef` }],
  DescribeContinuousBackups: [thing],
  DescribeContributorInsights: [thing],
  DescribeEndpoints: [{}],
  DescribeExport: [{ ExportArn: `${arn}/export/01700000000000-0123abcd` }],
  DescribeGlobalTable: [global],
  DescribeGlobalTableSettings: [global],
  DescribeImport: [{ ImportArn: `${arn}/import/01700000000000-4567abcd` }],
  DescribeKinesisStreamingDestination: [thing],
  DescribeLimits: [{}],
  DescribeStream: [{ StreamArn: stream }],
  DescribeTable: [thing, { TableName: arn }],
  DescribeTableReplicaAutoScaling: [{ TableName: 'shared' }],
  DescribeTimeToLive: [thing],
  DisableKinesisStreamingDestination: [{ ...feeding, StreamArn: dataStream }],
  EnableKinesisStreamingDestination: [{ ...thing, StreamArn: dataStream }],
  ExecuteStatement: [
    { Statement: `SELECT note FROM things WHERE pk = 'a' AND spare > 1` },
    { Statement: `SELECT note FROM things WHERE pk IN ['a', 'b'] AND sk = 1` },
    { Statement: `SELECT * FROM things."by-color" WHERE color = 'a'` },
    { Statement: `SELECT * FROM things WHERE note = 'a'` },
    { Statement: `INSERT INTO things VALUE {'pk': 'y', 'sk': 1}` },
    {
      Statement: `UPDATE things SET note = 'b' WHERE pk = ? AND sk = ? AND spare = 0`,
      Parameters: [{ S: 'a' }, { N: '4' }],
    },
    { Statement: `DELETE FROM things WHERE pk = 'a' AND sk = 4` },
  ],
  ExecuteTransaction: [
    { TransactStatements: [{ Statement: `SELECT * FROM things WHERE pk = 'a' AND sk = 1` }] },
    {
      TransactStatements: [
        { Statement: `EXISTS(SELECT * FROM things WHERE pk = 'a' AND sk = 1 AND note = 'b')` },
        { Statement: `UPDATE shared SET note = 'b' WHERE pk = 'a' AND sk = 1` },
      ],
    },
  ],
  ExportTableToPointInTime: [{ TableArn: arn.replace('things', 'recovering'), S3Bucket: 'nowhere' }],
  GetItem: [
    { ...thing, Key: key(1) },
    { TableName: arn, Key: key(1), ProjectionExpression: 'note.#n', ExpressionAttributeNames: { '#n': 'x' } },
    { ...thing, Key: key(1), AttributesToGet: ['note'] },
  ],
  GetRecords: [{ ShardIterator: '<iterator>' }],
  GetResourcePolicy: [{ ResourceArn: arn }],
  GetShardIterator: [{ StreamArn: stream, ShardId: '<shard>', ShardIteratorType: 'LATEST' }],
  ImportTable: [
    {
      S3BucketSource: { S3Bucket: 'nowhere' },
      InputFormat: 'CSV',
      TableCreationParameters: {
        TableName: 'imported',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    },
  ],
  ListBackups: [{}],
  ListBulkOperations: [{}],
  ListContributorInsights: [thing],
  ListExports: [{ TableArn: arn }],
  ListGlobalTables: [{}],
  ListImports: [{}],
  ListStreams: [{}],
  ListTables: [{}],
  ListTagsOfResource: [{ ResourceArn: arn }],
  PutItem: [
    { ...thing, Item: { ...key(1), color: { S: 'a' }, note: { S: 'x' }, spare: { N: '0' } } },
    { ...thing, Item: key(5), Expected: { note: { Exists: false } } },
  ],
  PutResourcePolicy: [
    {
      ResourceArn: arn,
      Policy: JSON.stringify({
        Statement: { Effect: 'Deny', Principal: '*', Action: 'dynamodb:DeleteTable', Resource: arn },
      }),
    },
  ],
  Query: [
    { ...thing, ...indexed },
    {
      ...thing,
      KeyConditionExpression: 'pk = :a AND sk > :one',
      FilterExpression: 'contains(note, :a)',
      ProjectionExpression: 'spare',
      ExpressionAttributeValues: values,
    },
    { ...thing, KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'a' }] } } },
  ],
  RestoreTableFromBackup: [{ BackupArn: ofBackup('4567abcd'), TargetTableName: 'restored' }],
  RestoreTableToPointInTime: [
    { SourceTableName: 'recovering', TargetTableName: 'restored', UseLatestRestorableTime: true },
  ],
  Scan: [
    { ...thing, FilterExpression: 'note = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } },
    { ...thing, IndexName: 'by-color' },
  ],
  StartBulkPutItems: [
    {
      TableName: 'alone',
      InputS3Configuration: { S3Bucket: 'nowhere', InputFormat: 'DYNAMODB_JSON' },
      OutputS3Configuration: { S3Bucket: 'nowhere', OutputType: ['ERROR'] },
    },
  ],
  TagResource: [{ ResourceArn: arn, Tags: [{ Key: 'a', Value: 'b' }] }],
  TransactGetItems: [
    {
      TransactItems: [
        { Get: { ...thing, Key: key(1) } },
        { Get: { TableName: 'shared', Key: key(1), ProjectionExpression: 'note' } },
      ],
    },
  ],
  TransactWriteItems: [
    {
      TransactItems: [
        {
          Put: { ...thing, Item: { ...key(11), note: { S: 'x' } }, ConditionExpression: 'attribute_not_exists(spare)' },
        },
        { Update: { TableName: 'shared', Key: key(1), ...update, ExpressionAttributeValues: { ':one': { N: '1' } } } },
        { Delete: { ...thing, Key: key(13) } },
        { ConditionCheck: { ...thing, Key: key(14), ConditionExpression: 'attribute_not_exists(note)' } },
      ],
    },
  ],
  UntagResource: [{ ResourceArn: arn, TagKeys: ['a'] }],
  UpdateContinuousBackups: [{ ...thing, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } }],
  UpdateContributorInsights: [{ ...thing, ContributorInsightsAction: 'ENABLE' }],
  UpdateGlobalTable: [{ ...global, ReplicaUpdates: [{ Create: { RegionName: 'ap-northeast-1' } }] }],
  UpdateGlobalTableSettings: [{ ...global, GlobalTableBillingMode: 'PAY_PER_REQUEST' }],
  UpdateItem: [
    { ...thing, Key: key(1), ...update, ConditionExpression: 'color = :a', ExpressionAttributeValues: values },
    { ...thing, Key: key(6), AttributeUpdates: { note: { Action: 'PUT', Value: { S: 'x' } } } },
  ],
  UpdateKinesisStreamingDestination: [
    {
      ...feeding,
      StreamArn: dataStream,
      UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: 'MICROSECOND' },
    },
  ],
  UpdateTable: [{ ...thing, DeletionProtectionEnabled: false }],
  UpdateTableReplicaAutoScaling: [{ TableName: 'shared', ReplicaUpdates: [] }],
  UpdateTimeToLive: [{ ...thing, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } }],
}

test('every operation has a sample', () => {
  expect(Object.keys(samples)).toEqual([...registry.keys()])
})

describe.each(Object.entries(samples))('%s', (name, inputs) => {
  test.each(inputs.map((input) => [JSON.stringify(input).slice(0, 70), input] as const))('%s', async (_, input) => {
    const { said, seen, table } = await both(name, input)
    expect(new Set(said.map((touch) => table(touch.table)).filter((each) => each !== undefined))).toEqual(seen.tables)
    expect(sorted(said.flatMap((touch) => itemsOf(touch, seen, table)))).toEqual(
      sorted(seen.writes.map((write) => itemText(write)).concat(seen.gets)),
    )
    checkPages(said, seen, table)
    checkAttributes(said, seen, table)
  })
})

test('decisions come between preparing and running, and are told what the request touches', async () => {
  const { context } = await region(newSeen())
  const order: string[] = []
  const request = requestContext(context, { principal: { accessKeyId: 'someone' } })
  const operation = registry.get('GetItem') as Operation
  const ready = prepared(operation, { ...thing, Key: key(1) } as never, context)
  const decisions = {
    authorize: (asked: { readonly touches: () => readonly Touch[]; readonly context: RequestContext }) =>
      void order.push(`${asked.context.principal?.accessKeyId} ${asked.touches()[0]?.action}`),
    admission: {
      admit: (touches: readonly Touch[]) => {
        order.push(`admit ${touches[0]?.action}`)
        return undefined
      },
    },
  }
  decide(operation, ready, { context: request, decisions, nowMs: 0 })
  expect(order).toEqual(['someone GetItem', 'admit GetItem'])
})

type Seen = {
  /** Names of tables that were found. */
  readonly tables: Set<string>
  readonly gets: string[]
  readonly writes: Write[]
  readonly pages: ReadPlan[]
  action: string
}

const newSeen = (): Seen => ({ tables: new Set(), gets: [], writes: [], pages: [], action: '' })

type Find = (nameOrArn: string | undefined) => string | undefined

async function both(name: string, sample: object) {
  const operation = registry.get(name) as Operation
  const seen = { ...newSeen(), action: name }
  const { context, engine } = await region(seen)
  const input = withShard(sample, engine)
  const ready = prepared(operation, input as never, context)
  const said = operation.touches(ready)
  const run = async (): Promise<unknown> =>
    await operation.run(ready, requestContext({ ...context, engine: watched(engine, seen) }))
  await run().catch(isNoPolicy)
  const table: Find = (given) => given?.replace(/^.*table\//, '')
  return { said, seen, table }
}

/** That a table has no policy is told by an error, once the table was looked for. */
function isNoPolicy(error: unknown): void {
  if (!(error instanceof ServiceError) || error.code !== 'PolicyNotFoundException') throw error
}

async function region(seen: Seen): Promise<{ readonly context: OperationContext; readonly engine: Engine }> {
  const { engine, env } = await openRegion(us)
  const things = await makeTable(engine, 'things', { indexes: { 'by-color': {} }, more: [indexReady] })
  await makeTable(engine, 'shared', { replicas: [us, eu] })
  await makeTable(engine, 'alone')
  await makeTable(engine, 'old')
  await makeTable(engine, 'streamed', { more: [streamed] })
  await makeTable(engine, 'recovering', { more: [recovering] })
  await makeTable(engine, 'feeding', { more: [feedingOne] })
  const more = { color: { S: 'a' }, note: { S: 'b' }, spare: { N: '0' } }
  for (const rest of ['0123abcd', '4567abcd']) await engine.archive.putBackup(backupOf(things, rest))
  for (const copy of copiesOf(things)) await engine.archive.putCopy(copy)
  await engine.commitEach([1, 2, 3, 4].map((sk) => put(things, itemOf('a', sk, more))))
  const shared = engine.tableNamed('shared') as Table
  await engine.commitEach([1, 2].map((sk) => put(shared, itemOf('a', sk, more))))
  const settings = { ...oneAccount, region: us, regions: regionNames }

  seen.tables.clear()
  return { context: { engine, env, settings }, engine }
}

const backupOf = (table: Table, rest: string): Backup => ({
  id: `01700000000000-${rest}`,
  name: 'nightly',
  type: 'USER',
  status: 'AVAILABLE',
  createdMs: 0,
  of: table.id,
  table: { ...table, tableId: table.id, indexes: [], items: 0, bytes: 0 },
  progress: { segments: 0, items: 0, bytes: 0 },
})

function copiesOf(table: Table): readonly CopyJob[] {
  const { table: saved, of } = backupOf(table, '')
  const asked = { status: 'IN_PROGRESS', startedMs: 0, token: '', asked: '', bucket: 'nowhere' } as const
  const exported = { kind: 'export', table: saved, of, after: 0, format: 'DYNAMODB_JSON', atMs: 0 } as const
  const imported = { kind: 'import', table: 'x', name: 'things', format: 'DYNAMODB_JSON' } as const
  const none = { compression: 'NONE', parameters: {}, registers: [] } as const
  return [
    {
      ...asked,
      ...exported,
      id: '01700000000000-0123abcd',
      progress: { files: 0, items: 0, bytes: 0, segment: 0 },
    },
    {
      ...asked,
      ...imported,
      ...none,
      id: '01700000000000-4567abcd',
      progress: { object: '', line: 0, imported: 0, errors: 0, bytes: 0 },
    },
    {
      ...asked,
      kind: 'bulk',
      id: '01700000000000-89abcdef',
      table: of,
      tableId: 'x',
      name: 'things',
      format: 'ION',
      compression: 'NONE',
      output: { bucket: 'nowhere', types: ['ERROR'] },
      progress: {
        object: '',
        line: 0,
        written: 0,
        failed: 0,
        refused: 0,
        bytes: 0,
        writtenBytes: 0,
        reports: { ERROR: 0, CONDITION_CHECK_FAILURE: 0 },
      },
    },
  ]
}

const oneAccount = { accountId: '000000000000', globalTables2017: true, timing: timings.instant, streamRetentionMs: 0 }

const streamed = {
  register: 'settings/stream',
  value: { enabled: true, viewType: 'KEYS_ONLY', label: '2026-01-01T00:00:00.000' },
}

const feedingOne = {
  register: 'local/kinesis',
  value: { streamArn: dataStream, label: 'kinesis-2026-01-01T00:00:00.000', state: 'on', sinceMs: 0 },
}

const recovering = { register: 'local/recovery', value: { days: 35, sinceMs: 0, after: 0 } }

const indexReady = {
  register: 'local/index/by-color',
  value: { id: 'one', number: 1, status: 'ACTIVE', backfilling: false, sinceMs: 0 },
}

/** A shard's id is another in each region. */
function withShard(input: object, engine: Engine): object {
  const [shard] = engine.streams.all().flatMap(shardsOf)
  const iterator = { arn: stream, shard: shard?.id ?? '', after: 0, fromOldest: true, issuedMs: startMs }
  const text = JSON.stringify(input).replace('<shard>', iterator.shard).replace('<iterator>', encodeIterator(iterator))
  return JSON.parse(text) as object
}

/** Notes what is asked of the engine. */
const makes = ['CreateTable', 'ImportTable', 'RestoreTableFromBackup', 'RestoreTableToPointInTime']

function watched(engine: Engine, seen: Seen): Engine {
  const noteWrites = (writes: readonly Write[]): void => {
    for (const write of writes) {
      seen.writes.push(write)
      seen.tables.add(nameOf(write))
    }
  }
  const own: Partial<Engine> = {
    tableNamed: (name) => {
      const table = engine.tableNamed(name)
      // A table that is about to be made is touched as well.
      if (table !== undefined || makes.includes(seen.action)) seen.tables.add(name)
      return table
    },
    get: (table, bytes) => {
      seen.gets.push(`${readAction(seen.action)} ${table.name} ${bytes.toString('hex')}`)
      return engine.get(table, bytes)
    },
    read: (plan) => {
      seen.pages.push(plan)
      return engine.read(plan)
    },
    commit: (writes) => {
      noteWrites(writes)
      return engine.commit(writes)
    },
    commitEach: (writes) => {
      noteWrites(writes)
      return engine.commitEach(writes)
    },
  }
  return new Proxy(engine, {
    get: (target, member) => {
      const value: unknown = Reflect.get(member in own ? own : target, member, target)
      return typeof value === 'function' && !(member in own) ? value.bind(target) : value
    },
  })
}

const isPartiQl = (action: string): boolean => action.includes('Statement') || action === 'ExecuteTransaction'

function readAction(action: string): string {
  if (isPartiQl(action)) return 'PartiQLSelect'
  return action === 'BatchGetItem' ? action : 'GetItem'
}

/** makeTable's ids are made of the names. */
const nameOf = ({ table }: Write): string => table.replace(/^id-/, '')

function itemText(write: Write): string {
  return `${write.kind} ${nameOf(write)} ${write.key.toString('hex')}`
}

const kinds: Readonly<Record<string, Write['kind']>> = {
  PutItem: 'put',
  PartiQLInsert: 'put',
  UpdateItem: 'update',
  PartiQLUpdate: 'update',
  DeleteItem: 'delete',
  PartiQLDelete: 'delete',
  ConditionCheckItem: 'check',
}

/** As `itemText` has it: the items of a touch that is about single items. */
function itemsOf(touch: Touch, seen: Seen, table: Find): readonly string[] {
  const name = table(touch.table) ?? ''
  if (touch.keysOf === undefined || touch.action === 'Query') return []
  const keys = touch.keysOf(schema)
  if (touch.action === 'PartiQLSelect' && !seen.gets.length && !seen.writes.length) return []
  return keys.map((each) => {
    const bytes = encodePrimaryKey(schema, each).toString('hex')
    const write = seen.writes.find((one) => nameOf(one) === name && one.key.toString('hex') === bytes)
    if (touch.action === 'BatchWriteItem') return `${write?.kind} ${name} ${bytes}`
    if (touch.action === 'PartiQLSelect') return `${write === undefined ? touch.action : 'check'} ${name} ${bytes}`
    return `${kinds[touch.action] ?? touch.action} ${name} ${bytes}`
  })
}

const schema: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] }

/** Each page lies in a partition that the touch names, and each partition is read; without keys everything is. */
function checkPages(said: readonly Touch[], { pages }: Seen, table: Find): void {
  for (const plan of pages) {
    const touch = said.find((each) => table(each.table) === plan.table.name && each.index === plan.index?.name)
    expect(touch, 'a touch of the table or index that is read').toBeDefined()
    const { index } = plan
    const keys = touch?.keysOf?.((index ?? plan.table).key) ?? []
    const ranges = keys.map((each) =>
      index === undefined ? primaryKeyRange(schema, each) : indexKeyRange(index, each),
    )
    const isWhole = plan.range.from.length === 0
    expect(ranges.length === 0).toBe(isWhole)
    if (isWhole) continue
    expect(pages.length).toBe(ranges.length)
    expect(ranges.some(({ from, to }) => from.compare(plan.range.from) <= 0 && to.compare(plan.range.to) >= 0)).toBe(
      true,
    )
  }
}

/** Names beside those of the key: the same for writes and projected reads, and at least those of the engine's filter for statements. */
function checkAttributes(said: readonly Touch[], seen: Seen, table: Find): void {
  for (const name of seen.tables) {
    const touches = said.filter((touch) => table(touch.table) === name && touch.attributes !== undefined)
    if (touches.length === 0) continue
    const named = beside(touches.flatMap(({ attributes = [] }) => attributes))
    const used = beside(namesSeen(seen, name))
    if (isPartiQl(seen.action)) expect(named).toEqual(expect.arrayContaining([...used]))
    else if (seen.writes.length + seen.pages.length > 0) expect(named).toEqual(used)
  }
}

function namesSeen(seen: Seen, name: string): readonly string[] {
  const ofPages = seen.pages
    .filter(({ table }) => table.name === name)
    .flatMap(({ filter, projection, index }) => [
      ...(filter === undefined ? [] : namesInCondition(filter)),
      ...(projection?.paths.map(([first]) => first) ?? []),
      ...(index?.key.partition.map((part) => part.name) ?? []),
    ])
  const ofWrites = seen.writes
    .filter((write) => nameOf(write) === name)
    .flatMap((write) => [
      ...(write.condition === undefined ? [] : namesInCondition(write.condition)),
      ...(write.kind === 'update' ? namesInUpdate(write.update) : []),
      ...(write.kind === 'put' ? Object.keys(write.item) : []),
    ])
  return seen.action === 'Scan' ? ofPages.filter((each) => each !== 'color') : [...ofPages, ...ofWrites]
}

const beside = (names: readonly string[]): readonly string[] =>
  [...new Set(names)].filter((each) => each !== 'pk' && each !== 'sk').toSorted()

const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].toSorted()
