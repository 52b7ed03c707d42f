/** Replicas come as in CreateGlobalTable; one that is removed keeps its table, which is then one of its own. */
import type { ReplicaUpdate, UpdateGlobalTableInput, UpdateGlobalTableOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { inUse } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { assertKnownRegion, assertNoSource, leaving, newReplica } from '../tables/updates/replica-updates.ts'
import { describeGlobalTable, globalTable } from './global-table.ts'

type Input = Wire<UpdateGlobalTableInput>
type Output = Wire<UpdateGlobalTableOutput>
type Update = Wire<ReplicaUpdate>

export const updateGlobalTable = defineControl<Input, Output>({
  name: 'UpdateGlobalTable',
  table: (input) => input.GlobalTableName,
  checks: [replicaUpdates],
  run: (input, context) => oneAtATime(context.engine, input.GlobalTableName ?? '', () => change(input, context)),
})

const regionOf = (update: Update): string => (update.Create ?? update.Delete)?.RegionName ?? ''

function replicaUpdates({ ReplicaUpdates: updates = [] }: Input, { settings }: OperationContext): void {
  for (const update of updates) {
    if ((update.Create === undefined) === (update.Delete === undefined))
      throw validationError(
        'One or more parameter values were invalid: Exactly one of Create or Delete must be specified in a ReplicaUpdate',
      )
    if (update.Create !== undefined) assertKnownRegion(regionOf(update), settings.regions)
  }
  if (new Set(updates.map(regionOf)).size < updates.length)
    throw validationError('One or more parameter values were invalid: Only one replica update per region is allowed')
}

async function change(input: Input, context: OperationContext): Promise<Output> {
  const table = globalTable(input.GlobalTableName, context)
  // As with UpdateTable: while it is UPDATING, a lost region can be given up.
  if (table.status === 'CREATING' || table.status === 'DELETING') throw inUse(table)
  const edits = (input.ReplicaUpdates ?? []).flatMap((each) =>
    each.Create === undefined ? removal(table, regionOf(each), context) : creation(table, regionOf(each), context),
  )
  await context.engine.define(table.id, edits)
  const changed = required(context.engine.tableWithId(table.id), `table ${table.name}`)
  return { GlobalTableDescription: describeGlobalTable(changed, context) }
}

function creation(table: Table, region: string, { settings }: OperationContext): RegisterEdit[] {
  const known = table.replicas.find((replica) => replica.region === region)
  if (known !== undefined && known.status !== 'CREATION_FAILED')
    throw new ServiceError(
      'ReplicaAlreadyExistsException',
      `Replica already exists: global table '${table.name}' has a replica in region: '${region}'.`,
    )
  return newReplica(table, region, { takesOver: true }, settings.region)
}

function removal(table: Table, region: string, { settings }: OperationContext): RegisterEdit[] {
  if (!table.replicas.some((replica) => replica.region === region))
    throw new ServiceError(
      'ReplicaNotFoundException',
      `Replica not found: global table '${table.name}' has no replica in region: '${region}'.`,
    )
  assertNoSource(table, region)
  return leaving(region, { keepsTable: true }, settings.regions)
}
