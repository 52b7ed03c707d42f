/** Operations of the service model that this version does not have, each with the reason that its error names. */
import { ServiceError } from '../core/errors.ts'

const notYet = 'not yet'

export const unsupported: Readonly<Record<string, string>> = {
  BatchExecuteStatement: notYet,
  BatchGetItem: notYet,
  BatchWriteItem: notYet,
  CreateBackup: notYet,
  CreateGlobalTable: notYet,
  DeleteBackup: notYet,
  DeleteItem: notYet,
  DeleteResourcePolicy: notYet,
  DescribeBackup: notYet,
  DescribeContinuousBackups: notYet,
  DescribeContributorInsights: notYet,
  DescribeEndpoints: notYet,
  DescribeExport: notYet,
  DescribeGlobalTable: notYet,
  DescribeGlobalTableSettings: notYet,
  DescribeImport: notYet,
  DescribeKinesisStreamingDestination: notYet,
  DescribeLimits: notYet,
  DescribeTableReplicaAutoScaling: notYet,
  DescribeTimeToLive: notYet,
  DisableKinesisStreamingDestination: notYet,
  EnableKinesisStreamingDestination: notYet,
  ExecuteStatement: notYet,
  ExecuteTransaction: notYet,
  ExportTableToPointInTime: notYet,
  GetItem: notYet,
  GetResourcePolicy: notYet,
  ImportTable: notYet,
  ListBackups: notYet,
  ListContributorInsights: notYet,
  ListExports: notYet,
  ListGlobalTables: notYet,
  ListImports: notYet,
  ListTagsOfResource: notYet,
  PutItem: notYet,
  PutResourcePolicy: notYet,
  Query: notYet,
  RestoreTableFromBackup: notYet,
  RestoreTableToPointInTime: notYet,
  Scan: notYet,
  TagResource: notYet,
  TransactGetItems: notYet,
  TransactWriteItems: notYet,
  UntagResource: notYet,
  UpdateContinuousBackups: notYet,
  UpdateContributorInsights: notYet,
  UpdateGlobalTable: notYet,
  UpdateGlobalTableSettings: notYet,
  UpdateItem: notYet,
  UpdateKinesisStreamingDestination: notYet,
  UpdateTableReplicaAutoScaling: notYet,
  UpdateTimeToLive: notYet,
}

/** AWS's own answer to a name that it does not know, so that an SDK reports it as what it is. */
export function unsupportedOperation(name: string): ServiceError {
  return new ServiceError(
    'UnknownOperationException',
    `The operation ${name} is not supported by this version of Longitude: ${unsupported[name] ?? notYet}`,
  )
}
