/** A table as DescribeTable, and every operation that changes a table, tells of it. */
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  ReplicaDescription,
  TableDescription,
} from '@aws-sdk/client-dynamodb'
import { ownLabel } from '../../core/table/identity.ts'
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
} from '../../core/table/table.ts'
import { indexArn, streamArn, tableArn } from '../arns.ts'
import { keyArnOf, managedKey } from '../key-arn.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { decreasesToday } from './decreases.ts'
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
    ProvisionedThroughput: {
      ...throughputTimes(table.settings),
      NumberOfDecreasesToday: decreasesToday(table.settings.decreases, nowMs),
      ...units(table.throughputBefore ?? table.settings.provisioned),
    },
    TableSizeBytes: size.bytes,
    ItemCount: size.items,
    TableArn: tableArn(settings, table.name),
    TableId: table.identity?.tableId ?? table.id,
    ...billing(table),
    ...(table.settings.onDemand === undefined ? {} : { OnDemandThroughput: onDemandUnits(table.settings.onDemand) }),
    WarmThroughput: { ...warmUnits(table.settings, table.settings.billingMode), Status: table.status },
    ...localIndexes(table, context),
    ...globalIndexes(table, context),
    ...stream(table, context),
    ...replicas(shared, context),
    ...encryption(table.settings, settings),
    ...(table.settings.tableClass === undefined
      ? {}
      : { TableClassSummary: { TableClass: table.settings.tableClass } }),
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

function projectionOf(projection: Projection): Wire<NonNullable<LocalSecondaryIndexDescription['Projection']>> {
  return {
    ProjectionType: projection.type,
    ...(projection.type === 'INCLUDE' ? { NonKeyAttributes: projection.attributes } : {}),
  }
}

const units = (throughput: Throughput | undefined) => ({
  ReadCapacityUnits: throughput?.readUnits ?? 0,
  WriteCapacityUnits: throughput?.writeUnits ?? 0,
})

function throughputTimes({ throughputIncreasedMs, throughputDecreasedMs }: TableSettings) {
  return {
    ...(throughputIncreasedMs === undefined ? {} : { LastIncreaseDateTime: seconds(throughputIncreasedMs) }),
    ...(throughputDecreasedMs === undefined ? {} : { LastDecreaseDateTime: seconds(throughputDecreasedMs) }),
  }
}

const onDemandUnits = ({ maxReadUnits = -1, maxWriteUnits = -1 }: NonNullable<IndexSettings['onDemand']>) => ({
  MaxReadRequestUnits: maxReadUnits,
  MaxWriteRequestUnits: maxWriteUnits,
})

/** What AWS keeps warm without being asked: 12,000 reads and 4,000 writes a second on demand, else what is provisioned. */
export function warmThroughput(
  { warm, provisioned }: IndexSettings,
  billingMode: TableSettings['billingMode'],
): Throughput {
  const given = billingMode === 'PROVISIONED' ? provisioned : undefined
  return warm ?? given ?? { readUnits: 12_000, writeUnits: 4_000 }
}

function warmUnits(settings: IndexSettings, billingMode: TableSettings['billingMode']) {
  const { readUnits, writeUnits } = warmThroughput(settings, billingMode)
  return { ReadUnitsPerSecond: readUnits, WriteUnitsPerSecond: writeUnits }
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
  const { onDemand, provisioned, decreases } = index.settings
  const given = table.settings.billingMode === 'PROVISIONED' ? provisioned : undefined
  return {
    IndexStatus: index.status,
    ...(index.backfilling || index.status === 'CREATING' ? { Backfilling: index.backfilling } : {}),
    ProvisionedThroughput: { NumberOfDecreasesToday: decreasesToday(decreases, nowMs), ...units(given) },
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
function replicas(table: Table, { settings }: OperationContext): Pick<Description, GlobalFields> {
  const others = table.replicas.filter((replica) => replica.region !== settings.region)
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

function encryption(
  { encryption: given }: TableSettings,
  place: OperationContext['settings'],
): Pick<Description, 'SSEDescription'> {
  if (given === undefined) return {}
  return {
    SSEDescription: {
      Status: given.status as 'ENABLED',
      SSEType: given.type as 'KMS',
      KMSMasterKeyArn: keyArnOf(place, given.keyArn ?? managedKey),
    },
  }
}
