/**
 * DynamoDB's actions, what resource each is about, and the condition keys that it has (Service Authorization Reference, "Actions, resources,
 * and condition keys for Amazon DynamoDB"). Keys of every request (aws:…) are not listed.
 */

export type ResourceType = 'table' | 'index' | 'stream' | 'backup' | 'export' | 'import' | 'global-table' | 'none'

export type DynamoDbAction = { readonly resources: readonly ResourceType[]; readonly keys: readonly string[] }

const item = ['LeadingKeys', 'Attributes', 'EnclosingOperation', 'ReturnConsumedCapacity']
const read = ['LeadingKeys', 'Attributes', 'EnclosingOperation', 'ReturnConsumedCapacity', 'Select']
const write = [...item, 'ReturnValues']
const partiql = ['LeadingKeys', 'Attributes', 'EnclosingOperation']

const row = (resources: string, keys: readonly string[] = []): DynamoDbAction => ({
  resources: resources.split(' ') as ResourceType[],
  keys: [...keys, ...(keys.includes('LeadingKeys') ? partitionKeys : [])].map((key) => `dynamodb:${key}`),
})

const partitionKeys = ['First', 'Second', 'Third', 'Fourth'].map((nth) => `${nth}PartitionKeyValues`)

const actions: Readonly<Record<string, DynamoDbAction>> = {
  AssociateTableReplica: row('table'),
  BatchGetItem: row('table', read),
  BatchWriteItem: row('table', item),
  CancelBulkOperation: row('table'),
  ConditionCheckItem: row('table', write),
  CreateBackup: row('table'),
  CreateGlobalTable: row('global-table table'),
  CreateGlobalTableWitness: row('table'),
  CreateTable: row('table'),
  CreateTableReplica: row('table'),
  DeleteBackup: row('backup'),
  DeleteGlobalTableWitness: row('table'),
  DeleteItem: row('table', write),
  DeleteResourcePolicy: row('table stream'),
  DeleteTable: row('table'),
  DeleteTableReplica: row('table'),
  DescribeBackup: row('backup'),
  DescribeBulkOperation: row('table'),
  DescribeContinuousBackups: row('table'),
  DescribeContributorInsights: row('table index'),
  DescribeEndpoints: row('none'),
  DescribeExport: row('export'),
  DescribeGlobalTable: row('global-table'),
  DescribeGlobalTableSettings: row('global-table'),
  DescribeImport: row('import'),
  DescribeKinesisStreamingDestination: row('table'),
  DescribeLimits: row('none'),
  DescribeReservedCapacity: row('none'),
  DescribeReservedCapacityOfferings: row('none'),
  DescribeStream: row('stream'),
  DescribeTable: row('table'),
  DescribeTableReplicaAutoScaling: row('table'),
  DescribeTimeToLive: row('table'),
  DisableKinesisStreamingDestination: row('table'),
  EnableKinesisStreamingDestination: row('table'),
  ExportTableToPointInTime: row('table'),
  GetAbacStatus: row('none'),
  GetItem: row('table', read),
  GetRecords: row('stream'),
  GetResourcePolicy: row('table stream'),
  GetShardIterator: row('stream'),
  ImportTable: row('table'),
  InjectError: row('table'),
  ListBackups: row('none'),
  ListBulkOperations: row('none'),
  ListContributorInsights: row('none'),
  ListExports: row('none'),
  ListGlobalTables: row('none'),
  ListImports: row('none'),
  ListStreams: row('none'),
  ListTables: row('none'),
  ListTagsOfResource: row('table'),
  PartiQLDelete: row('table', [...partiql, 'ReturnValues']),
  PartiQLInsert: row('table', partiql),
  PartiQLSelect: row('table index', [...partiql, 'FullTableScan', 'Select']),
  PartiQLUpdate: row('table', [...partiql, 'ReturnValues']),
  PurchaseReservedCapacityOfferings: row('none'),
  PutItem: row('table', write),
  PutResourcePolicy: row('table stream'),
  Query: row('table index', ['LeadingKeys', 'Attributes', 'ReturnConsumedCapacity', 'ReturnValues', 'Select']),
  ReadDataForReplication: row('table'),
  ReplicateSettings: row('table'),
  RestoreTableFromAwsBackup: row('table'),
  RestoreTableFromBackup: row('backup table'),
  RestoreTableToPointInTime: row('table'),
  Scan: row('table index', ['Attributes', 'ReturnConsumedCapacity', 'ReturnValues', 'Select']),
  SearchVectors: row('table index'),
  StartAwsBackupJob: row('table'),
  StartBulkPutItems: row('table'),
  TagResource: row('table'),
  UntagResource: row('table'),
  UpdateAbacStatus: row('none'),
  UpdateContinuousBackups: row('table'),
  UpdateContributorInsights: row('table index'),
  UpdateGlobalTable: row('global-table table'),
  UpdateGlobalTableSettings: row('global-table table'),
  UpdateGlobalTableVersion: row('global-table table'),
  UpdateItem: row('table', write),
  UpdateKinesisStreamingDestination: row('table'),
  UpdateTable: row('table'),
  UpdateTableReplicaAutoScaling: row('table'),
  UpdateTimeToLive: row('table'),
  WriteDataForReplication: row('table'),
}

export const dynamoDbActions: ReadonlyMap<string, DynamoDbAction> = new Map(Object.entries(actions))
