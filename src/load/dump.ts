/**
 * Writes a table as DynamoDB's full export writes it to S3, in DYNAMODB_JSON: `load` and DynamoDB's import read it. The table is read page by page
 * while it may be written; a backup that is restored first gives one moment.
 */
import { createHash, randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Files } from './places/local-files.ts'
import { dumpedBytesMax, dumpedItemsMax } from './load-limits.ts'
import type { ProgressFile } from './progress-file.ts'
import type { Target } from './loaded-tables.ts'

const join = (...parts: readonly string[]): string => posix.join(...parts)

const described = z.object({
  Table: z.object({ TableArn: z.string(), TableId: z.string(), TableSizeBytes: z.number() }),
})
const page = z.object({
  Items: z.array(z.unknown()),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
})

export type Dumped = { readonly folder: string; readonly items: number; readonly files: number }

export type Dumping = {
  readonly from: Target
  readonly table: string
  readonly files: Files
  /** Of this machine, or `s3://BUCKET/PREFIX`. */
  readonly folder: string
  /** The same dump goes on where it was stopped. */
  readonly progress: ProgressFile<'dump'>
  readonly onProgress: (items: number) => void
  /** Of one data file, about. */
  readonly fileBytesMax?: number
}

type Now = NonNullable<ReturnType<Dumping['progress']['read']>>

export async function dump(dumping: Dumping): Promise<Dumped> {
  const { from, table, progress, onProgress } = dumping
  const { Table } = described.parse(await from.ask('DescribeTable', { TableName: table }))
  let now = progress.read() ?? begun()
  const place = join('AWSDynamoDB', now.id)
  if (now.files.length === 0) await put(dumping, join(place, '_started'), '')
  for await (const { lines, next } of filesOf(dumping, now)) {
    const line = await putData(dumping, { place, id: now.id, number: now.files.length }, lines)
    now = { ...now, files: [...now.files, line], items: now.items + lines.length, start: next ?? {} }
    // Without a next page there is nothing to go on from but the manifests.
    if (next !== undefined) progress.write(now)
    onProgress(now.items)
  }
  await putManifests(dumping, Table, now)
  progress.remove()
  return { folder: inFolder(dumping, place), items: now.items, files: now.files.length }
}

function begun(): Now {
  const startMs = Date.now()
  const id = `${String(startMs).padStart(14, '0')}-${randomBytes(4).toString('hex')}`
  return { id, startMs, files: [], items: 0, start: {} }
}

const inBucket = /^s3:\/\/([^/]+)\/?(.*?)\/*$/

/** In a folder of this machine, what follows the folder. */
const objectKey = ({ folder }: Dumping, path: string): string => join(inBucket.exec(folder)?.[2] ?? '', path)

async function putManifests(dumping: Dumping, table: z.output<typeof described>['Table'], now: Now): Promise<void> {
  const [, bucket = null, prefix = ''] = inBucket.exec(dumping.folder) ?? []
  const place = join('AWSDynamoDB', now.id)
  const time = new Date(now.startMs).toISOString()
  const summary = {
    version: '2020-06-30',
    exportArn: `${table.TableArn}/export/${now.id}`,
    startTime: time,
    endTime: new Date().toISOString(),
    tableArn: table.TableArn,
    tableId: table.TableId,
    exportTime: time,
    s3Bucket: bucket,
    s3Prefix: prefix === '' ? null : prefix,
    s3SseAlgorithm: null,
    s3SseKmsKeyId: null,
    manifestFilesS3Key: objectKey(dumping, `${place}/manifest-files.json`),
    billedSizeBytes: table.TableSizeBytes,
    itemCount: now.items,
    outputFormat: 'DYNAMODB_JSON',
    exportType: 'FULL_EXPORT',
  }
  await putWithSum(dumping, join(place, 'manifest-files'), now.files.map((line) => `${line}\n`).join(''))
  await putWithSum(dumping, join(place, 'manifest-summary'), JSON.stringify(summary))
}

type Lines = { readonly lines: readonly string[]; readonly next: Readonly<Record<string, unknown>> | undefined }

/** Lines of one file after the other; of an empty table, one file without any. */
async function* filesOf({ from, table, fileBytesMax = dumpedBytesMax }: Dumping, begins: Now): AsyncGenerator<Lines> {
  let lines: string[] = []
  let bytes = 0
  for (let start: Lines['next'] = begins.start, isFirst = true; isFirst || start !== undefined; isFirst = false) {
    const isAtStart = start === undefined || Object.keys(start).length === 0
    const input = { TableName: table, ...(isAtStart ? {} : { ExclusiveStartKey: start }) }
    const { Items, LastEvaluatedKey } = page.parse(await from.ask('Scan', input))
    for (const Item of Items) {
      const line = JSON.stringify({ Item })
      bytes += line.length
      lines.push(line)
    }
    start = LastEvaluatedKey
    if (lines.length < dumpedItemsMax && bytes < fileBytesMax && start !== undefined) continue
    yield { lines, next: start }
    lines = []
    bytes = 0
  }
}

type DataFile = { readonly place: string; readonly id: string; readonly number: number }

/** Its line of the files manifest. A dump that goes on writes files of the same names again. */
async function putData(dumping: Dumping, { place, id, number }: DataFile, lines: readonly string[]): Promise<string> {
  const name = createHash('md5').update(`${id}/${number}`).digest('hex')
  const key = `${place}/data/${name}.json.gz`
  const bytes = gzipSync(lines.map((line) => `${line}\n`).join(''))
  await put(dumping, key, bytes)
  const sum = createHash('md5').update(bytes).digest()
  const md5Checksum = sum.toString('base64')
  const dataFileS3Key = objectKey(dumping, key)
  return JSON.stringify({ itemCount: lines.length, md5Checksum, etag: `${sum.toString('hex')}-1`, dataFileS3Key })
}

async function putWithSum(dumping: Dumping, path: string, text: string): Promise<void> {
  await put(dumping, `${path}.json`, text)
  await put(dumping, `${path}.md5`, createHash('md5').update(text).digest('base64'))
}

const put = (dumping: Dumping, path: string, bytes: string | Uint8Array): Promise<void> =>
  dumping.files.put(inFolder(dumping, path), bytes)

const inFolder = ({ folder }: Dumping, path: string): string => `${folder.replace(/\/+$/, '')}/${path}`
