/** Exports to buckets and imports from them as an application sees them, in the time of a cluster. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeExportCommand,
  DescribeImportCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ExportTableToPointInTimeCommand,
  type ExportTableToPointInTimeCommandInput,
  ImportTableCommand,
  type ImportTableCommandInput,
  ListExportsCommand,
  ListImportsCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import {
  array,
  boolean,
  constant,
  dictionary,
  integer,
  oneof,
  record,
  sample,
  string,
  uint8Array,
  uniqueArray,
} from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { refusal } from '../conformance/region.ts'

const TableName = 'Orders'
const table = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'n', AttributeType: 'N' as const },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byNumber',
      KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST' as const,
}
const TableArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
const minuteMs = 60_000
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

type Lines = readonly Readonly<Record<string, unknown>>[]

async function scene(options: Partial<ClusterOptions> = {}) {
  const bucket = new Map<string, Uint8Array>()
  const cluster = await createCluster({
    regions: ['us-east-1'],
    clock: 'manual',
    seed: 5,
    tables: [table],
    buckets: { out: bucket },
    ...options,
  })
  open.push(cluster)
  const client = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 1 })
  await client.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  )
  const until = async <Seen>(look: () => Promise<Seen | undefined>): Promise<Seen> => {
    for (let n = 0; n < 300; n++) {
      const seen = await look()
      if (seen !== undefined) return seen
      await cluster.advance(100)
    }
    throw new Error('not within half a minute')
  }
  const begin = async (input: Partial<ExportTableToPointInTimeCommandInput> = {}) =>
    (await client.send(new ExportTableToPointInTimeCommand({ TableArn, S3Bucket: 'out', ...input }))).ExportDescription
  const described = async (ExportArn: string | undefined) =>
    (await client.send(new DescribeExportCommand({ ExportArn }))).ExportDescription
  const finished = (arn: string | undefined) =>
    until(async () => {
      const now = await described(arn)
      return now?.ExportStatus === 'IN_PROGRESS' ? undefined : now
    })
  const imported = async (input: Partial<ImportTableCommandInput>) => {
    const begun = (await client.send(new ImportTableCommand(importOf(input)))).ImportTableDescription
    return await until(async () => {
      const { ImportTableDescription: now } = await client.send(
        new DescribeImportCommand({ ImportArn: begun?.ImportArn }),
      )
      return now?.ImportStatus === 'IN_PROGRESS' ? undefined : now
    })
  }
  return {
    cluster,
    client,
    bucket,
    until,
    begin,
    described,
    finished,
    imported,
    exported: async (input: Partial<ExportTableToPointInTimeCommandInput> = {}) =>
      await finished((await begin(input))?.ExportArn),
    put: (pk: string, more: Readonly<Record<string, AttributeValue>> = {}) =>
      client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, ...more } })),
    remove: (pk: string) => client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } })),
    items: async (name: string) => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: name }))
      return Items
    },
    text: (key: string) => Buffer.from(bucket.get(key) ?? []).toString(),
    /** The lines of the data files that the manifest names, each file compared with its checksum. */
    lines: (manifest: string | undefined): Lines => {
      const files = Buffer.from(bucket.get((manifest ?? '').replace('summary', 'files')) ?? [])
        .toString()
        .trim()
        .split('\n')
      return files.flatMap((line) => {
        const { dataFileS3Key, md5Checksum, itemCount } = JSON.parse(line) as Record<string, string>
        const bytes = bucket.get(dataFileS3Key ?? '') ?? new Uint8Array()
        expect(createHash('md5').update(bytes).digest('base64')).toBe(md5Checksum)
        const found = gunzipSync(bytes).toString().split('\n').slice(0, -1)
        expect(found).toHaveLength(Number(itemCount))
        return found.map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>)
      })
    },
  }
}

function importOf(input: Partial<ImportTableCommandInput>): ImportTableCommandInput {
  return {
    S3BucketSource: { S3Bucket: 'out', S3KeyPrefix: 'in/' },
    InputFormat: 'DYNAMODB_JSON',
    TableCreationParameters: { ...table, TableName: 'Imported' },
    ...input,
  }
}

const sorted = (items: readonly unknown[]): readonly string[] => items.map((item) => JSON.stringify(item)).toSorted()
const keysOf = (items: readonly Record<string, AttributeValue>[]): readonly string[] =>
  items.map(({ pk }) => pk?.S ?? '').toSorted()
const jsonLines = (items: readonly object[]): Buffer =>
  Buffer.from(items.map((Item) => `${JSON.stringify({ Item })}\n`).join(''))

describe('a full export', () => {
  test('has the layout and the manifests of AWS, and every item once', async () => {
    const { put, remove, begin, finished, lines, text, bucket, client } = await scene()
    for (const pk of ['a', 'b', 'c']) await put(pk, { n: { N: '1' } })
    await remove('b')
    const begun = await begin({ S3Prefix: 'to/', ClientToken: 'first' })
    expect(begun).toMatchObject({
      ExportStatus: 'IN_PROGRESS',
      ClientToken: 'first',
      ExportFormat: 'DYNAMODB_JSON',
      S3SseAlgorithm: 'AES256',
      S3Prefix: 'to/',
      TableArn,
    })
    expect(begun).not.toHaveProperty('ItemCount')
    const done = await finished(begun?.ExportArn)
    expect(done).toMatchObject({
      ExportStatus: 'COMPLETED',
      ItemCount: 2,
      BilledSizeBytes: expect.any(Number) as number,
    })
    const id = begun?.ExportArn?.split('/').at(-1)
    const folder = `to/AWSDynamoDB/${id}`
    expect(done.ExportManifest).toBe(`${folder}/manifest-summary.json`)
    expect([...bucket.keys()].filter((key) => !key.includes('/data/')).toSorted()).toEqual(
      ['_started', 'manifest-files.json', 'manifest-files.md5', 'manifest-summary.json', 'manifest-summary.md5'].map(
        (name) => `${folder}/${name}`,
      ),
    )
    expect(JSON.parse(text(`${folder}/manifest-summary.json`))).toMatchObject({
      version: '2020-06-30',
      exportArn: begun?.ExportArn,
      tableArn: TableArn,
      s3Bucket: 'out',
      s3Prefix: 'to/',
      manifestFilesS3Key: `${folder}/manifest-files.json`,
      itemCount: 2,
      outputFormat: 'DYNAMODB_JSON',
      exportType: 'FULL_EXPORT',
    })
    const sum = createHash('md5')
      .update(text(`${folder}/manifest-files.json`))
      .digest('base64')
    expect(text(`${folder}/manifest-files.md5`)).toBe(sum)
    expect(sorted(lines(done.ExportManifest))).toEqual(
      sorted(['a', 'c'].map((pk) => ({ Item: { pk: { S: pk }, n: { N: '1' } } }))),
    )
    const { ExportSummaries } = await client.send(new ListExportsCommand({ TableArn }))
    expect(ExportSummaries).toEqual([
      { ExportArn: begun?.ExportArn, ExportStatus: 'COMPLETED', ExportType: 'FULL_EXPORT' },
    ])
  })

  test('shows the table as it was at a moment, also where it is written on, and of an empty table one file', async () => {
    const { cluster, put, remove, exported, lines } = await scene()
    const empty = await exported()
    expect(empty).toMatchObject({ ItemCount: 0 })
    expect(lines(empty.ExportManifest)).toEqual([])
    await put('a', { n: { N: '1' } })
    await put('b')
    await cluster.advance(5000)
    const then = cluster.now()
    await cluster.advance(1)
    await put('a', { n: { N: '2' } })
    await remove('b')
    await put('c')
    await cluster.advance(5000)
    const done = await exported({ ExportTime: then })
    expect(sorted(lines(done.ExportManifest))).toEqual(
      sorted([{ Item: { pk: { S: 'a' }, n: { N: '1' } } }, { Item: { pk: { S: 'b' } } }]),
    )
  })

  test('has what its filter shows, and refuses a filter in the words of Query', async () => {
    const { put, exported, begin, lines } = await scene()
    for (const n of [1, 2, 3]) await put(`item ${n}`, { n: { N: String(n) }, v: { S: 'shown' }, w: { S: 'not shown' } })
    const FilterSpecification = {
      FilterExpression: 'n > :one',
      ProjectionExpression: 'pk, #v',
      ExpressionAttributeNames: { '#v': 'v' },
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }
    const done = await exported({ FilterSpecification })
    expect(done).toMatchObject({ ItemCount: 2, FilterSpecification })
    expect(sorted(lines(done.ExportManifest))).toEqual(
      sorted(['item 2', 'item 3'].map((pk) => ({ Item: { pk: { S: pk }, v: { S: 'shown' } } }))),
    )
    const ofKey = { KeyConditionExpression: 'pk = :k', ExpressionAttributeValues: { ':k': { S: 'item 3' } } }
    expect(lines((await exported({ FilterSpecification: ofKey })).ExportManifest)).toHaveLength(1)
    const both = { ...ofKey, FilterExpression: 'pk = :k' }
    expect(await refusal(begin({ FilterSpecification: both }))).toEqual([
      'ValidationException',
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: pk',
    ])
    expect((await refusal(begin({ FilterSpecification: { FilterExpression: 'n >' } })))[0]).toBe('ValidationException')
  })

  test('answers a repeated token with the same export, and refuses another request with it', async () => {
    const { begin, client } = await scene()
    const first = await begin({ ClientToken: 'token' })
    expect((await begin({ ClientToken: 'token' }))?.ExportArn).toBe(first?.ExportArn)
    expect(await refusal(begin({ ClientToken: 'token', S3Prefix: 'x' }))).toEqual([
      'ExportConflictException',
      'Export conflict: Duplicate request detected with conflicting parameters',
    ])
    const page = await client.send(new ListExportsCommand({ MaxResults: 1 }))
    expect(page.ExportSummaries).toHaveLength(1)
    expect(page.NextToken).toBeUndefined()
  })

  test('refuses what cannot be exported, in the words of AWS', async () => {
    const { begin, client, cluster } = await scene()
    await client.send(new CreateTableCommand({ ...table, TableName: 'Plain' }))
    await cluster.settle()
    const arn = (name: string) => `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`
    expect(await refusal(begin({ TableArn: 'Orders' }))).toEqual([
      'ValidationException',
      'One or more parameter values were invalid: tableArn is not a valid ARN',
    ])
    expect(await refusal(begin({ TableArn: arn('None') }))).toEqual([
      'TableNotFoundException',
      `Table not found: ${arn('None')}`,
    ])
    expect(await refusal(begin({ TableArn: arn('Plain') }))).toEqual([
      'PointInTimeRecoveryUnavailableException',
      "Point in time recovery is not enabled for table 'Plain'",
    ])
    for (const ExportTime of [new Date(0), new Date(cluster.now().getTime() + minuteMs)])
      expect(await refusal(begin({ ExportTime }))).toEqual(['InvalidExportTimeException', 'Export Time is invalid'])
    expect(
      await refusal(
        client.send(new DescribeExportCommand({ ExportArn: `${TableArn}/export/01767225600000-00000000` })),
      ),
    ).toEqual(['ExportNotFoundException', expect.stringContaining('Export not found')])
  })

  test('to a bucket that is not there fails, and says so', async () => {
    const { exported, bucket } = await scene()
    expect(await exported({ S3Bucket: 'nowhere' })).toMatchObject({
      ExportStatus: 'FAILED',
      FailureCode: 'S3NoSuchBucket',
      FailureMessage: 'The specified bucket does not exist',
    })
    expect(bucket.size).toBe(0)
  })

  test('is described after its table is gone, and not listed any more', async () => {
    const { exported, described, client, cluster } = await scene()
    const done = await exported()
    await client.send(new DeleteTableCommand({ TableName }))
    await cluster.settle()
    expect(await described(done.ExportArn)).toMatchObject({ ExportStatus: 'COMPLETED' })
    expect((await client.send(new ListExportsCommand({ TableArn }))).ExportSummaries).toEqual([])
  })
})

describe('an incremental export', () => {
  test('has each changed item once, with its images at both ends of the window', async () => {
    const { cluster, put, remove, exported, lines, text } = await scene()
    for (const pk of ['same', 'changed', 'gone']) await put(pk, { v: { S: 'old' } })
    await cluster.advance('1m')
    const from = cluster.now()
    await put('changed', { v: { S: 'between' } })
    const writtenAt = cluster.now().getTime()
    await put('changed', { v: { S: 'new' } })
    await put('come', { v: { S: 'new' } })
    await put('brief')
    await remove('brief')
    await remove('gone')
    await cluster.advance('20m')
    const to = cluster.now()
    await put('come', { v: { S: 'too late' } })
    await cluster.advance('1m')
    const asked = { ExportFromTime: from, ExportToTime: to }
    const done = await exported({ ExportType: 'INCREMENTAL_EXPORT', IncrementalExportSpecification: asked })
    expect(done).toMatchObject({ ExportStatus: 'COMPLETED', ItemCount: 3 })
    expect(done).not.toHaveProperty('ExportType')
    expect(done.IncrementalExportSpecification).toMatchObject({ ExportViewType: 'NEW_AND_OLD_IMAGES' })
    const image = (pk: string, v: string) => ({ pk: { S: pk }, v: { S: v } })
    const found = lines(done.ExportManifest).toSorted((a, b) =>
      JSON.stringify(a['Keys']) < JSON.stringify(b['Keys']) ? -1 : 1,
    )
    const withoutTime = found.map((line) => ({ ...line, Metadata: undefined }))
    expect(withoutTime).toEqual([
      { Keys: { pk: { S: 'changed' } }, NewImage: image('changed', 'new'), OldImage: image('changed', 'old') },
      { Keys: { pk: { S: 'come' } }, NewImage: image('come', 'new') },
      { Keys: { pk: { S: 'gone' } }, OldImage: image('gone', 'old') },
    ])
    const metadata = found.map((line) => line['Metadata'] as { readonly WriteTimestampMicros: { readonly N: string } })
    expect(Number(metadata[0]?.WriteTimestampMicros.N)).toBeGreaterThanOrEqual(writtenAt * 1000)
    expect(JSON.parse(text(done.ExportManifest ?? ''))).toMatchObject({
      version: '2023-08-01',
      exportFromTime: from.toISOString(),
      exportToTime: to.toISOString(),
      outputView: 'NEW_AND_OLD_IMAGES',
      exportType: 'INCREMENTAL_EXPORT',
    })
    const news = await exported({
      ExportType: 'INCREMENTAL_EXPORT',
      IncrementalExportSpecification: { ...asked, ExportViewType: 'NEW_IMAGE' },
    })
    expect(lines(news.ExportManifest).some((line) => line['OldImage'] !== undefined)).toBe(false)
  })

  test('refuses windows and combinations in the words of AWS', async () => {
    const { begin, cluster } = await scene()
    // The table is a day old by the region's clock. To live through that day would take half a minute.
    const ageMs = 25 * 60 * minuteMs
    cluster.region('us-east-1').skew(ageMs)
    const at = (minutes: number): Date => new Date(cluster.now().getTime() + ageMs + minutes * minuteMs)
    const asked = (ExportFromTime?: Date, ExportToTime?: Date) =>
      refusal(
        begin({
          ExportType: 'INCREMENTAL_EXPORT',
          IncrementalExportSpecification: { ExportFromTime, ExportToTime },
        }),
      )
    const invalid = (message: string) => ['ValidationException', `Invalid Request: ${message}`]
    const time = (message: string) => ['InvalidExportTimeException', expect.stringContaining(message) as string]
    expect(await refusal(begin({ ExportType: 'INCREMENTAL_EXPORT' }))).toEqual(
      invalid('Incremental Export Specification expected when export type is set as Incremental Export'),
    )
    const spec = { ExportFromTime: at(-30) }
    expect(await refusal(begin({ ExportType: 'FULL_EXPORT', IncrementalExportSpecification: spec }))).toEqual(
      invalid('When Export Type is Full Export , Incremental Export Specification should not be provided'),
    )
    expect(await refusal(begin({ IncrementalExportSpecification: spec }))).toEqual(
      invalid('Export Type expected to be Incremental Export when incremental export specification is provided'),
    )
    expect(await asked(undefined, at(-1))).toEqual(
      invalid('ExportFromTime must be provided in IncrementalExportSpecification'),
    )
    expect(await asked(at(-60 * 24 * 9), at(-1))).toEqual(
      time('from time cannot be less than the table creation time : 2026'),
    )
    expect(await asked(at(-30), at(-20))).toEqual(time('is less than 15 minutes'))
    expect(await asked(at(-30), at(5))).toEqual(time('to time cannot be greater than the current time : 2026'))
    expect(await asked(at(-60 * 24 - 30), at(0))).toEqual(time('is greater than 24 hours'))
  })
})

describe('an import', () => {
  test.each(['DYNAMODB_JSON', 'ION'] as const)('of what was exported as %s gives the same table', async (format) => {
    const text = string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    const scalar = oneof(
      text.map((S): AttributeValue => ({ S })),
      integer().map((n): AttributeValue => ({ N: String(n) })),
      boolean().map((BOOL): AttributeValue => ({ BOOL })),
      uint8Array({ minLength: 1, maxLength: 8 }).map((B): AttributeValue => ({ B })),
      constant<AttributeValue>({ NULL: true }),
      uniqueArray(text, { minLength: 1, maxLength: 3 }).map((SS): AttributeValue => ({ SS })),
    )
    const item = record({
      pk: text.map((S) => ({ S })),
      v: scalar,
      l: array(scalar, { maxLength: 3 }).map((L) => ({ L })),
      m: dictionary(text, scalar, { maxKeys: 3 }).map((M) => ({ M })),
    })
    const { client, exported, imported, items, bucket } = await scene()
    const given = sample(item, { numRuns: 200, seed: 11 })
    for (const Item of given) await client.send(new PutItemCommand({ TableName, Item }))
    const { ExportManifest = '', ItemCount } = await exported({ ExportFormat: format })
    const prefix = ExportManifest.replace('manifest-summary.json', 'data/')
    const done = await imported({
      InputFormat: format,
      S3BucketSource: { S3Bucket: 'out', S3KeyPrefix: prefix },
      InputCompressionType: 'GZIP',
    })
    expect(done).toMatchObject({ ImportStatus: 'COMPLETED', ImportedItemCount: ItemCount, ErrorCount: 0 })
    expect([...bucket.keys()].some((key) => key.startsWith(prefix))).toBe(true)
    expect(sorted(await items('Imported'))).toEqual(sorted(await items(TableName)))
  })

  test('makes an ACTIVE table with its indexes, and counts when it is done', async () => {
    const { client, bucket, until } = await scene()
    bucket.set('in/1.json', jsonLines([{ pk: { S: 'a' }, n: { N: '7' } }, { pk: { S: 'b' } }]))
    bucket.set('in/2.json', jsonLines([{ pk: { S: 'c' }, n: { N: '7' } }]))
    bucket.set('other.json', jsonLines([{ pk: { S: 'none of it' } }]))
    const begun = (await client.send(new ImportTableCommand(importOf({ ClientToken: 't' })))).ImportTableDescription
    expect(begun).toMatchObject({
      ImportStatus: 'IN_PROGRESS',
      InputFormat: 'DYNAMODB_JSON',
      InputCompressionType: 'NONE',
      ImportedItemCount: 0,
      TableArn: TableArn.replace('Orders', 'Imported'),
      TableId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    })
    const done = await until(async () => {
      const { ImportTableDescription: now } = await client.send(
        new DescribeImportCommand({ ImportArn: begun?.ImportArn }),
      )
      return now?.ImportStatus === 'IN_PROGRESS' ? undefined : now
    })
    expect(done).toMatchObject({
      ImportStatus: 'COMPLETED',
      ProcessedItemCount: 3,
      ImportedItemCount: 3,
      ErrorCount: 0,
      ProcessedSizeBytes: (bucket.get('in/1.json')?.length ?? 0) + (bucket.get('in/2.json')?.length ?? 0),
    })
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'Imported' }))
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', TableId: begun?.TableId })
    expect(Table).not.toHaveProperty('RestoreSummary')
    const { Items } = await client.send(
      new QueryCommand({
        TableName: 'Imported',
        IndexName: 'byNumber',
        KeyConditionExpression: 'n = :n',
        ExpressionAttributeValues: { ':n': { N: '7' } },
      }),
    )
    expect(keysOf(Items ?? [])).toEqual(['a', 'c'])
    const { ImportSummaryList } = await client.send(new ListImportsCommand({}))
    expect(ImportSummaryList).toMatchObject([{ ImportArn: begun?.ImportArn, ImportStatus: 'COMPLETED' }])
    // The token has done its work: the table is there.
    expect(await refusal(client.send(new ImportTableCommand(importOf({ ClientToken: 't' }))))).toEqual([
      'ResourceInUseException',
      'Table already exists: Imported',
    ])
  })

  test('with bad items has FAILED, and the good ones are in an ACTIVE table', async () => {
    const { bucket, imported, items } = await scene()
    const lines = [
      '{"Item":{"pk":{"S":"a"}}}',
      '{"Item":{"pk":{"N":"1"}}}',
      '{"Item":{"pk":{"S":"b"},"n":{"S":"no number"}}}',
      '{"Item":{"pk":{"S":"c"},"v":{"N":5}}}',
      '{"Item":{"pk":{"S":""}}}',
      '',
      '{"Item":{"pk":{"S":"d"}}}',
      'no json',
      '{"Item":{"pk":{"S":"after it"}}}',
    ]
    bucket.set('in/1.json', Buffer.from(lines.join('\r\n')))
    bucket.set('in/2.json', jsonLines([{ pk: { S: 'e' } }]))
    const done = await imported({})
    expect(done).toMatchObject({
      ImportStatus: 'FAILED',
      FailureCode: 'ItemValidationError',
      FailureMessage:
        'Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.',
    })
    expect(keysOf(await items('Imported'))).toEqual(['a', 'd', 'e'])
    expect(done).toMatchObject({ ImportedItemCount: 3, ErrorCount: 5, ProcessedItemCount: 8 })
  })

  test('reads CSV: keys have their types, all else is text, and empty cells are left out', async () => {
    const { bucket, imported, items } = await scene()
    bucket.set('in/people.csv', Buffer.from('pk;n;name\na;1;"Ann ""A""; B"\nb;;"two\nlines"\nc;x;\n'))
    const done = await imported({
      InputFormat: 'CSV',
      InputFormatOptions: { Csv: { Delimiter: ';' } },
    })
    expect(done).toMatchObject({ ImportStatus: 'FAILED', ImportedItemCount: 2, ErrorCount: 1 })
    expect(sorted(await items('Imported'))).toEqual(
      sorted([
        { pk: { S: 'a' }, n: { N: '1' }, name: { S: 'Ann "A"; B' } },
        { pk: { S: 'b' }, name: { S: 'two\nlines' } },
      ]),
    )
  })

  test('reads gzip in several members, and zstd; what is torn is an error, and not a crash', async () => {
    const { bucket, imported, items } = await scene()
    const packed = Buffer.concat(['a', 'b'].map((pk) => gzipSync(jsonLines([{ pk: { S: pk } }]))))
    bucket.set('in/1.gz', packed)
    bucket.set('in/2.gz', packed.subarray(0, -5))
    const damaged = Buffer.from(packed)
    damaged.writeUInt32LE(1, damaged.length - 8)
    bucket.set('in/3.gz', damaged)
    const done = await imported({ InputCompressionType: 'GZIP' })
    expect(done).toMatchObject({ ImportStatus: 'FAILED', FailureCode: 'ItemValidationError', ErrorCount: 2 })
    expect(keysOf(await items('Imported'))).toEqual(['a', 'b'])
    // {"Item":{"pk":{"S":"z"}}}, as the command zstd packs it.
    bucket.set('zstd/1.zst', Buffer.from('KLUv/QRY0QAAeyJJdGVtIjp7InBrIjp7IlMiOiJ6In19fQonwHTD', 'base64'))
    bucket.set('zstd/2.zst', Buffer.from('KLUv/QRY0QAAeyJJdGVtIjp7InBrIjp7IlMi', 'base64'))
    const other = await imported({
      InputCompressionType: 'ZSTD',
      S3BucketSource: { S3Bucket: 'out', S3KeyPrefix: 'zstd/' },
      TableCreationParameters: { ...table, TableName: 'Zstd' },
    })
    expect(other).toMatchObject({ ImportedItemCount: 1, ErrorCount: 1 })
    expect(await items('Zstd')).toEqual([{ pk: { S: 'z' } }])
  })

  test('from a bucket that is not there fails and makes no table; from an empty prefix it is COMPLETED', async () => {
    const { client, imported, items } = await scene()
    const nowhere = await imported({ S3BucketSource: { S3Bucket: 'nowhere' } })
    expect(nowhere).toMatchObject({ ImportStatus: 'FAILED', FailureCode: 'S3NoSuchBucket' })
    expect(await refusal(client.send(new DescribeTableCommand({ TableName: 'Imported' })))).toEqual([
      'ResourceNotFoundException',
      expect.any(String),
    ])
    expect(await imported({ S3BucketSource: { S3Bucket: 'out', S3KeyPrefix: 'none/' } })).toMatchObject({
      ImportStatus: 'COMPLETED',
      ProcessedItemCount: 0,
    })
    expect(await items('Imported')).toEqual([])
  })

  test('of a token is the same one while it lasts, and another table with it is a conflict', async () => {
    const { client } = await scene()
    const ask = (TableCreationParameters: ImportTableCommandInput['TableCreationParameters']) =>
      client.send(new ImportTableCommand(importOf({ ClientToken: 't', TableCreationParameters })))
    const one = { ...table, TableName: 'Imported' }
    const [first, again, other] = await Promise.all([
      ask(one),
      ask(one),
      refusal(ask({ ...one, TableName: 'Another' })),
    ])
    expect(again.ImportTableDescription?.ImportArn).toBe(first.ImportTableDescription?.ImportArn)
    expect(other[0]).toBe('ImportConflictException')
  })
})

describe('a node that is killed', () => {
  test('goes on with its export and its import, and nothing is missing or counted twice', async () => {
    const { cluster, client, bucket, begin, finished, items, lines } = await scene()
    const all = Array.from({ length: 5000 }, (_, n) => ({ pk: { S: `item ${n}` }, v: { S: 'x'.repeat(100) } }))
    bucket.set('in/1.json', jsonLines(all))
    const begun = (await client.send(new ImportTableCommand(importOf({})))).ImportTableDescription
    const region = cluster.region('us-east-1')
    const restarted = async (): Promise<void> => {
      await cluster.advance(3)
      region.kill()
      await region.restart()
    }
    for (let n = 0; n < 4; n++) await restarted()
    const described = async () =>
      (await client.send(new DescribeImportCommand({ ImportArn: begun?.ImportArn }))).ImportTableDescription
    for (let n = 0; n < 300 && (await described())?.ImportStatus === 'IN_PROGRESS'; n++) await cluster.advance(100)
    expect(await described()).toMatchObject({ ImportStatus: 'COMPLETED', ImportedItemCount: 5000, ErrorCount: 0 })
    expect(await items('Imported')).toHaveLength(5000)
    await client.send(
      new UpdateContinuousBackupsCommand({
        TableName: 'Imported',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    )
    await cluster.advance(5000)
    const out = await begin({ TableArn: TableArn.replace('Orders', 'Imported') })
    for (let n = 0; n < 4; n++) await restarted()
    const done = await finished(out?.ExportArn)
    expect(done).toMatchObject({ ExportStatus: 'COMPLETED', ItemCount: 5000 })
    expect(new Set(lines(done.ExportManifest).map((line) => JSON.stringify(line)))).toHaveLength(5000)
  })
})
