/**
 * UpdateTable: one request changes one thing of a table, as AWS has it; each kind of change is a file of its own that
 * gives the register edits for it, or throws what AWS says against it.
 */
import type { UpdateTableInput, UpdateTableOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import type { Table } from '../../core/table/table.ts'
import { tableNameOf } from '../arns.ts'
import { inUse, tableToChange } from '../checks/table-exists.ts'
import { checkBounds } from '../checks/throughput.ts'
import { refuseMembers } from '../refused-members.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { assertAdmitted } from './change-admission.ts'
import { assertFewUnderWay } from './cool-downs.ts'
import { describeTable } from './description.ts'
import { checkIndexUpdates, indexUpdates } from './updates/index-updates.ts'
import { overwritten } from './replica-overrides.ts'
import { checkOneChange, checkSomethingAsked } from './updates/one-change.ts'
import { checkReplicasKnown, checkReplicaUpdates, replicaUpdates, strongReplicas } from './updates/replica-updates.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { capacityUpdate, checkMaximum, checkReplicaStream, settingUpdates } from './updates/setting-updates.ts'
import { assertAnotherKey, assertKeyMayChange, checkSpecification, withUsableKey } from './encryption-settings.ts'
import { assertConsistencyMayChange, assertNotStrong, groupOf, isBirth } from './updates/strong-updates.ts'
import { isDropped, kindsOf, underWayEdits } from './under-way.ts'

type Input = Wire<UpdateTableInput>
type Output = Wire<UpdateTableOutput>
type Description = NonNullable<Output['TableDescription']>

export const updateTable = defineControl<Input, Output>({
  name: 'UpdateTable',
  table: (input) => input.TableName,
  checks: [
    refuseMembers('UpdateTable'),
    checkSomethingAsked,
    checkOneChange,
    throughputBounds,
    ({ SSESpecification }) => checkSpecification(SSESpecification),
    checkIndexUpdates,
    checkReplicaUpdates,
  ],
  run: (input, context) => changeTable(input, context, {}),
})

type Force = { readonly byForce?: boolean }

/**
 * Makes the changes that a request asks for, unless something that is under way refuses them. A table is UPDATING as long as a replica of it is
 * CREATING, and a region that cannot be reached keeps it so. Clients have to wait then, as on AWS; an operator who gives the region up need not.
 */
function changeTable(input: Input, context: OperationContext, force: Force): Promise<Output> {
  const name = tableNameOf(context.settings, input.TableName ?? '')
  return oneAtATime(context.engine, name, async () => {
    const table = tableToChange(input.TableName, context)
    if (isDropped(table, input)) return unchanged(table, context)
    assertState(table, input, { context, ...force })
    if (force.byForce !== true) assertFewUnderWay(context)
    return await change(table, await withKey(table, input, context), context)
  })
}

/** AWS looks at the key last, when nothing else refuses the change. */
async function withKey(table: Table, input: Input, context: OperationContext): Promise<Input> {
  if (input.SSESpecification === undefined) return input
  assertKeyMayChange(table, context)
  if (context.keys === undefined) return input
  assertNotStrong(table, 'A key of the table')
  assertAnotherKey(table, input.SSESpecification, context)
  return { ...input, SSESpecification: await withUsableKey(input.SSESpecification, context) }
}

/** A table that comes or goes refuses everything; then come those errors of the content that AWS names before the state; then the state. */
export function assertState(
  table: Table,
  input: Input,
  { context, byForce = false }: Force & { context: OperationContext },
): void {
  if (isRefused(table, input)) throw inUse(table)
  assertAdmitted(kindsOf(table, input), { table, context, byForce: true })
  checkMaximum(table, input)
  checkReplicaStream(table, input)
  checkReplicasKnown(table, input, context)
  if (context.strong !== undefined) assertConsistencyMayChange(table, input, context)
  if (!byForce) assertAdmitted(kindsOf(table, input), { table, context })
}

/** Without its key a table takes what does not touch its items; one that lost items takes nothing. */
function isRefused(
  { status, keyLoss }: Table,
  { GlobalSecondaryIndexUpdates: indexes, ReplicaUpdates: replicas }: Input,
) {
  if (status !== 'INACCESSIBLE_ENCRYPTION_CREDENTIALS') return false
  return keyLoss === undefined || (indexes ?? replicas) !== undefined
}

async function change(table: Table, input: Input, context: OperationContext): Promise<Output> {
  const { strong } = context
  if (strong !== undefined && isBirth(input)) {
    const edits = [...strongReplicas(table, input, context), ...underWayEdits(table, input, context)]
    await strong.begin(table, groupOf(input, context), edits)
    return answer(table, input, context)
  }
  if (strong !== undefined && table.strong !== undefined && input.ReplicaUpdates?.some(({ Delete }) => Delete)) {
    await strong.end(table)
    return answer(table, input, context)
  }
  const edits = [
    ...capacityUpdate(table, input, context),
    ...settingUpdates(table, input, context),
    ...indexUpdates(table, input, context),
    ...overwritten(table, input),
    ...replicaUpdates(table, input, context),
  ]
  // A mode or class that the table has already is answered as if it changed.
  if (edits.length === 0 && (input.BillingMode ?? input.TableClass) !== undefined) return unchanged(table, context)
  if (edits.length > 0) await context.engine.define(table.id, [...edits, ...underWayEdits(table, input, context)])
  return answer(table, input, context)
}

/** By its name: with its consistency the table gets another id. */
function answer({ name }: Table, input: Input, context: OperationContext): Output {
  const changed = required(context.engine.tableNamed(name), `table ${name}`)
  return { TableDescription: changing(describeTable(withoutNew(changed, input), context), input) }
}

const unchanged = (table: Table, context: OperationContext): Output => ({
  TableDescription: { ...describeTable(table, context), TableStatus: 'UPDATING' },
})

/**
 * Removes a replica for an operator. By force also while the table is UPDATING, as it is as long as a lost region's replica is CREATING. What guards a
 * replica guards it here, too. Rejects with a ServiceError.
 */
export async function removeReplica(
  { table, region, byForce }: { readonly table: string; readonly region: string; readonly byForce: boolean },
  context: OperationContext,
): Promise<void> {
  const input = { TableName: table, ReplicaUpdates: [{ Delete: { RegionName: region } }] }
  checkReplicaUpdates(input, context)
  await (byForce ? changeReplicas(input, context) : updateTable.run(input, context))
}

/** As UpdateTable, but also while the table is UPDATING, and several at once: for operators and the simulator. Rejects with a ServiceError. */
export function changeReplicas(input: Input, context: OperationContext): Promise<Output> {
  return changeTable(input, context, { byForce: true })
}

/** What changes while the table stays ACTIVE is told as UPDATING by the answer, however short that lasts. */
function changing(table: Description, input: Input): Description {
  const Status = 'UPDATING'
  return {
    ...table,
    ...(input.SSESpecification === undefined ? {} : { SSEDescription: { ...table.SSEDescription, Status } }),
    ...(input.WarmThroughput === undefined ? {} : { WarmThroughput: { ...table.WarmThroughput, Status } }),
  }
}

/** AWS lists a new replica some seconds after the answer that promises it. */
function withoutNew(table: Table, input: Input): Table {
  const { ReplicaUpdates: updates = [] } = input
  const made = new Set(updates.map(({ Create: create }) => create?.RegionName))
  const replicas = table.replicas.filter(({ region }) => !made.has(region))
  if (!isBirth(input) || table.strong === undefined) return { ...table, replicas }
  const { witness: _, ...strong } = table.strong
  return { ...table, replicas, strong }
}

function throughputBounds({ ProvisionedThroughput }: Input): void {
  if (ProvisionedThroughput !== undefined) checkBounds(ProvisionedThroughput, '')
}
