/** What a region's own counts are in CloudWatch's terms: metrics of AWS/DynamoDB, and of Longitude/Replication for what AWS has no metric for. */
import { errors } from '../errors.ts'
import { operationNames, streamOperationNames } from '../wire/model/shapes.ts'
import { type Dimension, metricId, type MetricRef, refOf } from './metric.ts'

const dynamodbNamespace = 'AWS/DynamoDB'
const replicationNamespace = 'Longitude/Replication'

type Labels = Readonly<Record<string, string>>

/** Where a value of the region goes; a value may be several metrics. `scale` is what it is multiplied by. */
export type Target = { readonly ref: MetricRef; readonly scale: number }

const target = (namespace: string, name: string, dimensions: Labels, unit: string, scale = 1): Target => ({
  ref: refOf(metricId(namespace, name, dimensionsOf(dimensions)), unit),
  scale,
})

const dimensionsOf = (of: Labels): readonly Dimension[] => Object.entries(of).map(([name, value]) => ({ name, value }))

const dynamodb = (name: string, dimensions: Labels, unit = 'Count', scale = 1): Target =>
  target(dynamodbNamespace, name, dimensions, unit, scale)
const replication = (name: string, dimensions: Labels, unit = 'Count', scale = 1): Target =>
  target(replicationNamespace, name, dimensions, unit, scale)

/** By the name of the region's own metric. */
const rules: Readonly<Record<string, (labels: Labels) => readonly Target[]>> = {
  longitude_consumed_units_total: ({ table = '', direction }) => [
    dynamodb(`Consumed${worded(direction)}CapacityUnits`, { TableName: table }),
  ],
  longitude_index_consumed_units_total: ({ table = '', index = '', kind, direction }) => [
    dynamodb(
      `Consumed${worded(direction)}CapacityUnits`,
      kind === 'local' ? { TableName: table } : { TableName: table, GlobalSecondaryIndexName: index },
    ),
  ],
  longitude_throttled_requests_total: ({ table = '', index = '', reason = '' }) => throttles(table, index, reason),
  longitude_table_request_seconds: ({ table = '', operation = '' }) => [
    dynamodb('SuccessfulRequestLatency', { TableName: table, Operation: operation }, 'Milliseconds', 1000),
  ],
  longitude_table_refusals_total: ({ table = '', operation = '', code = '' }) => refusals(table, operation, code),
  longitude_requests_total: ({ operation = '', outcome = '' }) =>
    isUserError(operation, outcome) ? [dynamodb('UserErrors', {})] : [],
  longitude_injected_faults_total: ({ table = '', operation = '', kind = '' }) =>
    table === '' || noErrors.has(kind)
      ? []
      : [dynamodb('FaultInjectionServiceInducedErrors', { TableName: table, Operation: operation })],
  longitude_returned_items: ({ table = '', operation = '' }) => [
    dynamodb('ReturnedItemCount', { TableName: table, Operation: operation }),
  ],
  longitude_stream_request_seconds: ({ table = '', stream = '' }) => [
    dynamodb('SuccessfulRequestLatency', ofStream(table, stream), 'Milliseconds', 1000),
  ],
  longitude_returned_records: ({ table = '', stream = '' }) => [
    dynamodb('ReturnedRecordsCount', ofStream(table, stream)),
  ],
  longitude_returned_record_bytes: ({ table = '', stream = '' }) => [
    dynamodb('ReturnedBytes', ofStream(table, stream), 'Bytes'),
  ],
  longitude_time_to_live_deleted_total: ({ table = '' }) => [
    dynamodb('TimeToLiveDeletedItemCount', { TableName: table }),
  ],
  longitude_kinesis_units_total: ({ table = '' }) => [dynamodb('ConsumedChangeDataCaptureUnits', ofKinesis(table))],
  longitude_kinesis_failed_records_total: ({ table = '' }) => [
    dynamodb('FailedToReplicateRecordCount', ofKinesis(table)),
  ],
  longitude_kinesis_age_seconds: ({ table = '' }) => [
    dynamodb('AgeOfOldestUnreplicatedRecord', ofKinesis(table), 'Milliseconds', 1000),
  ],
  longitude_conflicts_total: ({ table = '' }) => [
    replication('ConflictsLost', { TableName: table }),
    replication('ConflictsLost', {}),
  ],
  longitude_replication_pending: ({ peer = '' }) => [replication('PendingReplicationCount', { ReceivingRegion: peer })],
  longitude_replication_table_pending: ({ peer = '', table = '' }) => [
    replication('PendingReplicationCount', { TableName: table, ReceivingRegion: peer }),
  ],
  longitude_replication_lag_seconds: ({ peer = '' }) => [
    replication('OldestPendingAge', { ReceivingRegion: peer }, 'Seconds'),
  ],
  longitude_replication_safe_to_evacuate: ({ peer = '' }) => [
    replication('SafeToEvacuate', { ReceivingRegion: peer }, 'None'),
    replication('SafeToEvacuate', {}, 'None'),
  ],
  longitude_replication_table_safe_to_evacuate: ({ peer = '', table = '' }) => [
    replication('SafeToEvacuate', { TableName: table, ReceivingRegion: peer }, 'None'),
  ],
}

/** Empty for a metric of the region that CloudWatch shows nothing of. */
export const targetsOf = (name: string, labels: Labels): readonly Target[] => rules[name]?.(labels) ?? []

export const isShown = (name: string): boolean => Object.hasOwn(rules, name)

export const replicationLatency = (table: string, peer: string): MetricRef =>
  dynamodb('ReplicationLatency', { TableName: table, ReceivingRegion: peer }, 'Milliseconds').ref

export const watermarkAge = (table: string, peer: string): MetricRef =>
  replication('WatermarkAge', { TableName: table, ReceivingRegion: peer }, 'Seconds').ref

/** What AWS shows as 0 in a minute without requests: units of a table, or of a global index. */
export const consumedUnits = (dimensions: Labels): readonly MetricRef[] =>
  ['Read', 'Write'].map((direction) => dynamodb(`Consumed${direction}CapacityUnits`, dimensions).ref)

/** Of a table's own settings, or without a table of the account's. */
export const tableSetting = (name: string, dimensions: Labels, unit = 'Count'): MetricRef =>
  dynamodb(name, dimensions, unit).ref

const worded = (direction: string | undefined): 'Read' | 'Write' => (direction === 'read' ? 'Read' : 'Write')

const ofStream = (table: string, stream: string): Labels => ({
  TableName: table,
  Operation: 'GetRecords',
  StreamLabel: stream,
})

/** AWS's documentation names the dimension, and of its value only that it is change data capture for Kinesis Data Streams. */
const ofKinesis = (table: string): Labels => ({
  TableName: table,
  DelegatedOperation: 'ChangeDataCaptureForKinesisDataStreams',
})

const reasonPattern = /^(?:Table|Index)(Read|Write)(\w+)Exceeded$/

/** The throttled request itself is counted once for all causes, and once for its own. */
function throttles(table: string, index: string, reason: string): readonly Target[] {
  const [, direction, cause] = reasonPattern.exec(reason) ?? []
  if (direction === undefined || cause === undefined) return []
  const dimensions = index === '' ? { TableName: table } : { TableName: table, GlobalSecondaryIndexName: index }
  return [`${direction}ThrottleEvents`, `${direction}${cause}ThrottleEvents`].map((name) => dynamodb(name, dimensions))
}

const throttled: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
])

function refusals(table: string, operation: string, code: string): readonly Target[] {
  if (throttled.has(code)) return [dynamodb('ThrottledRequests', { TableName: table, Operation: operation })]
  if (code === 'InternalServerError') return [dynamodb('SystemErrors', { TableName: table, Operation: operation })]
  if (code === 'ConditionalCheckFailedException' || code === 'ConditionalCheckFailed')
    return [dynamodb('ConditionalCheckFailedRequests', { TableName: table })]
  if (code === 'TransactionConflict' || code === 'TransactionConflictException')
    return [dynamodb('TransactionConflict', { TableName: table })]
  return []
}

/** Kinds of faults by which no request fails. */
const noErrors: ReadonlySet<string> = new Set(['slow', 'stale', 'partial'])

const ofDynamoDb: ReadonlySet<string> = new Set([...operationNames, ...streamOperationNames, 'unknown'])
const noUserErrors: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'ProvisionedThroughputExceededException',
])

function isUserError(operation: string, outcome: string): boolean {
  const error = (errors as Readonly<Record<string, { readonly status: number }>>)[outcome]
  return error !== undefined && error.status < 500 && ofDynamoDb.has(operation) && !noUserErrors.has(outcome)
}
