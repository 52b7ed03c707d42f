/**
 * Writes a table as DynamoDB's full export writes it to S3, in DYNAMODB_JSON: `load` and DynamoDB's import read it. The table is read page by page
 * while it may be written; a backup that is restored first gives one moment.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { dumpedBytesMax, dumpedItemsMax } from './limits.ts'
import type { Target } from './target.ts'

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
  readonly folder: string
  readonly onProgress: (items: number) => void
}

export async function dump({ from, table, folder, onProgress }: Dumping): Promise<Dumped> {
  const { Table } = described.parse(await from.ask('DescribeTable', { TableName: table }))
  const start = new Date()
  const id = `${String(start.getTime()).padStart(14, '0')}-${randomBytes(4).toString('hex')}`
  const place = join('AWSDynamoDB', id)
  mkdirSync(join(folder, place, 'data'), { recursive: true })
  writeFileSync(join(folder, place, '_started'), '')
  const files: string[] = []
  let items = 0
  for await (const lines of filesOf(from, table)) {
    files.push(writeData(folder, place, lines))
    items += lines.length
    onProgress(items)
  }
  const filesText = files.map((line) => `${line}\n`).join('')
  writeWithSum(join(folder, place, 'manifest-files.json'), filesText)
  const summary = {
    version: '2020-06-30',
    exportArn: `${Table.TableArn}/export/${id}`,
    startTime: start.toISOString(),
    endTime: new Date().toISOString(),
    tableArn: Table.TableArn,
    tableId: Table.TableId,
    exportTime: start.toISOString(),
    s3Bucket: null,
    s3Prefix: null,
    s3SseAlgorithm: null,
    s3SseKmsKeyId: null,
    manifestFilesS3Key: `${place}/manifest-files.json`,
    billedSizeBytes: Table.TableSizeBytes,
    itemCount: items,
    outputFormat: 'DYNAMODB_JSON',
    exportType: 'FULL_EXPORT',
  }
  writeWithSum(join(folder, place, 'manifest-summary.json'), JSON.stringify(summary))
  return { folder: join(folder, place), items, files: files.length }
}

/** Lines of one file after the other; of an empty table, one file without any. */
async function* filesOf(from: Target, table: string): AsyncGenerator<readonly string[]> {
  let lines: string[] = []
  let bytes = 0
  for (let start: unknown, isFirst = true; isFirst || start !== undefined; isFirst = false) {
    const input = { TableName: table, ...(start === undefined ? {} : { ExclusiveStartKey: start }) }
    const { Items, LastEvaluatedKey } = page.parse(await from.ask('Scan', input))
    for (const Item of Items) {
      const line = JSON.stringify({ Item })
      bytes += line.length
      lines.push(line)
    }
    start = LastEvaluatedKey
    if (lines.length < dumpedItemsMax && bytes < dumpedBytesMax && start !== undefined) continue
    yield lines
    lines = []
    bytes = 0
  }
}

/** Its line of the files manifest. */
function writeData(folder: string, place: string, lines: readonly string[]): string {
  const key = `${place}/data/${randomBytes(16).toString('hex')}.json.gz`
  const bytes = gzipSync(lines.map((line) => `${line}\n`).join(''))
  writeFileSync(join(folder, key), bytes)
  const sum = createHash('md5').update(bytes).digest()
  const md5Checksum = sum.toString('base64')
  return JSON.stringify({ itemCount: lines.length, md5Checksum, etag: `${sum.toString('hex')}-1`, dataFileS3Key: key })
}

function writeWithSum(path: string, text: string): void {
  writeFileSync(path, text)
  writeFileSync(path.replace(/\.json$/, '.md5'), createHash('md5').update(text).digest('base64'))
}
