/** Names and manifests of an export, in the layout of DynamoDB's exports to S3. */
import { billedBytesMin } from '../limits/copy-limits.ts'
import type { BulkJob, ExportJob } from './copy-job.ts'

const withPrefix = ({ prefix }: Pick<ExportJob, 'prefix'>, path: string): string =>
  prefix === undefined || prefix === '' ? path : `${prefix}${prefix.endsWith('/') ? '' : '/'}${path}`

export const exportKey = (job: Pick<ExportJob, 'prefix' | 'id'>, file: string): string =>
  withPrefix(job, `AWSDynamoDB/${job.id}/${file}`)

/** Reports of a bulk put. */
export const bulkKey = ({ id, output: { prefix } }: Pick<BulkJob, 'id' | 'output'>, file: string): string =>
  exportKey({ id, ...(prefix === undefined ? {} : { prefix }) }, file)

export const summaryKey = (job: Pick<ExportJob, 'prefix' | 'id'>): string => exportKey(job, 'manifest-summary.json')

const suffix = { DYNAMODB_JSON: 'json.gz', ION: 'ion.gz' } as const

/** Data of incremental exports lies in a folder that exports share. */
export function dataKey(job: Pick<ExportJob, 'prefix' | 'id' | 'window' | 'format'>, name: string): string {
  const file = `data/${name}.${suffix[job.format]}`
  return job.window === undefined ? exportKey(job, file) : withPrefix(job, `AWSDynamoDB/${file}`)
}

/** Its line of the files manifest. */
export function dataFileLine(file: { readonly items: number; readonly md5: Buffer; readonly key: string }): string {
  return JSON.stringify({
    itemCount: file.items,
    md5Checksum: file.md5.toString('base64'),
    etag: `${file.md5.toString('hex')}-1`,
    dataFileS3Key: file.key,
  })
}

/** Of a full export, the size of the table. */
export function billedBytes({ table, progress, window }: ExportJob): number {
  if (window === undefined) return table.bytes
  return progress.bytes === 0 ? billedBytesMin : progress.bytes
}

type Arns = { readonly exportArn: string; readonly tableArn: string }

const moment = (ms: number): string => new Date(ms).toISOString()

export function summaryText(job: ExportJob, arns: Arns, endedMs: number): string {
  const { table, window, atMs, bucket, prefix = null, format, startedMs, progress } = job
  const times =
    window === undefined
      ? { exportTime: moment(atMs) }
      : { exportFromTime: moment(window.fromMs), exportToTime: moment(window.toMs) }
  return JSON.stringify({
    version: window === undefined ? '2020-06-30' : '2023-08-01',
    exportArn: arns.exportArn,
    startTime: moment(startedMs),
    endTime: moment(endedMs),
    tableArn: arns.tableArn,
    tableId: table.tableId,
    ...times,
    s3Bucket: bucket,
    s3Prefix: prefix,
    s3SseAlgorithm: 'AES256',
    s3SseKmsKeyId: null,
    manifestFilesS3Key: exportKey(job, 'manifest-files.json'),
    billedSizeBytes: billedBytes(job),
    itemCount: progress.items,
    outputFormat: format,
    ...(window === undefined ? {} : { outputView: window.view }),
    exportType: window === undefined ? 'FULL_EXPORT' : 'INCREMENTAL_EXPORT',
  })
}
