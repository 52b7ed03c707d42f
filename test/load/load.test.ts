/** What people have lying about, loaded into a region; and what a dump writes, loaded again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { BucketFiles } from '../../src/load/places/bucket-files.ts'
import { dump, type Dumping } from '../../src/load/dump.ts'
import { endpointTable } from '../../src/load/endpoint-source.ts'
import { type Files, localFiles } from '../../src/load/places/local-files.ts'
import { load, type Loaded } from '../../src/load/load.ts'
import { documentIn } from '../../src/load/forms/lines.ts'
import { ProgressFile } from '../../src/load/progress-file.ts'
import type { Source } from '../../src/load/load-record.ts'
import { sourcesAt } from '../../src/load/sources.ts'
import { Target } from '../../src/load/loaded-tables.ts'
import { MappedBuckets } from '../../src/node/buckets/mapped-buckets.ts'
import { testRegion, type TestRegion } from '../conformance/region.ts'

let region: TestRegion
let target: Target
const folder = mkdtempSync(join(tmpdir(), 'longitude-load-'))

beforeAll(async () => {
  region = await testRegion()
  target = new Target({ region: 'us-east-1', endpoint: region.endpoint })
})

afterAll(async () => {
  target.close()
  await region.close()
  rmSync(folder, { recursive: true, force: true })
})

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

type Options = {
  readonly files?: Files
  readonly table?: string
  readonly header?: readonly string[]
  readonly delimiter?: string
}

async function loaded(
  path: string,
  { files = localFiles, table, header, delimiter = ',' }: Options = {},
): Promise<Loaded> {
  const { sources, tables } = await sourcesAt(path, { files, table, header, delimiter })
  return await run(sources, { table, tables })
}

type More = { readonly table: string | undefined; readonly tables?: Parameters<typeof load>[0]['tables'] }

const run = (sources: readonly Source[], { table, tables = [] }: More): Promise<Loaded> =>
  load({
    target,
    sources,
    tables,
    table,
    progress: new ProgressFile(
      folder,
      sources.map(({ name }) => name),
      'load',
    ),
    onProgress: () => {},
  })

async function itemsOf(TableName: string): Promise<readonly unknown[]> {
  const { Items = [] } = await region.client.send(new ScanCommand({ TableName }))
  return Items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

const line = (pk: string, more: object = {}) => JSON.stringify({ Item: { pk: { S: pk }, ...more } })
const keys = (items: readonly unknown[]) => items.map((item) => (item as { pk: { S: string } }).pk.S)

describe('load', () => {
  test('reads DynamoDB JSON, a line an item, plain and packed, and the last of a key stays', async () => {
    const table = await region.createTable()
    const lines = [line('a', { v: { N: '1' } }), '', JSON.stringify({ pk: { S: 'b' } }), line('a', { v: { N: '2' } })]
    const path = file('lines.json.gz', gzipSync(lines.join('\n')))
    expect(await loaded(path, { table })).toMatchObject({ put: 3, failed: 0, problems: [] })
    expect(await itemsOf(table)).toEqual([{ pk: { S: 'a' }, v: { N: '2' } }, { pk: { S: 'b' } }])
  })

  test('names what it cannot load by file and line, and loads the rest', async () => {
    const table = await region.createTable()
    const path = file(
      'some.jsonl',
      [line('a'), '{"half":', '{"pk":1}', '{"Item":{"other":{"S":"x"}}}', line(''), line('b')].join('\r\n'),
    )
    const { put, failed, problems } = await loaded(path, { table })
    expect([put, failed]).toEqual([2, 4])
    expect(problems.map(({ place }) => place).toSorted()).toEqual([2, 3, 4, 5].map((n) => `${path}:${n}`))
    expect(problems.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'the line is no JSON',
        'the line is no item as DynamoDB JSON',
        'it has no pk, which is part of the key',
        expect.stringContaining('empty string value'),
      ]),
    )
    expect(keys(await itemsOf(table))).toEqual(['a', 'b'])
  })

  test('reads CSV with quotes, line ends in cells and key types, and leaves empty cells out', async () => {
    const table = await region.createTable({
      AttributeDefinitions: [{ AttributeName: 'n', AttributeType: 'N' }],
      KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
    })
    const path = file('people.csv', 'n,name,note\n1,"Ann ""A"", B","two\nlines"\n2,Bob,\n3,a,b,c\n')
    const { put, problems } = await loaded(path, { table })
    expect(put).toBe(2)
    expect(problems).toEqual([{ place: `${path}:5`, message: 'it has 4 cells, and the header has 3' }])
    expect(await itemsOf(table)).toEqual([
      { n: { N: '1' }, name: { S: 'Ann "A", B' }, note: { S: 'two\nlines' } },
      { n: { N: '2' }, name: { S: 'Bob' } },
    ])
    const bare = file('bare.csv', '4;Dan\n')
    expect(await loaded(bare, { table, header: ['n', 'name'], delimiter: ';' })).toMatchObject({ put: 1, failed: 0 })
  })

  test('reads requests of BatchWriteItem, answers of Scan, and models with their items', async () => {
    const table = await region.createTable()
    const requests = {
      [table]: [{ PutRequest: { Item: { pk: { S: 'a' } } } }, { PutRequest: { Item: { pk: { S: 'b' } } } }],
    }
    expect(await loaded(file('requests.json', JSON.stringify(requests, null, 2)))).toMatchObject({ put: 2 })
    const gone = { [table]: [{ DeleteRequest: { Key: { pk: { S: 'a' } } } }] }
    expect(await loaded(file('gone.json', JSON.stringify(gone)))).toMatchObject({ put: 0, removed: 1 })
    const scanned = { Count: 1, Items: [{ pk: { S: 'c' } }] }
    expect(await loaded(file('scan.json', JSON.stringify(scanned, null, 2)), { table })).toMatchObject({ put: 1 })
    expect(keys(await itemsOf(table))).toEqual(['b', 'c'])
    const model = {
      DataModel: [
        {
          TableName: 'Modelled',
          KeyAttributes: { PartitionKey: { AttributeName: 'pk', AttributeType: 'S' } },
          TableData: [{ pk: { S: 'from the model' } }],
        },
      ],
    }
    expect(await loaded(file('model.json', JSON.stringify(model)))).toMatchObject({ put: 1 })
    expect(keys(await itemsOf('Modelled'))).toEqual(['from the model'])
  })

  test('reads an export folder into the table of its name, and refuses a file that is not the one exported', async () => {
    const table = await region.createTable()
    const data = gzipSync([line('a'), line('b')].join('\n'))
    const key = 'AWSDynamoDB/01700000000000-0123abcd/data/x.json.gz'
    const md5Checksum = createHash('md5').update(data).digest('base64')
    const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${table}`
    file(`export/${key}`, data)
    const place = `export/${dirname(dirname(key))}`
    file(`${place}/manifest-summary.json`, JSON.stringify({ tableArn: arn, outputFormat: 'DYNAMODB_JSON' }))
    file(`${place}/manifest-files.json`, JSON.stringify({ itemCount: 2, md5Checksum, dataFileS3Key: key }))
    expect(await loaded(join(folder, 'export'))).toMatchObject({ put: 2, failed: 0 })
    expect(keys(await itemsOf(table))).toEqual(['a', 'b'])
    file(`export/${key}`, gzipSync(line('c')))
    await expect(loaded(join(folder, 'export'))).rejects.toThrow('is not the file that was exported: its MD5 differs')
  })

  test('applies an incremental export', async () => {
    const table = await region.createTable()
    await loaded(file('before.json', [line('a'), line('b')].join('\n')), { table })
    const Metadata = { WriteTimestampMicros: { N: '1' } }
    const lines = [
      { Metadata, Keys: { pk: { S: 'a' } }, NewImage: { pk: { S: 'a' }, v: { S: 'new' } } },
      { Metadata, Keys: { pk: { S: 'b' } }, OldImage: { pk: { S: 'b' } } },
    ]
    const path = file('changes.json', lines.map((each) => JSON.stringify(each)).join('\n'))
    expect(await loaded(path, { table })).toMatchObject({ put: 1, removed: 1 })
    expect(await itemsOf(table)).toEqual([{ pk: { S: 'a' }, v: { S: 'new' } }])
  })

  test('goes on where an earlier run ended', async () => {
    const table = await region.createTable()
    const path = file('many.json', Array.from({ length: 900 }, (_, n) => line(`item ${n}`)).join('\n'))
    const { sources } = await sourcesAt(path, { files: localFiles, table, header: undefined, delimiter: ',' })
    const failing = sources.map(({ name, records }): Source => ({
      name,
      records: async function* (after) {
        for await (const found of records(after)) {
          if (found.position > 700) throw new Error('the machine went down')
          yield found
        }
      },
    }))
    await expect(run(failing, { table })).rejects.toThrow('went down')
    const seen: number[] = []
    const watched = sources.map(({ name, records }): Source => ({
      name,
      records: async function* (after) {
        seen.push(after)
        yield* records(after)
      },
    }))
    expect(await run(watched, { table })).toMatchObject({ put: 900, before: 675 })
    expect(seen).toEqual([675])
    expect(readdirSync(folder).filter((name) => name.startsWith('.longitude-load'))).toEqual([])
  })

  test('keeps the order of the records of a key, also of those that follow each other closely', async () => {
    const table = await region.createTable()
    const lines = Array.from({ length: 2000 }, (_, n) =>
      line(`item ${n % 7 === 0 ? 0 : n % 40}`, { v: { N: String(n) } }),
    )
    expect(await loaded(file('often.jsonl', lines.join('\n')), { table })).toMatchObject({ put: 2000, failed: 0 })
    const last = new Map(
      lines.map((text) => JSON.parse(text) as { Item: { pk: { S: string } } }).map(({ Item }) => [Item.pk.S, Item]),
    )
    expect(await itemsOf(table)).toEqual(
      [...last.values()].toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    )
  })

  test('reads a table of another endpoint', async () => {
    const [from, to] = [await region.createTable(), await region.createTable()]
    await loaded(file('seed.json', [line('a'), line('b')].join('\n')), { table: from })
    expect(await run([endpointTable(target, from, to)], { table: undefined })).toMatchObject({ put: 2 })
    expect(keys(await itemsOf(to))).toEqual(['a', 'b'])
  })

  test('says what it does not read, and which table is missing', async () => {
    await expect(loaded(file('x.ion', Buffer.from([0xe0, 1, 0, 0xea])), { table: 'any' })).rejects.toThrow('binary Ion')
    await expect(loaded(file('other.json', '{\n"a": 1}'))).rejects.toThrow('none of the forms that load reads')
    await expect(loaded(join(folder, 'missing.json'))).rejects.toThrow('cannot be read')
    const path = file('named.json', line('a'))
    await expect(loaded(path)).rejects.toThrow('does not say its table')
    await expect(loaded(path, { table: 'Nowhere' })).rejects.toThrow('has no table Nowhere')
  })
})

describe('dump', () => {
  const dumping = (table: string, place: string, files = localFiles): Dumping => ({
    from: target,
    table,
    files,
    folder: place,
    progress: new ProgressFile(folder, [table, place], 'dump'),
    onProgress: () => {},
  })

  test('writes an export, which load reads', async () => {
    const [from, to] = [await region.createTable(), await region.createTable()]
    await loaded(file('dumped.json', [line('a', { b: { B: 'AAE=' } }), line('b')].join('\n')), { table: from })
    const dumped = await dump(dumping(from, join(folder, 'dumps')))
    expect(dumped).toMatchObject({ items: 2, files: 1 })
    const summary = JSON.parse(readFileSync(join(dumped.folder, 'manifest-summary.json'), 'utf8')) as object
    expect(summary).toMatchObject({ version: '2020-06-30', itemCount: 2, exportType: 'FULL_EXPORT' })
    expect(await loaded(join(folder, 'dumps'), { table: to })).toMatchObject({ put: 2, failed: 0 })
    expect(await itemsOf(to)).toEqual(await itemsOf(from))
  })

  test('goes on where it was stopped, and writes the same files', async () => {
    const [from, to] = [await region.createTable(), await region.createTable()]
    const items = Array.from({ length: 60 }, (_, n) => line(`item ${n}`, { v: { S: 'x'.repeat(300_000) } }))
    await loaded(file('large.json', items.join('\n')), { table: from })
    const place = join(folder, 'stopped')
    let puts = 0
    const failing: Files = {
      ...localFiles,
      put: async (path, bytes) => {
        if (path.includes('/data/') && ++puts === 2) throw new Error('the machine went down')
        await localFiles.put(path, bytes)
      },
    }
    await expect(dump({ ...dumping(from, place, failing), fileBytesMax: 5_000_000 })).rejects.toThrow('went down')
    const [id = ''] = readdirSync(join(place, 'AWSDynamoDB'))
    const dumped = await dump({ ...dumping(from, place), fileBytesMax: 5_000_000 })
    expect(dumped).toMatchObject({ folder: join(place, 'AWSDynamoDB', id), items: 60 })
    expect(dumped.files).toBeGreaterThan(2)
    expect(readdirSync(join(dumped.folder, 'data'))).toHaveLength(dumped.files)
    expect(await loaded(place, { table: to })).toMatchObject({ put: 60, failed: 0 })
    expect(readdirSync(folder).filter((name) => name.startsWith('.longitude-dump'))).toEqual([])
  })
})

describe('a bucket', () => {
  test('is dumped to and loaded from, an object or a folder; what is wrong is told by object and line', async () => {
    const [from, to, other] = [await region.createTable(), await region.createTable(), await region.createTable()]
    await loaded(file('kept.json', [line('a'), line('b')].join('\n')), { table: from })
    const buckets = new MappedBuckets(`kept=dir:${join(folder, 'bucket')}`)
    const files = new BucketFiles(buckets)
    const progress = new ProgressFile(folder, ['bucket'], 'dump')
    const place = 's3://kept/nightly'
    const dumped = await dump({ from: target, table: from, files, folder: place, progress, onProgress: () => {} })
    const summary = JSON.parse(await documentIn(files, `${dumped.folder}/manifest-summary.json`)) as object
    const manifestFilesS3Key = `${dumped.folder.replace('s3://kept/', '')}/manifest-files.json`
    expect(summary).toMatchObject({ s3Bucket: 'kept', s3Prefix: 'nightly', manifestFilesS3Key })
    expect(await loaded('s3://kept/nightly/', { files, table: to })).toMatchObject({ put: 2, failed: 0 })
    expect(await itemsOf(to)).toEqual(await itemsOf(from))
    file('bucket/in/some.jsonl', [line('c'), 'no JSON', line('d')].join('\n'))
    const some = await loaded('s3://kept/in/some.jsonl', { files, table: other })
    expect(some).toMatchObject({ put: 2, failed: 1, problems: [{ place: 's3://kept/in/some.jsonl:2' }] })
    await expect(loaded('s3://kept/none', { files, table: other })).rejects.toThrow('nothing is there')
    await expect(loaded('s3://other/none', { files })).rejects.toThrow('no bucket other is mapped')
    buckets.close()
  })
})

test('Ion and zstd are read', async () => {
  const table = await region.createTable()
  const structs = [
    '$ion_1_0 {Item:{pk:"a",n:6d2}}',
    '{Item:{pk:"b",',
    's:$dynamodb_SS::["x"]}}',
    '{Item:{pk:2026-01-01T}}',
  ]
  const path = file('items.ion', structs.join('\n'))
  const place = `${path}: item 3`
  expect(await loaded(path, { table })).toMatchObject({ put: 2, failed: 1, problems: [{ place }] })
  // {"Item":{"pk":{"S":"z"}}}, as the command zstd packs it.
  const packed = 'KLUv/QRY0QAAeyJJdGVtIjp7InBrIjp7IlMiOiJ6In19fQonwHTD'
  await loaded(file('items.json.zst', Buffer.from(packed, 'base64')), { table })
  expect(await itemsOf(table)).toEqual([
    { pk: { S: 'a' }, n: { N: '600' } },
    { pk: { S: 'b' }, s: { SS: ['x'] } },
    { pk: { S: 'z' } },
  ])
})
