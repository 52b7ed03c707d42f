/** A table as DescribeTable, and every operation that changes a table, tells of it. */
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  ReplicaDescription,
  TableDescription,
} from '@aws-sdk/client-dynamodb'
import { onDemandUnitsMin } from '../../core/limits/capacity-limits.ts'
import { ownLabel } from '../../core/table/table-identity.ts'
import type {
  Index,
  IndexSettings,
  KeySchema,
  Projection,
  Replica,
  ReplicaOverrides,
  Table,
  TableSettings,
  Throughput,
  ThroughputChanges,
} from '../../core/table/table.ts'
import { indexArn, streamArn, tableArn } from '../arns.ts'
import { keyArnOf, managedKey } from '../key-arn.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import type { Wait } from '../../core/table/waits.ts'
import { lasts } from './cool-downs.ts'
import { decreasesToday, isDecrease } from './decreases.ts'
import { indexSettingsAt, settingsAt } from './replica-overrides.ts'

type Description = Wire<TableDescription>

/** Times are seconds with a fraction. */
export const seconds = (ms: number): number => ms / 1000

export function describeTable(shared: Table, context: OperationContext): Description {
  const { settings } = context
  const table = asSeenFrom(settings.region, shared)
  const size = context.engine.size(table)
  const nowMs = context.env.clock.wallMs()
  return {
    AttributeDefinitions: table.attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    TableName: table.name,
    KeySchema: keySchemaElements(table.key),
    TableStatus: table.status,
    CreationDateTime: seconds(table.identity?.createdMs ?? table.createdMs),
    ProvisionedThroughput: throughputDescription(table.settings, table, nowMs),
    TableSizeBytes: size.bytes,
    ItemCount: size.items,
    TableArn: tableArn(settings, table.name),
    TableId: table.identity?.tableId ?? table.id,
    ...billing(table),
    ...(table.settings.onDemand === undefined ? {} : { OnDemandThroughput: onDemandUnits(table.settings.onDemand) }),
    WarmThroughput: { ...warmUnits(table.settings, table.settings.billingMode), Status: warmStatus(table, context) },
    ...localIndexes(table, context),
    ...globalIndexes(table, context),
    ...stream(table, context),
    ...replicas(shared, context),
    ...consistency(shared, context),
    ...encryption(table, context),
    ...restoreSummary(table),
    ...classSummary(table),
    DeletionProtectionEnabled: table.settings.deletionProtection,
  }
}

/** The table with the settings that the region's own replica has. */
function asSeenFrom(region: string, table: Table): Table {
  const own = table.replicas.find((replica) => replica.region === region)
  if (own?.overrides === undefined) return table
  const indexes = table.indexes.map((index) => ({
    ...index,
    settings: indexSettingsAt(index.name, index.settings, own),
  }))
  return { ...table, indexes, settings: settingsAt(table.settings, own) }
}

export function keySchemaElements(key: KeySchema): Wire<KeySchemaElement>[] {
  return [
    ...key.partition.map(({ name }) => ({ AttributeName: name, KeyType: 'HASH' as const })),
    ...key.sort.map(({ name }) => ({ AttributeName: name, KeyType: 'RANGE' as const })),
  ]
}

export function projectionOf(projection: Projection): Wire<NonNullable<LocalSecondaryIndexDescription['Projection']>> {
  return {
    ProjectionType: projection.type,
    ...(projection.type === 'INCLUDE' ? { NonKeyAttributes: projection.attributes } : {}),
  }
}

const units = (throughput: Throughput | undefined) => ({
  ReadCapacityUnits: throughput?.readUnits ?? 0,
  WriteCapacityUnits: throughput?.writeUnits ?? 0,
})

/** Until a change of it ends, with the units and the count before the change, and with its time. */
function throughputDescription(
  settings: Pick<IndexSettings, 'provisioned'> & ThroughputChanges,
  { throughputBefore: before }: Pick<Table, 'throughputBefore'>,
  nowMs: number,
) {
  const { provisioned, decreases, throughputIncreasedMs, throughputDecreasedMs } = settings
  const count = decreasesToday(decreases, nowMs)
  return {
    ...(throughputIncreasedMs === undefined ? {} : { LastIncreaseDateTime: seconds(throughputIncreasedMs) }),
    ...(throughputDecreasedMs === undefined ? {} : { LastDecreaseDateTime: seconds(throughputDecreasedMs) }),
    NumberOfDecreasesToday: Math.max(0, isDecrease(before, provisioned) ? count - 1 : count),
    ...units(before ?? provisioned),
  }
}

export const onDemandUnits = ({ maxReadUnits = -1, maxWriteUnits = -1 }: NonNullable<IndexSettings['onDemand']>) => ({
  MaxReadRequestUnits: maxReadUnits,
  MaxWriteRequestUnits: maxWriteUnits,
})

/** What AWS keeps warm without being asked: 12,000 reads and 4,000 writes a second on demand, else what is provisioned. */
export function warmThroughput(
  { warm, provisioned }: IndexSettings,
  billingMode: TableSettings['billingMode'],
): Throughput {
  const given = billingMode === 'PROVISIONED' ? provisioned : undefined
  return warm ?? given ?? { readUnits: onDemandUnitsMin.read, writeUnits: onDemandUnitsMin.write }
}

function warmUnits(settings: IndexSettings, billingMode: TableSettings['billingMode']) {
  const { readUnits, writeUnits } = warmThroughput(settings, billingMode)
  return { ReadUnitsPerSecond: readUnits, WriteUnitsPerSecond: writeUnits }
}

function warmStatus({ status, settings }: Table, context: OperationContext): Table['status'] {
  if (lasts('warm throughput increase', settings.changes?.warm, context)) return 'UPDATING'
  return status === 'UPDATING' ? 'ACTIVE' : status
}

/** The class that the table has once it is ACTIVE; until then there are two that it can have been before. */
function classSummary({ status, settings, underWay }: Table): Pick<Description, 'TableClassSummary'> {
  const { tableClass: now, changes } = settings
  const times = changes?.tableClass ?? []
  const isChanging = status === 'UPDATING' && underWay?.wait === 'class change'
  const before = times.length < 2 ? undefined : now === 'STANDARD' ? 'STANDARD_INFREQUENT_ACCESS' : 'STANDARD'
  const shown = isChanging ? before : now
  const changedMs = times.at(isChanging ? -2 : -1)
  if (shown === undefined) return {}
  return {
    TableClassSummary: {
      TableClass: shown,
      ...(changedMs === undefined ? {} : { LastUpdateDateTime: seconds(changedMs) }),
    },
  }
}

/** A table that was never on demand says nothing of its billing mode. */
function billing({ settings, status }: Table): Pick<Description, 'BillingModeSummary'> {
  const changedMs = settings.billingModeChangedMs
  if (settings.billingMode === 'PROVISIONED' && changedMs === undefined) return {}
  return {
    BillingModeSummary: {
      BillingMode: settings.billingMode,
      ...(changedMs === undefined || status === 'CREATING'
        ? {}
        : { LastUpdateToPayPerRequestDateTime: seconds(changedMs) }),
    },
  }
}

function localIndexes(table: Table, context: OperationContext): Pick<Description, 'LocalSecondaryIndexes'> {
  const indexes = table.indexes.filter((index) => index.kind === 'local')
  if (indexes.length === 0) return {}
  return { LocalSecondaryIndexes: indexes.map((index) => indexDescription(table, index, context)) }
}

function globalIndexes(table: Table, context: OperationContext): Pick<Description, 'GlobalSecondaryIndexes'> {
  const indexes = table.indexes.filter((index) => index.kind === 'global')
  if (indexes.length === 0) return {}
  return {
    GlobalSecondaryIndexes: indexes.map((index) => ({
      ...indexDescription(table, index, context),
      ...globalIndexDescription(table, index, context.env.clock.wallMs()),
    })),
  }
}

function indexDescription(
  table: Table,
  index: Index,
  { engine, settings }: OperationContext,
): Wire<LocalSecondaryIndexDescription> {
  const size = engine.size(table, index)
  return {
    IndexName: index.name,
    KeySchema: keySchemaElements(index.key),
    Projection: projectionOf(index.projection),
    IndexSizeBytes: size.bytes,
    ItemCount: size.items,
    IndexArn: indexArn(settings, table.name, index.name),
  }
}

function globalIndexDescription(table: Table, index: Index, nowMs: number): Wire<GlobalSecondaryIndexDescription> {
  const { onDemand, provisioned: _, ...settings } = index.settings
  const given = table.settings.billingMode === 'PROVISIONED' ? index.settings.provisioned : undefined
  const shown = given === undefined ? settings : { ...settings, provisioned: given }
  return {
    IndexStatus: index.status,
    ...(index.backfilling || index.status === 'CREATING' ? { Backfilling: index.backfilling } : {}),
    ProvisionedThroughput: throughputDescription(shown, given === undefined ? {} : index, nowMs),
    ...(onDemand === undefined ? {} : { OnDemandThroughput: onDemandUnits(onDemand) }),
    WarmThroughput: { ...warmUnits(index.settings, table.settings.billingMode), Status: index.status },
  }
}

function stream(
  { name, identity, settings: { stream: specification } }: Table,
  { settings }: OperationContext,
): Pick<Description, 'StreamSpecification' | 'LatestStreamLabel' | 'LatestStreamArn'> {
  if (specification === undefined) return {}
  const label = ownLabel(specification.label, identity)
  return {
    ...(specification.enabled
      ? {
          StreamSpecification: {
            StreamEnabled: true,
            StreamViewType: specification.viewType as 'NEW_AND_OLD_IMAGES',
          },
        }
      : {}),
    LatestStreamLabel: label,
    LatestStreamArn: streamArn(settings, name, label),
  }
}

type GlobalFields =
  | 'GlobalTableVersion'
  | 'Replicas'
  | 'GlobalTableSettingsReplicationMode'
  | 'DisassociationProtectionEnabled'

/**
 * The called region is not among them: https://github.com/localstack/localstack/issues/7426 compares with AWS.
 */
function replicas(table: Table, context: OperationContext): Pick<Description, GlobalFields> {
  const { settings } = context
  const others = table.replicas.filter(
    (replica) => replica.region !== settings.region && isListed(replica, table, context),
  )
  if (others.length === 0) {
    const { settingsReplication } = table.settings
    return settingsReplication === undefined ? {} : { GlobalTableSettingsReplicationMode: settingsReplication }
  }
  return {
    GlobalTableVersion: '2019.11.21',
    Replicas: others.map((replica) => replicaDescription(table, replica, settings)),
    GlobalTableSettingsReplicationMode: settingsMode,
    DisassociationProtectionEnabled: table.settings.disassociationProtection ?? true,
  }
}

/** Tables with eventual consistency never show theirs. The answer that promises strong consistency shows it, and the witness comes later. */
function consistency(
  table: Table,
  context: OperationContext,
): Pick<Description, 'MultiRegionConsistency' | 'GlobalTableWitnesses' | 'GlobalTableVersion'> {
  const { strong, replicas: all } = table
  if (strong === undefined) return {}
  const isComing = all.some(({ status }) => status === 'CREATING')
  const isShown = all.every((replica) => isListed(replica, table, context))
  const WitnessStatus = strong.leaving !== undefined ? 'DELETING' : isComing ? 'CREATING' : 'ACTIVE'
  return {
    GlobalTableVersion: '2019.11.21',
    MultiRegionConsistency: 'STRONG',
    ...(strong.witness === undefined || !isShown
      ? {}
      : { GlobalTableWitnesses: [{ RegionName: strong.witness, WitnessStatus }] }),
  }
}

/** AWS lists a new replica some seconds after the answer that promises it. */
export function isListed({ status }: Replica, { underWay }: Table, context: OperationContext): boolean {
  if (status !== 'CREATING' || underWay === undefined || !creations.has(underWay.wait)) return true
  return !lasts('replica listing', underWay.beganMs, context)
}

const creations: ReadonlySet<Wait> = new Set(['replica creation', 'strong creation', 'strong creation with witness'])

/** "This mode is set by default for a same account global table" (API reference, ReplicaDescription). */
const settingsMode = 'ENABLED_WITH_OVERRIDES'

export function replicaDescription(
  table: Table,
  replica: Replica,
  { regions }: OperationContext['settings'],
): Wire<ReplicaDescription> {
  const { tableClass } = settingsAt(table.settings, replica)
  const { region, statusDescription, percentProgress, overrides } = replica
  return {
    RegionName: region,
    ReplicaStatus: replicaStatus(replica, regions),
    ...(statusDescription === undefined ? {} : { ReplicaStatusDescription: statusDescription }),
    ...(percentProgress === undefined ? {} : { ReplicaStatusPercentProgress: `${percentProgress}` }),
    ...(overrides?.keyArn === undefined ? {} : { KMSMasterKeyId: overrides.keyArn }),
    ...readOverrides(overrides),
    WarmThroughput: { ...warmUnits(table.settings, table.settings.billingMode), Status: 'ACTIVE' },
    ...replicaIndexes(table, overrides),
    ...(tableClass === undefined ? {} : { ReplicaTableClassSummary: { TableClass: tableClass } }),
    GlobalTableSettingsReplicationMode: settingsMode,
  }
}

/** A replica in a region that this deployment does not have any more can be removed, and nothing else. */
export function replicaStatus({ region, status }: Replica, regions: readonly string[]): Replica['status'] {
  return regions.includes(region) ? status : 'REGION_DISABLED'
}

function replicaIndexes(
  { indexes, settings }: Table,
  overrides: ReplicaOverrides | undefined,
): Pick<Wire<ReplicaDescription>, 'GlobalSecondaryIndexes'> {
  const globals = indexes.filter((index) => index.kind === 'global')
  if (globals.length === 0) return {}
  return {
    GlobalSecondaryIndexes: globals.map((index) => ({
      IndexName: index.name,
      ...readOverrides(overrides?.indexes?.[index.name]),
      WarmThroughput: { ...warmUnits(index.settings, settings.billingMode), Status: 'ACTIVE' as const },
    })),
  }
}

function readOverrides({ readUnits, maxReadUnits }: Pick<ReplicaOverrides, 'readUnits' | 'maxReadUnits'> = {}) {
  return {
    ...(readUnits === undefined ? {} : { ProvisionedThroughputOverride: { ReadCapacityUnits: readUnits } }),
    ...(maxReadUnits === undefined ? {} : { OnDemandThroughputOverride: { MaxReadRequestUnits: maxReadUnits } }),
  }
}

/** Until the table is ACTIVE. */
function restoreSummary({ status, restore }: Table): Pick<Description, 'RestoreSummary'> {
  if (restore === undefined || restore.importOf !== undefined || status !== 'CREATING') return {}
  const { backupArn, tableArn: source, atMs } = restore
  return {
    RestoreSummary: {
      ...(backupArn === undefined ? {} : { SourceBackupArn: backupArn }),
      SourceTableArn: source,
      RestoreDateTime: seconds(atMs),
      RestoreInProgress: true,
    },
  }
}

/** The table stays ACTIVE while its key changes. Without a key of its own it tells of the change only. */
function encryption({ settings, keyLoss }: Table, context: OperationContext): Pick<Description, 'SSEDescription'> {
  const { encryption: given, changes } = settings
  const isChanging = lasts('encryption change', changes?.encryption?.at(-1), context)
  if (given === undefined) return isChanging ? { SSEDescription: { Status: 'UPDATING' } } : {}
  return {
    SSEDescription: {
      Status: isChanging ? 'UPDATING' : (given.status as 'ENABLED'),
      SSEType: given.type as 'KMS',
      KMSMasterKeyArn: keyArnOf(context.settings, given.keyArn ?? managedKey),
      ...(keyLoss?.isShown === true ? { InaccessibleEncryptionDateTime: seconds(keyLoss.sinceMs) } : {}),
    },
  }
}
