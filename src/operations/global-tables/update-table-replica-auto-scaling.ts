/** Auto scaling of all replicas at once: what is said of writes holds in every region, what is said of reads in the one that is named. */
import type {
  ReplicaAutoScalingUpdate,
  UpdateTableReplicaAutoScalingInput,
  UpdateTableReplicaAutoScalingOutput,
} from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { validationError } from '../../core/errors.ts'
import { partKey, type ScalableTarget, type ScaledPart } from '../../core/scaling/scalable-target.ts'
import { scalingRegister } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { assertActive } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describedScaling, scaledGlobalTable, type SettingsUpdate, updatedTarget } from './replica-scaling.ts'

type Input = Wire<UpdateTableReplicaAutoScalingInput>
type Output = Wire<UpdateTableReplicaAutoScalingOutput>

export const updateTableReplicaAutoScaling = defineControl<Input, Output>({
  name: 'UpdateTableReplicaAutoScaling',
  table: (input) => input.TableName,
  checks: [checkSomethingAsked],
  run: async (input, context) => {
    const { name } = scaledGlobalTable(input.TableName, context)
    return await oneAtATime(context.engine, name, () => update(input, context))
  },
})

function checkSomethingAsked(input: Input): void {
  const { GlobalSecondaryIndexUpdates, ProvisionedWriteCapacityAutoScalingUpdate, ReplicaUpdates } = input
  if ((GlobalSecondaryIndexUpdates ?? ProvisionedWriteCapacityAutoScalingUpdate ?? ReplicaUpdates) === undefined)
    throw invalid(
      'At least one of GlobalSecondaryIndexUpdates, ProvisionedWriteCapacityAutoScalingUpdate or ReplicaUpdates is required',
    )
}

async function update(input: Input, context: OperationContext): Promise<Output> {
  const table = scaledGlobalTable(input.TableName, context)
  assertActive(table)
  const targets = new Map<string, Record<string, ScalableTarget>>()
  for (const { regions, part, update: settings } of asked(input, table)) {
    for (const region of regions) {
      const ofRegion = targets.get(region) ?? { ...table.scaling?.get(region) }
      targets.set(region, ofRegion)
      const after = updatedTarget(ofRegion[partKey(part)], settings, { table, part, context })
      if (after === undefined) delete ofRegion[partKey(part)]
      else ofRegion[partKey(part)] = after
    }
  }
  const edits = [...targets].map(([region, value]) => ({
    register: scalingRegister(region),
    value: Object.keys(value).length === 0 ? undefined : value,
  }))
  await context.engine.define(table.id, edits)
  const changed = required(context.engine.tableWithId(table.id), `table ${table.name}`)
  const described = describedScaling(changed, context)
  return { TableAutoScalingDescription: { ...described, TableStatus: 'UPDATING' } }
}

type Asked = { readonly regions: readonly string[]; readonly part: ScaledPart; readonly update: SettingsUpdate }

function asked(input: Input, table: Table): readonly Asked[] {
  const regions = table.replicas.map(({ region }) => region)
  const { ProvisionedWriteCapacityAutoScalingUpdate: writes } = input
  const indexes = (input.GlobalSecondaryIndexUpdates ?? []).flatMap((each) => {
    const index = indexIn(table, each.IndexName)
    const { ProvisionedWriteCapacityAutoScalingUpdate: own } = each
    return own === undefined ? [] : [{ regions, part: { direction: 'write' as const, index }, update: own }]
  })
  return [
    ...(writes === undefined ? [] : [{ regions, part: { direction: 'write' as const }, update: writes }]),
    ...indexes,
    ...(input.ReplicaUpdates ?? []).flatMap((each) => readsAsked(table, each)),
  ]
}

function readsAsked(table: Table, each: Wire<ReplicaAutoScalingUpdate>): readonly Asked[] {
  const region = each.RegionName ?? ''
  if (!table.replicas.some((replica) => replica.region === region))
    throw validationError(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${region}].`,
    )
  const regions = [region]
  const { ReplicaProvisionedReadCapacityAutoScalingUpdate: reads } = each
  const indexes = (each.ReplicaGlobalSecondaryIndexUpdates ?? []).flatMap((of) => {
    const index = indexIn(table, of.IndexName)
    const { ProvisionedReadCapacityAutoScalingUpdate: own } = of
    return own === undefined ? [] : [{ regions, part: { direction: 'read' as const, index }, update: own }]
  })
  return [
    ...(reads === undefined ? [] : [{ regions, part: { direction: 'read' as const }, update: reads }]),
    ...indexes,
  ]
}

function indexIn({ indexes }: Table, name = ''): string {
  if (!indexes.some((index) => index.kind === 'global' && index.name === name))
    throw invalid(`The table does not have the specified index: ${name}`)
  return name
}

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)
