/** Metrics that say what tables may use: of provisioned tables and of limits on demand, as AWS shows them every five minutes. */
import type { MetricRef } from '../../core/metrics/metric.ts'
import { idleResourcesMax } from '../../core/limits/metric-limits.ts'
import { consumedUnits, tableSetting } from '../../core/metrics/region-metrics.ts'
import type { Table } from '../../core/table/table.ts'

type Sample = { readonly ref: MetricRef; readonly value: number }

/** Quotas of an account (developer guide). */
const accountUnitsMax = 80_000
const tableUnitsMax = 40_000

export function tableSettings(tables: readonly Table[]): readonly Sample[] {
  const settings = tables.flatMap((table) => [
    ...settingsOf({ TableName: table.name }, table.settings, table.settings.billingMode),
    ...table.indexes
      .filter(({ kind }) => kind === 'global')
      .flatMap(({ name, settings: own }) =>
        settingsOf({ TableName: table.name, GlobalSecondaryIndexName: name }, own, table.settings.billingMode),
      ),
  ])
  return [...settings, ...ofAccount(tables)]
}

/** Consumed units of tables and global indexes that may have no requests: as on AWS, their minutes are 0 then. */
export function idleUnits(tables: readonly Table[]): readonly MetricRef[] {
  const resources = tables.flatMap(({ name: TableName, indexes }) => [
    { TableName },
    ...indexes
      .filter(({ kind }) => kind === 'global')
      .map(({ name }) => ({ TableName, GlobalSecondaryIndexName: name })),
  ])
  return resources.slice(0, idleResourcesMax).flatMap((dimensions) => consumedUnits(dimensions))
}

type Settings = Pick<Table['settings'], 'provisioned' | 'onDemand'>

function settingsOf(
  dimensions: Readonly<Record<string, string>>,
  { provisioned, onDemand }: Settings,
  billingMode: Table['settings']['billingMode'],
): readonly Sample[] {
  const sample = (name: string, value: number | undefined): readonly Sample[] =>
    value === undefined || value < 0 ? [] : [{ ref: tableSetting(name, dimensions), value }]
  if (billingMode === 'PROVISIONED')
    return [
      ...sample('ProvisionedReadCapacityUnits', provisioned?.readUnits),
      ...sample('ProvisionedWriteCapacityUnits', provisioned?.writeUnits),
    ]
  return [
    ...sample('OnDemandMaxReadRequestUnits', onDemand?.maxReadUnits),
    ...sample('OnDemandMaxWriteRequestUnits', onDemand?.maxWriteUnits),
  ]
}

function ofAccount(tables: readonly Table[]): readonly Sample[] {
  const provisioned = tables.filter(({ settings }) => settings.billingMode === 'PROVISIONED')
  const most = (units: (table: Table) => number): number =>
    provisioned.reduce((max, table) => Math.max(max, units(table)), 0)
  const total = (units: (table: Table) => number): number => provisioned.reduce((sum, table) => sum + units(table), 0)
  const reads = ({ settings }: Table): number => settings.provisioned?.readUnits ?? 0
  const writes = ({ settings }: Table): number => settings.provisioned?.writeUnits ?? 0
  const count = (name: string, value: number): Sample => ({ ref: tableSetting(name, {}), value })
  const percent = (name: string, part: number, whole: number): Sample => ({
    ref: tableSetting(name, {}, 'Percent'),
    value: (part / whole) * 100,
  })
  return [
    count('AccountMaxReads', accountUnitsMax),
    count('AccountMaxWrites', accountUnitsMax),
    count('AccountMaxTableLevelReads', tableUnitsMax),
    count('AccountMaxTableLevelWrites', tableUnitsMax),
    percent('AccountProvisionedReadCapacityUtilization', total(reads), accountUnitsMax),
    percent('AccountProvisionedWriteCapacityUtilization', total(writes), accountUnitsMax),
    percent('MaxProvisionedTableReadCapacityUtilization', most(reads), tableUnitsMax),
    percent('MaxProvisionedTableWriteCapacityUtilization', most(writes), tableUnitsMax),
  ]
}
