/** Every operation that the node answers, by name. Those that it does not are in unsupported.ts, with the reason. */
import { batchGetItem } from './batches/batch-get-item.ts'
import { batchWriteItem } from './batches/batch-write-item.ts'
import { createBackup } from './backups/create-backup.ts'
import { deleteBackup } from './backups/delete-backup.ts'
import { describeBackup } from './backups/describe-backup.ts'
import { describeContinuousBackups } from './backups/describe-continuous-backups.ts'
import { listBackups } from './backups/list-backups.ts'
import { restoreTableFromBackup } from './backups/restore-table-from-backup.ts'
import { restoreTableToPointInTime } from './backups/restore-table-to-point-in-time.ts'
import { updateContinuousBackups } from './backups/update-continuous-backups.ts'
import { cancelBulkOperation } from './copies/cancel-bulk-operation.ts'
import { describeBulkOperation } from './copies/describe-bulk-operation.ts'
import { describeExport } from './copies/describe-export.ts'
import { describeImport } from './copies/describe-import.ts'
import { exportTableToPointInTime } from './copies/export-table-to-point-in-time.ts'
import { importTable } from './copies/import-table.ts'
import { listBulkOperations } from './copies/list-bulk-operations.ts'
import { listExports } from './copies/list-exports.ts'
import { listImports } from './copies/list-imports.ts'
import { startBulkPutItems } from './copies/start-bulk-put-items.ts'
import { createGlobalTable } from './global-tables/create-global-table.ts'
import { describeTableReplicaAutoScaling } from './global-tables/describe-table-replica-auto-scaling.ts'
import { describeGlobalTable } from './global-tables/describe-global-table.ts'
import { describeGlobalTableSettings } from './global-tables/describe-global-table-settings.ts'
import { listGlobalTables } from './global-tables/list-global-tables.ts'
import { updateTableReplicaAutoScaling } from './global-tables/update-table-replica-auto-scaling.ts'
import { updateGlobalTable } from './global-tables/update-global-table.ts'
import { updateGlobalTableSettings } from './global-tables/update-global-table-settings.ts'
import { updateTimeToLive } from './settings/update-time-to-live.ts'
import { deleteItem } from './items/delete-item.ts'
import { getItem } from './items/get-item.ts'
import { putItem } from './items/put-item.ts'
import { query } from './items/query.ts'
import { scan } from './items/scan.ts'
import { updateItem } from './items/update-item.ts'
import type { Operation } from './operation.ts'
import { describeContributorInsights } from './settings/describe-contributor-insights.ts'
import { describeEndpoints } from './settings/describe-endpoints.ts'
import { disableKinesisStreamingDestination } from './settings/disable-kinesis-streaming-destination.ts'
import { enableKinesisStreamingDestination } from './settings/enable-kinesis-streaming-destination.ts'
import { updateKinesisStreamingDestination } from './settings/update-kinesis-streaming-destination.ts'
import { describeKinesisStreamingDestination } from './settings/describe-kinesis-streaming-destination.ts'
import { describeLimits } from './settings/describe-limits.ts'
import { listContributorInsights } from './settings/list-contributor-insights.ts'
import { updateContributorInsights } from './settings/update-contributor-insights.ts'
import { describeTimeToLive } from './settings/describe-time-to-live.ts'
import { describeStream } from './streams/describe-stream.ts'
import { getRecords } from './streams/get-records.ts'
import { getShardIterator } from './streams/get-shard-iterator.ts'
import { listStreams } from './streams/list-streams.ts'
import { createTable } from './tables/create-table.ts'
import { deleteTable } from './tables/delete-table.ts'
import { describeTable } from './tables/describe-table.ts'
import { batchExecuteStatement } from './partiql/batch-execute-statement.ts'
import { executeStatement } from './partiql/execute-statement.ts'
import { executeTransaction } from './partiql/execute-transaction.ts'
import { listTables } from './tables/list-tables.ts'
import { updateTable } from './tables/update-table.ts'
import { deleteResourcePolicy } from './policies/delete-resource-policy.ts'
import { getResourcePolicy } from './policies/get-resource-policy.ts'
import { putResourcePolicy } from './policies/put-resource-policy.ts'
import { listTagsOfResource } from './tags/list-tags-of-resource.ts'
import { tagResource } from './tags/tag-resource.ts'
import { untagResource } from './tags/untag-resource.ts'
import { transactGetItems } from './transactions/transact-get-items.ts'
import { transactWriteItems } from './transactions/transact-write-items.ts'

const all: readonly Operation[] = [
  batchExecuteStatement,
  batchGetItem,
  batchWriteItem,
  cancelBulkOperation,
  createBackup,
  createGlobalTable,
  createTable,
  deleteBackup,
  deleteItem,
  deleteResourcePolicy,
  deleteTable,
  describeBackup,
  describeBulkOperation,
  describeContinuousBackups,
  describeContributorInsights,
  describeEndpoints,
  describeExport,
  describeGlobalTable,
  describeGlobalTableSettings,
  describeImport,
  describeKinesisStreamingDestination,
  describeLimits,
  describeStream,
  describeTable,
  describeTableReplicaAutoScaling,
  describeTimeToLive,
  disableKinesisStreamingDestination,
  enableKinesisStreamingDestination,
  executeStatement,
  executeTransaction,
  exportTableToPointInTime,
  getItem,
  getRecords,
  getResourcePolicy,
  getShardIterator,
  importTable,
  listBackups,
  listBulkOperations,
  listContributorInsights,
  listExports,
  listGlobalTables,
  listImports,
  listStreams,
  listTables,
  listTagsOfResource,
  putItem,
  putResourcePolicy,
  query,
  restoreTableFromBackup,
  restoreTableToPointInTime,
  scan,
  startBulkPutItems,
  tagResource,
  transactGetItems,
  transactWriteItems,
  untagResource,
  updateContinuousBackups,
  updateContributorInsights,
  updateGlobalTable,
  updateGlobalTableSettings,
  updateItem,
  updateKinesisStreamingDestination,
  updateTable,
  updateTableReplicaAutoScaling,
  updateTimeToLive,
]

export const registry: ReadonlyMap<string, Operation> = new Map(all.map((operation) => [operation.name, operation]))
