/** A backup as DescribeBackup, DeleteBackup and ListBackups tell of it. */
import type { BackupDescription, BackupDetails, BackupSummary } from '@aws-sdk/client-dynamodb'
import type { Backup, SavedIndex, SavedTable } from '../../core/archive/backup.ts'
import type { Throughput } from '../../core/table/table.ts'
import { tableArn } from '../arns.ts'
import { keyArnOf, managedKey } from '../key-arn.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { keySchemaElements, onDemandUnits, projectionOf, seconds } from '../tables/description.ts'
import { arnOf } from './named-backup.ts'

type Context = Pick<OperationContext, 'settings'>
type Features = NonNullable<Wire<BackupDescription>['SourceTableFeatureDetails']>

export function backupDetails(backup: Backup, context: Context): Wire<BackupDetails> {
  const { name, status, type, createdMs, expiresMs, progress, table } = backup
  return {
    BackupArn: arnOf(backup, context),
    BackupName: name,
    BackupSizeBytes: status === 'CREATING' ? table.bytes : progress.bytes,
    BackupStatus: status,
    BackupType: type as 'USER',
    BackupCreationDateTime: seconds(createdMs),
    ...(expiresMs === undefined ? {} : { BackupExpiryDateTime: seconds(expiresMs) }),
  }
}

export function backupDescription(backup: Backup, context: Context): Wire<BackupDescription> {
  const { table } = backup
  return {
    BackupDetails: backupDetails(backup, context),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.tableId,
      TableArn: tableArn(context.settings, table.name),
      TableSizeBytes: table.bytes,
      KeySchema: keySchemaElements(table.key),
      TableCreationDateTime: seconds(table.createdMs),
      ProvisionedThroughput: units(table.settings.provisioned),
      ...(table.settings.onDemand === undefined ? {} : { OnDemandThroughput: onDemandUnits(table.settings.onDemand) }),
      ItemCount: table.items,
      BillingMode: table.settings.billingMode,
    },
    SourceTableFeatureDetails: featuresOf(table, context),
  }
}

export function backupSummary(backup: Backup, context: Context): Wire<BackupSummary> {
  const { table } = backup
  return {
    TableName: table.name,
    TableId: table.tableId,
    TableArn: tableArn(context.settings, table.name),
    ...backupDetails(backup, context),
  }
}

const units = (throughput: Throughput | undefined) => ({
  ReadCapacityUnits: throughput?.readUnits ?? 0,
  WriteCapacityUnits: throughput?.writeUnits ?? 0,
})

/** Nothing of a table that is plain. */
function featuresOf({ indexes, settings }: SavedTable, context: Context): Features {
  const locals = indexes.filter(({ kind }) => kind === 'local')
  const globals = indexes.filter(({ kind }) => kind === 'global')
  return {
    ...(locals.length === 0 ? {} : { LocalSecondaryIndexes: locals.map(indexInfo) }),
    ...(globals.length === 0 ? {} : { GlobalSecondaryIndexes: globals.map(globalIndexInfo) }),
    ...streamOf(settings),
    ...timeToLiveOf(settings),
    ...encryptionOf(settings, context),
  }
}

const indexInfo = ({ name, key, projection }: SavedIndex) => ({
  IndexName: name,
  KeySchema: keySchemaElements(key),
  Projection: projectionOf(projection),
})

const globalIndexInfo = (index: SavedIndex) => ({
  ...indexInfo(index),
  ...(index.settings.provisioned === undefined ? {} : { ProvisionedThroughput: units(index.settings.provisioned) }),
  ...(index.settings.onDemand === undefined ? {} : { OnDemandThroughput: onDemandUnits(index.settings.onDemand) }),
})

function streamOf({ stream }: SavedTable['settings']): Pick<Features, 'StreamDescription'> {
  if (stream?.enabled !== true) return {}
  return { StreamDescription: { StreamEnabled: true, StreamViewType: stream.viewType as 'NEW_IMAGE' } }
}

function timeToLiveOf({ timeToLive }: SavedTable['settings']): Pick<Features, 'TimeToLiveDescription'> {
  if (timeToLive?.enabled !== true) return {}
  return { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.attribute } }
}

function encryptionOf({ encryption }: SavedTable['settings'], { settings }: Context): Pick<Features, 'SSEDescription'> {
  if (encryption === undefined) return {}
  return {
    SSEDescription: {
      Status: 'ENABLED',
      SSEType: encryption.type as 'KMS',
      KMSMasterKeyArn: keyArnOf(settings, encryption.keyArn ?? managedKey),
    },
  }
}
