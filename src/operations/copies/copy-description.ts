/** Exports and imports as they are described. */
import type { ExportDescription, ImportSummary, ImportTableDescription } from '@aws-sdk/client-dynamodb'
import type { CopyJob, ExportJob, ImportJob } from '../../core/copies/copy-job.ts'
import { billedBytes, summaryKey } from '../../core/copies/export-files.ts'
import { tableArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { seconds } from '../tables/description.ts'
import { arnOfCopy } from './named-copy.ts'

type Context = Pick<OperationContext, 'settings'>

export const given = <Value>(name: string, value: Value | undefined): Readonly<Record<string, Value>> =>
  value === undefined ? {} : { [name]: value }

export const failureOf = ({ failure }: CopyJob) =>
  failure === undefined ? {} : { FailureCode: failure.code, FailureMessage: failure.message }

export function exportDescription(job: ExportJob, context: Context): Wire<ExportDescription> {
  const { status, startedMs, endedMs, table, atMs, window, token, bucket, bucketOwner, prefix, format, filter } = job
  return {
    ExportArn: arnOfCopy(job, context),
    ExportStatus: status,
    StartTime: seconds(startedMs),
    ...(endedMs === undefined ? {} : { EndTime: seconds(endedMs) }),
    ...(status === 'COMPLETED' ? { ExportManifest: summaryKey(job) } : {}),
    TableArn: tableArn(context.settings, table.name),
    TableId: table.tableId,
    ...(window === undefined ? { ExportTime: seconds(atMs) } : {}),
    ClientToken: token,
    S3Bucket: bucket,
    ...given('S3BucketOwner', bucketOwner),
    ...given('S3Prefix', prefix),
    S3SseAlgorithm: 'AES256',
    ...failureOf(job),
    ExportFormat: format,
    ...given('FilterSpecification', filter),
    ...(status === 'COMPLETED' ? { BilledSizeBytes: billedBytes(job), ItemCount: job.progress.items } : {}),
    ...(window === undefined
      ? {}
      : {
          IncrementalExportSpecification: {
            ExportFromTime: seconds(window.fromMs),
            ExportToTime: seconds(window.toMs),
            ExportViewType: window.view,
          },
        }),
  }
}

const sourceOf = ({ bucket, bucketOwner, prefix }: ImportJob) => ({
  S3Bucket: bucket,
  ...given('S3BucketOwner', bucketOwner),
  ...given('S3KeyPrefix', prefix),
})

/** Counts are zero until it is done. */
export function importDescription(job: ImportJob, context: Context): Wire<ImportTableDescription> {
  const { status, name, table, token, csv, format, compression, parameters, startedMs, endedMs, progress } = job
  const { imported, errors, bytes } = status === 'IN_PROGRESS' ? { imported: 0, errors: 0, bytes: 0 } : progress
  return {
    ImportArn: arnOfCopy(job, context),
    ImportStatus: status,
    TableArn: tableArn(context.settings, name),
    TableId: table,
    ClientToken: token,
    S3BucketSource: sourceOf(job),
    ErrorCount: errors,
    InputFormat: format,
    ...(csv === undefined
      ? {}
      : { InputFormatOptions: { Csv: { Delimiter: csv.delimiter, ...given('HeaderList', csv.header) } } }),
    InputCompressionType: compression,
    TableCreationParameters: parameters as NonNullable<Wire<ImportTableDescription>['TableCreationParameters']>,
    StartTime: seconds(startedMs),
    ...(endedMs === undefined ? {} : { EndTime: seconds(endedMs) }),
    ProcessedSizeBytes: bytes,
    ProcessedItemCount: imported + errors,
    ImportedItemCount: imported,
    ...failureOf(job),
  }
}

export function importSummary(job: ImportJob, context: Context): Wire<ImportSummary> {
  const { status, name, format, startedMs, endedMs } = job
  return {
    ImportArn: arnOfCopy(job, context),
    ImportStatus: status,
    TableArn: tableArn(context.settings, name),
    S3BucketSource: sourceOf(job),
    InputFormat: format,
    StartTime: seconds(startedMs),
    ...(endedMs === undefined ? {} : { EndTime: seconds(endedMs) }),
  }
}
