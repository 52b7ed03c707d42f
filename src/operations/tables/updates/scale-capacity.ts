/** Auto scaling's change of one unit of capacity. Other than UpdateTable's it leaves what replicas have in their own way, and reads of a replica are its own. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { required } from '../../../core/assert.ts'
import { ServiceError } from '../../../core/errors.ts'
import type { ScaledPart } from '../../../core/scaling/scalable-target.ts'
import { overrideRegister, type RegisterValues } from '../../../core/table/registers.ts'
import type { ReplicaOverrides, Table, Throughput } from '../../../core/table/table.ts'
import type { RegisterEdit } from '../../../engine/commands/command.ts'
import { oneAtATime } from '../../../engine/one-at-a-time.ts'
import { tableToChange } from '../../checks/table-exists.ts'
import type { OperationContext } from '../../operation.ts'
import type { Wire } from '../../sdk-shape.ts'
import { assertFewUnderWay } from '../cool-downs.ts'
import { assertMayDecrease } from '../decreases.ts'
import { indexUpdates } from './index-updates.ts'
import { indexSettingsAt, settingsAt } from '../replica-overrides.ts'
import { capacityAfter } from './setting-updates.ts'
import { underWayEdits } from '../under-way.ts'
import { assertState } from '../update-table.ts'

type Input = Wire<UpdateTableInput>

/** What the part of the table has provisioned in this region; undefined for one that is on demand, or not there. */
export function provisionedUnits(table: Table, part: ScaledPart, region: string): number | undefined {
  const provisioned = throughputOf(table, part, region)
  return part.direction === 'read' ? provisioned?.readUnits : provisioned?.writeUnits
}

function throughputOf(table: Table, { index: name }: ScaledPart, region: string): Throughput | undefined {
  if (table.settings.billingMode !== 'PROVISIONED') return undefined
  const replica = table.replicas.find((each) => each.region === region)
  if (name === undefined) return settingsAt(table.settings, replica).provisioned
  const index = table.indexes.find((each) => each.kind === 'global' && each.name === name)
  if (index === undefined || index.status === 'DELETING') return undefined
  return indexSettingsAt(name, index.settings, replica).provisioned
}

export type CapacityChange = ScaledPart & { readonly table: string; readonly units: number }

/** Rejects with the ServiceError that UpdateTable would. `more`: registers that become durable with it. */
export async function scaleCapacity(
  change: CapacityChange,
  context: OperationContext,
  more: (table: Table) => readonly RegisterEdit[] = () => [],
): Promise<void> {
  await oneAtATime(context.engine, change.table, async () => {
    const table = tableToChange(change.table, context)
    const input = inputOf(table, change)
    assertState(table, input, { context })
    assertFewUnderWay(context)
    const edits = isOfReplica(table, change)
      ? [overrideOf(table, change, context.settings.region)]
      : sharedEdits(table, input, context)
    await context.engine.define(table.id, [...edits, ...underWayEdits(table, input, context), ...more(table)])
  })
}

/** Reads of a global table are of each replica. */
const isOfReplica = ({ replicas }: Table, { direction }: ScaledPart): boolean =>
  replicas.length > 0 && direction === 'read'

function inputOf(table: Table, { index, direction, units }: CapacityChange): Input {
  const own = index === undefined ? table.settings : table.indexes.find(({ name }) => name === index)?.settings
  const before = own?.provisioned
  if (table.settings.billingMode !== 'PROVISIONED' || before === undefined)
    throw new ServiceError('ResourceNotFoundException', 'Requested resource not found')
  const ProvisionedThroughput = {
    ReadCapacityUnits: direction === 'read' ? units : before.readUnits,
    WriteCapacityUnits: direction === 'write' ? units : before.writeUnits,
  }
  if (index === undefined) return { TableName: table.name, ProvisionedThroughput }
  return {
    TableName: table.name,
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: index, ProvisionedThroughput } }],
  }
}

function sharedEdits(table: Table, input: Input, context: OperationContext): RegisterEdit[] {
  const { ProvisionedThroughput: asked } = input
  if (asked === undefined) return indexUpdates(table, input, context)
  const nowMs = context.env.clock.wallMs()
  const after = {
    readUnits: required(asked.ReadCapacityUnits, 'reads'),
    writeUnits: required(asked.WriteCapacityUnits, 'writes'),
  }
  assertMayDecrease(table.settings, after, nowMs)
  const value: RegisterValues['settings/capacity'] = capacityAfter(table, 'PROVISIONED', after, nowMs)
  return [{ register: 'settings/capacity', value }]
}

function overrideOf(table: Table, { index, units }: CapacityChange, region: string): RegisterEdit {
  const before: ReplicaOverrides = table.replicas.find((each) => each.region === region)?.overrides ?? {}
  const value: ReplicaOverrides =
    index === undefined
      ? { ...before, readUnits: units }
      : { ...before, indexes: { ...before.indexes, [index]: { ...before.indexes?.[index], readUnits: units } } }
  return { register: overrideRegister(region), value }
}
