/** Bulk puts as they are described. */
import type { BulkOperationDescription, BulkOperationSummary } from '@aws-sdk/client-dynamodb'
import { type BulkJob, isUnderWay } from '../../core/copies/copy-job.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { seconds } from '../tables/description.ts'
import { failureOf, given } from './copy-description.ts'
import { arnOfCopy } from './named-copy.ts'

type Context = Pick<OperationContext, 'settings'>

export function bulkDescription(job: BulkJob, context: Context): Wire<BulkOperationDescription> {
  const { status, startedMs, endedMs, name, tableId, token, output, format, compression, tier, progress } = job
  const { written, failed, refused, bytes, writtenBytes } = progress
  return {
    BulkOperationArn: arnOfCopy(job, context),
    BulkOperationStatus: status,
    TableDetails: [{ TableName: name, TableId: tableId }],
    ClientToken: token,
    InputS3Configuration: {
      S3Bucket: job.bucket,
      ...given('S3BucketOwner', job.bucketOwner),
      ...given('S3KeyPrefix', job.prefix),
      InputFormat: format,
      InputCompressionType: compression,
    },
    OutputS3Configuration: {
      S3Bucket: output.bucket,
      ...given('S3BucketOwner', output.bucketOwner),
      ...given('S3KeyPrefix', output.prefix),
      ...(output.sse === 'AES256' ? { S3SseAlgorithm: output.sse } : {}),
      OutputType: [...output.types],
    },
    StartTime: seconds(startedMs),
    ...(endedMs === undefined ? {} : { EndTime: seconds(endedMs) }),
    ProcessedItemCount: written + failed + refused,
    ProcessedInputBytes: bytes,
    // Buckets are not asked for the sizes of their objects before.
    ...(isUnderWay(job) ? {} : { TotalInputBytes: bytes }),
    BulkOperationUsage: [{ TableName: name, BulkPutBytes: writtenBytes, Table: { BulkPutBytes: writtenBytes } }],
    FailedItemCount: failed,
    ...failureOf(job),
    ...given('MaxWriteRequestUnits', job.unitsMax),
    PerformanceTier: tier ?? 'STANDARD',
  }
}

export function bulkSummary(job: BulkJob, context: Context): Wire<BulkOperationSummary> {
  const { status, startedMs, endedMs } = job
  return {
    BulkOperationArn: arnOfCopy(job, context),
    BulkOperationStatus: status,
    StartTime: seconds(startedMs),
    ...(endedMs === undefined ? {} : { EndTime: seconds(endedMs) }),
  }
}
