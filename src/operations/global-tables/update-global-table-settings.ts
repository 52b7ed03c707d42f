/**
 * Capacity of a global table by its old names: writing capacity and billing mode are the table's and so every replica's, reading
 * capacity and class are each replica's own.
 */
import type {
  ReplicaSettingsUpdate,
  UpdateGlobalTableSettingsInput,
  UpdateGlobalTableSettingsOutput,
} from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { ServiceError } from '../../core/errors.ts'
import { indexRegister, overrideRegister } from '../../core/table/registers.ts'
import type { Index, ReplicaOverrides, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { assertActive } from '../checks/table-exists.ts'
import { checkTableThroughput } from '../checks/throughput.ts'
import { refuseMembers } from '../refused-members.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { throughputChanges } from '../tables/decreases.ts'
import { shared } from '../tables/updates/index-updates.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { capacityAfter } from '../tables/updates/setting-updates.ts'
import { globalTable } from './global-table.ts'
import { replicaSettings } from './global-table-settings.ts'

type Input = Wire<UpdateGlobalTableSettingsInput>
type Output = Wire<UpdateGlobalTableSettingsOutput>
type ReplicaUpdate = Wire<ReplicaSettingsUpdate>

export const updateGlobalTableSettings = defineControl<Input, Output>({
  name: 'UpdateGlobalTableSettings',
  table: (input) => input.GlobalTableName,
  checks: [refuseMembers('UpdateGlobalTableSettings')],
  run: (input, context) => oneAtATime(context.engine, input.GlobalTableName ?? '', () => update(input, context)),
})

async function update(input: Input, context: OperationContext): Promise<Output> {
  const table = globalTable(input.GlobalTableName, context)
  assertActive(table)
  const edits = [
    ...capacity(table, input, context),
    ...(input.GlobalTableGlobalSecondaryIndexSettingsUpdate ?? []).map((asked) =>
      indexCapacity(globalIndex(table, asked.IndexName), asked.ProvisionedWriteCapacityUnits, context),
    ),
    ...(input.ReplicaSettingsUpdate ?? []).map((asked) => replica(table, asked)),
  ]
  if (edits.length > 0) await context.engine.define(table.id, edits)
  const changed = required(context.engine.tableWithId(table.id), `table ${table.name}`)
  return { GlobalTableName: table.name, ReplicaSettings: replicaSettings(changed, context) }
}

function capacity(table: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  const { GlobalTableBillingMode: mode, GlobalTableProvisionedWriteCapacityUnits: writeUnits } = input
  if (mode === undefined && writeUnits === undefined) return []
  const billingMode = mode ?? table.settings.billingMode
  const readUnits = table.settings.provisioned?.readUnits ?? 1
  const provisioned = writeUnits === undefined ? undefined : { readUnits, writeUnits }
  checkTableThroughput(
    billingMode,
    provisioned && { ReadCapacityUnits: provisioned.readUnits, WriteCapacityUnits: provisioned.writeUnits },
  )
  const value = capacityAfter(table, billingMode, provisioned, env.clock.wallMs())
  return [{ register: 'settings/capacity', value }]
}

function indexCapacity(index: Index, writeUnits: number | undefined, { env }: OperationContext): RegisterEdit {
  const provisioned = { readUnits: index.settings.provisioned?.readUnits ?? 1, writeUnits: writeUnits ?? 1 }
  return {
    register: indexRegister(index.name),
    value: {
      ...shared(index),
      settings: {
        ...index.settings,
        provisioned,
        ...throughputChanges(index.settings, provisioned, env.clock.wallMs()),
      },
    },
  }
}

function replica(table: Table, asked: ReplicaUpdate): RegisterEdit {
  const known = table.replicas.find(({ region }) => region === asked.RegionName)
  if (known === undefined)
    throw new ServiceError(
      'ReplicaNotFoundException',
      `Replica not found: global table '${table.name}' has no replica in region: '${asked.RegionName}'.`,
    )
  const indexes = (asked.ReplicaGlobalSecondaryIndexSettingsUpdate ?? []).map((index) => {
    const { name } = globalIndex(table, index.IndexName)
    const readUnits = index.ProvisionedReadCapacityUnits
    return [name, { ...known.overrides?.indexes?.[name], ...(readUnits === undefined ? {} : { readUnits }) }] as const
  })
  const readUnits = asked.ReplicaProvisionedReadCapacityUnits
  const value: ReplicaOverrides = {
    ...known.overrides,
    ...(readUnits === undefined ? {} : { readUnits }),
    ...(asked.ReplicaTableClass === undefined ? {} : { tableClass: asked.ReplicaTableClass }),
    ...(indexes.length === 0 ? {} : { indexes: { ...known.overrides?.indexes, ...Object.fromEntries(indexes) } }),
  }
  return { register: overrideRegister(known.region), value }
}

function globalIndex(table: Table, name: string | undefined): Index {
  const index = table.indexes.find((candidate) => candidate.kind === 'global' && candidate.name === name)
  // Changing one that is being removed would bring it back.
  if (index === undefined || index.status === 'DELETING')
    throw new ServiceError('IndexNotFoundException', `Index not found: Index: '${name}' of table: '${table.name}'.`)
  return index
}
