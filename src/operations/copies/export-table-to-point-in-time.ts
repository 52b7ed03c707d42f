/** Notes an export; the reader of exports does the work (readers/archive/copies/exports.ts). What is wrong with the bucket is told by the export's own state. */
import type { ExportTableToPointInTimeInput, ExportTableToPointInTimeOutput } from '@aws-sdk/client-dynamodb'
import { savedTable } from '../../core/archive/backup.ts'
import { windowOf } from '../../core/archive/recovery.ts'
import type { ExportJob, ExportWindow } from '../../core/copies/copy-job.ts'
import { exportFilter } from '../../core/copies/export-filter.ts'
import { exportWindowMsMax, exportWindowMsMin } from '../../core/limits/copy-limits.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Recovery, Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { isArn, tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { exportDescription } from './copy-description.ts'
import { copyWithToken, makeRoom, newCopyId } from './named-copy.ts'

type Input = Wire<ExportTableToPointInTimeInput>
type Output = Wire<ExportTableToPointInTimeOutput>

export const exportTableToPointInTime = defineControl<Input, Output>({
  name: 'ExportTableToPointInTime',
  table: (input) => input.TableArn,
  checks: [refuseMembers('ExportTableToPointInTime'), ownKeys, arn, incremental],
  run: (input, context) =>
    oneAtATime(context.engine, `export ${input.ClientToken}`, async () => {
      const before = copyWithToken('export', input.ClientToken, context)
      if (before !== undefined) return { ExportDescription: repeated(before, input, context) }
      const job = jobOf(input, context)
      await makeRoom('export', context)
      await context.engine.archive.putCopy(job)
      return { ExportDescription: exportDescription(job, context) }
    }),
})

function ownKeys({ S3SseAlgorithm }: Input): void {
  if (S3SseAlgorithm === 'KMS')
    throw validationError('S3SseAlgorithm KMS is not supported by this version of Longitude: buckets have no keys')
}

function arn({ TableArn = '' }: Input): void {
  if (!isArn(TableArn)) throw validationError('One or more parameter values were invalid: tableArn is not a valid ARN')
}

function incremental({ ExportType, IncrementalExportSpecification: asked }: Input): void {
  const invalid = (message: string) => validationError(`Invalid Request: ${message}`)
  if (ExportType === 'INCREMENTAL_EXPORT' && asked === undefined)
    throw invalid('Incremental Export Specification expected when export type is set as Incremental Export')
  if (ExportType === 'FULL_EXPORT' && asked !== undefined)
    throw invalid('When Export Type is Full Export , Incremental Export Specification should not be provided')
  if (ExportType === undefined && asked !== undefined)
    throw invalid('Export Type expected to be Incremental Export when incremental export specification is provided')
  if (asked !== undefined && asked.ExportFromTime === undefined)
    throw invalid('ExportFromTime must be provided in IncrementalExportSpecification')
}

function repeated(before: ExportJob, input: Input, context: OperationContext): Output['ExportDescription'] {
  if (before.asked !== textOf(input))
    throw new ServiceError(
      'ExportConflictException',
      'Export conflict: Duplicate request detected with conflicting parameters',
    )
  return exportDescription(before, context)
}

const textOf = (input: Input): string => JSON.stringify(Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function jobOf(input: Input, context: OperationContext): ExportJob {
  const { table, recovery } = sourceOf(input, context)
  const window = exportWindowOf(input, { table, recovery }, context)
  const { FilterSpecification: filter } = input
  if (filter !== undefined) exportFilter(filter, table.key)
  const { S3Bucket: bucket = '', S3BucketOwner: bucketOwner, S3Prefix: prefix, ClientToken: token } = input
  return {
    ...newCopyId(context),
    kind: 'export',
    status: 'IN_PROGRESS',
    token: token ?? context.env.random.uuid(),
    asked: textOf(input),
    bucket,
    ...(bucketOwner === undefined ? {} : { bucketOwner }),
    ...(prefix === undefined ? {} : { prefix }),
    table: savedTable(table, context.engine.size(table)),
    of: table.id,
    after: recovery.after,
    ...(recovery.shared === undefined ? {} : { shared: recovery.shared }),
    format: input.ExportFormat ?? 'DYNAMODB_JSON',
    // The end of the window does not belong to it.
    atMs: window === undefined ? momentOf(input, recovery, context) : window.toMs - 1,
    ...(window === undefined ? {} : { window }),
    ...(filter === undefined ? {} : { filter }),
    progress: { files: 0, items: 0, bytes: 0, segment: 0 },
  }
}

type Source = { readonly table: Table; readonly recovery: Recovery }

function sourceOf({ TableArn = '' }: Input, { engine, settings }: OperationContext): Source {
  const name = tableNameOf(settings, TableArn)
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'CREATING')
    throw new ServiceError('TableNotFoundException', `Table not found: ${TableArn}`)
  const { recovery } = table
  if (recovery === undefined || table.status === 'DELETING')
    throw new ServiceError(
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${name}'`,
    )
  return { table, recovery }
}

const invalidTime = (message: string): ServiceError => new ServiceError('InvalidExportTimeException', message)

/** Now, where the request names none. */
function momentOf({ ExportTime }: Input, recovery: Recovery, { env }: OperationContext): number {
  const nowMs = env.clock.wallMs()
  if (ExportTime === undefined) return nowMs
  const atMs = Math.round(ExportTime * 1000)
  const { earliestMs } = windowOf(recovery, nowMs, 0)
  if (atMs < Math.floor(earliestMs / 1000) * 1000 || atMs > nowMs) throw invalidTime('Export Time is invalid')
  return Math.max(atMs, earliestMs)
}

function exportWindowOf(
  { IncrementalExportSpecification: asked }: Input,
  { table, recovery }: Source,
  { env }: OperationContext,
): ExportWindow | undefined {
  if (asked === undefined) return undefined
  const nowMs = env.clock.wallMs()
  const fromMs = Math.round((asked.ExportFromTime ?? 0) * 1000)
  const toMs = asked.ExportToTime === undefined ? nowMs : Math.round(asked.ExportToTime * 1000)
  const createdMs = table.identity?.createdMs ?? table.createdMs
  const difference = 'Difference between export period from time and export period to time is'
  if (fromMs < Math.floor(createdMs / 1000) * 1000)
    throw invalidTime(
      `Incremental export period from time cannot be less than the table creation time : ${new Date(createdMs).toISOString()}`,
    )
  if (toMs > nowMs)
    throw invalidTime(
      `Incremental export period to time cannot be greater than the current time : ${new Date(nowMs).toISOString()}`,
    )
  if (toMs - fromMs < exportWindowMsMin) throw invalidTime(`${difference} less than 15 minutes`)
  if (toMs - fromMs > exportWindowMsMax) throw invalidTime(`${difference} greater than 24 hours`)
  if (fromMs < Math.floor(windowOf(recovery, nowMs, 0).earliestMs / 1000) * 1000)
    throw invalidTime('Export Time is invalid')
  return { fromMs, toMs, view: asked.ExportViewType ?? 'NEW_AND_OLD_IMAGES' }
}
