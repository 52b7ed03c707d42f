/** Notes a bulk put; the reader of bulk puts carries it out (readers/archive/copies/bulk-puts.ts). */
import { assertNotStrong } from '../tables/updates/strong-updates.ts'
import type { StartBulkPutItemsInput, StartBulkPutItemsOutput } from '@aws-sdk/client-dynamodb'
import { type BulkJob, bulksUnderWay } from '../../core/copies/copy-job.ts'
import { bulksOfTableMax, copyTokenMs } from '../../core/limits/copy-limits.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { inUse, stillInUse, tableToChange } from '../checks/table-exists.ts'
import { assertWriter } from '../checks/writers.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { bulkDescription } from './bulk-description.ts'
import { copiesOf, makeRoom, newCopyId } from './named-copy.ts'

type Input = Wire<StartBulkPutItemsInput>

export const startBulkPutItems = defineControl<Input, Wire<StartBulkPutItemsOutput>>({
  name: 'StartBulkPutItems',
  table: (input) => input.TableName,
  checks: [output],
  run: (input, context) =>
    oneAtATime(context.engine, 'bulk puts', async () => {
      const before = withToken(input.ClientToken, context)
      if (before !== undefined) return { BulkOperationDescription: repeated(before, input, context) }
      const table = tableToChange(input.TableName, context)
      assertNotStrong(table, 'StartBulkPutItems')
      refuse(table, context)
      await makeRoom('bulk', context)
      const job = jobOf(input, table, context)
      await context.engine.archive.putCopy(job)
      return { BulkOperationDescription: bulkDescription(job, context) }
    }),
})

function output({ OutputS3Configuration: to }: Input): void {
  const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)
  if (to?.S3Bucket === undefined) throw invalid('OutputS3Configuration must have an S3Bucket')
  if ((to.OutputType ?? []).length === 0) throw invalid('OutputType must have at least one value')
  if (to.S3SseAlgorithm === 'KMS' || to.S3SseKmsKeyId !== undefined)
    throw validationError('S3SseAlgorithm KMS is not supported by this version of Longitude: buckets have no keys')
}

/** A token names its request for eight hours from the first one on. */
function withToken(token: string | undefined, context: OperationContext): BulkJob | undefined {
  const sinceMs = context.env.clock.wallMs() - copyTokenMs
  const named = (job: BulkJob): boolean => job.token === token && job.startedMs > sinceMs
  return token === undefined ? undefined : copiesOf('bulk', context).findLast(named)
}

function repeated(before: BulkJob, input: Input, context: OperationContext) {
  if (before.asked !== textOf(input))
    throw new ServiceError(
      'IdempotentParameterMismatchException',
      'DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that was already used.',
    )
  return bulkDescription(before, context)
}

/** Items can be written, no index is being filled, and no other bulk put is under way. */
function refuse(table: Table, context: OperationContext): void {
  if (table.status !== 'ACTIVE' && table.status !== 'UPDATING') throw inUse(table)
  const isFilled = table.indexes.some(({ status }) => status === 'CREATING')
  const isChanging = table.replicas.some(({ status }) => status === 'CREATING' || status === 'DELETING')
  if (isFilled || isChanging) throw inUse(table)
  assertWriter(table, context)
  const underWay = bulksUnderWay(context.engine.archive.copies()).filter((job) => job.table === table.id)
  if (underWay.length >= bulksOfTableMax)
    throw stillInUse(table, `A bulk operation is under way on the table: ${table.name}`)
}

const textOf = (input: Input): string => JSON.stringify(Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function jobOf(input: Input, table: Table, context: OperationContext): BulkJob {
  const { InputS3Configuration: from, MaxWriteRequestUnits: unitsMax, PerformanceTier: tier, ClientToken } = input
  const { S3BucketOwner: bucketOwner, S3KeyPrefix: prefix } = from ?? {}
  return {
    ...newCopyId(context),
    kind: 'bulk',
    status: 'IN_PROGRESS',
    token: ClientToken ?? context.env.random.uuid(),
    asked: textOf(input),
    bucket: from?.S3Bucket ?? '',
    ...(bucketOwner === undefined ? {} : { bucketOwner }),
    ...(prefix === undefined ? {} : { prefix }),
    table: table.id,
    tableId: table.identity?.tableId ?? table.id,
    name: table.name,
    format: from?.InputFormat ?? 'DYNAMODB_JSON',
    compression: from?.InputCompressionType ?? 'NONE',
    output: outputOf(input),
    ...(unitsMax === undefined ? {} : { unitsMax }),
    ...(tier === undefined ? {} : { tier }),
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
  }
}

function outputOf({ OutputS3Configuration: to }: Input): BulkJob['output'] {
  const { S3Bucket: bucket = '', S3BucketOwner: bucketOwner, S3KeyPrefix: prefix, S3SseAlgorithm: sse } = to ?? {}
  return {
    bucket,
    ...(bucketOwner === undefined ? {} : { bucketOwner }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(sse === undefined ? {} : { sse }),
    types: to?.OutputType ?? [],
  }
}
