/**
 * What a replica may have in its own way: reading capacity, table class, key. A later change of the same setting of the
 * table, from whichever replica, holds for all of them (developer guide, settings of global tables).
 */
import type { CreateReplicationGroupMemberAction, UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { overrideRegister } from '../../core/table/registers.ts'
import type { IndexSettings, Replica, ReplicaOverrides, Table, TableSettings } from '../../core/table/table.ts'
import { keyArnOf } from '../key-arn.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { Wire } from '../sdk-shape.ts'

type Input = Wire<UpdateTableInput>
type Asked = Partial<Wire<CreateReplicationGroupMemberAction>>
type ReadOverride = Pick<ReplicaOverrides, 'readUnits' | 'maxReadUnits'>

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

/** Those that a request names take the place of those before. */
export function overridesFrom(
  table: Table,
  asked: Asked,
  before: ReplicaOverrides | undefined,
  accountId: string,
): ReplicaOverrides {
  const { RegionName: region = '', KMSMasterKeyId, TableClassOverride, GlobalSecondaryIndexes } = asked
  const indexes: Record<string, ReadOverride> = { ...before?.indexes }
  for (const index of GlobalSecondaryIndexes ?? []) {
    const name = index.IndexName ?? ''
    if (!table.indexes.some((each) => each.kind === 'global' && each.name === name)) {
      // Of a new replica AWS passes over it.
      if (before === undefined) continue
      throw invalid(`The table does not have the specified index: ${name}`)
    }
    indexes[name] = { ...indexes[name], ...readOverride(table, index, before === undefined) }
  }
  return {
    ...before,
    ...readOverride(table, asked, before === undefined),
    ...(KMSMasterKeyId === undefined ? {} : { keyArn: keyArnOf({ region, accountId }, KMSMasterKeyId) }),
    ...(TableClassOverride === undefined ? {} : { tableClass: TableClassOverride }),
    ...(Object.keys(indexes).length === 0 ? {} : { indexes }),
  }
}

function readOverride(
  { settings: { billingMode } }: Table,
  asked: Pick<Asked, 'ProvisionedThroughputOverride' | 'OnDemandThroughputOverride'>,
  isNew: boolean,
): ReadOverride {
  const readUnits = asked.ProvisionedThroughputOverride?.ReadCapacityUnits
  const maxReadUnits = asked.OnDemandThroughputOverride?.MaxReadRequestUnits
  if (readUnits !== undefined && billingMode === 'PAY_PER_REQUEST' && !isNew)
    throw invalid(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    )
  if (maxReadUnits !== undefined && billingMode === 'PROVISIONED')
    throw invalid('OnDemandThroughputOverride cannot be specified when BillingMode is PROVISIONED')
  return {
    ...(readUnits === undefined ? {} : { readUnits }),
    ...(maxReadUnits === undefined ? {} : { maxReadUnits }),
  }
}

/** A change of the table's own settings ends what replicas had of them in their own way. */
export function overwritten(table: Table, input: Input): RegisterEdit[] {
  return table.replicas.flatMap(({ region, overrides }) => {
    if (overrides === undefined) return []
    const rest = remaining(overrides, input)
    return Object.keys(rest).length === Object.keys(overrides).length && rest.indexes === overrides.indexes
      ? []
      : [{ register: overrideRegister(region), value: rest }]
  })
}

function remaining({ tableClass, readUnits, maxReadUnits, indexes, ...rest }: ReplicaOverrides, input: Input) {
  const capacity = input.BillingMode ?? input.ProvisionedThroughput
  const changed = new Set(input.GlobalSecondaryIndexUpdates?.map(({ Update: update }) => update?.IndexName))
  const kept = Object.entries(indexes ?? {}).filter(([name]) => !changed.has(name))
  const keptIndexes = kept.length === Object.keys(indexes ?? {}).length ? indexes : Object.fromEntries(kept)
  return {
    ...rest,
    ...(tableClass === undefined || input.TableClass !== undefined ? {} : { tableClass }),
    ...(readUnits === undefined || capacity !== undefined ? {} : { readUnits }),
    ...(maxReadUnits === undefined || input.OnDemandThroughput?.MaxReadRequestUnits !== undefined
      ? {}
      : { maxReadUnits }),
    ...(keptIndexes === undefined ? {} : { indexes: keptIndexes }),
  }
}

/** The settings that a region's replica goes by. */
export function settingsAt(settings: TableSettings, replica: Replica | undefined): TableSettings {
  const overrides = replica?.overrides
  if (overrides === undefined) return settings
  return {
    ...settings,
    ...readSettings(settings, overrides),
    ...(overrides.tableClass === undefined ? {} : { tableClass: overrides.tableClass }),
    ...(overrides.keyArn === undefined
      ? {}
      : { encryption: { type: 'KMS', status: 'ENABLED', ...settings.encryption, keyArn: overrides.keyArn } }),
  }
}

export function indexSettingsAt(name: string, settings: IndexSettings, replica: Replica | undefined): IndexSettings {
  const override = replica?.overrides?.indexes?.[name]
  return override === undefined ? settings : { ...settings, ...readSettings(settings, override) }
}

function readSettings(settings: IndexSettings, { readUnits, maxReadUnits }: ReadOverride): IndexSettings {
  return {
    ...(readUnits === undefined || settings.provisioned === undefined
      ? {}
      : { provisioned: { ...settings.provisioned, readUnits } }),
    ...(maxReadUnits === undefined ? {} : { onDemand: { ...settings.onDemand, maxReadUnits } }),
  }
}
