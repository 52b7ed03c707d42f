/**
 * UpdateTable: one request changes one thing of a table, as AWS has it; each kind of change is a file of its own that
 * gives the register edits for it, or throws what AWS says against it.
 */
import type { UpdateTableInput, UpdateTableOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { validationError } from '../../core/errors.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import { tableNameOf } from '../arns.ts'
import { assertActive, tableInAnyState } from '../checks/table-exists.ts'
import { checkBounds } from '../checks/throughput.ts'
import { refuseMembers } from '../refused-members.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describeTable } from './description.ts'
import { checkIndexUpdates, indexUpdates } from './index-updates.ts'
import { overwritten } from './replica-overrides.ts'
import { checkReplicaUpdates, replicaUpdates } from './replica-updates.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { capacityUpdate, settingUpdates } from './setting-updates.ts'

type Input = Wire<UpdateTableInput>
type Output = Wire<UpdateTableOutput>

export const updateTable = defineControl<Input, Output>({
  name: 'UpdateTable',
  table: (input) => input.TableName,
  checks: [
    refuseMembers('UpdateTable'),
    somethingAsked,
    replicasAlone,
    protectionAlone,
    throughputBounds,
    checkIndexUpdates,
    checkReplicaUpdates,
  ],
  run: (input, context) => changeTable(input, context, assertActive),
})

/**
 * Makes the changes that a request asks for, unless the table's state is refused. A table is UPDATING as long as a replica of it is CREATING, and a
 * region that cannot be reached keeps it so. Clients have to wait then, as on AWS; an operator who gives the region up need not.
 */
function changeTable(input: Input, context: OperationContext, assertState: (table: Table) => void): Promise<Output> {
  const name = tableNameOf(context.settings, input.TableName ?? '')
  return oneAtATime(context.engine, name, async () => {
    const table = tableInAnyState(input.TableName, context)
    assertState(table)
    return await change(table, input, context)
  })
}

async function change(table: Table, input: Input, context: OperationContext): Promise<Output> {
  const edits = [
    ...capacityUpdate(table, input, context),
    ...settingUpdates(table, input, context),
    ...indexUpdates(table, input, context),
    ...overwritten(table, input),
    ...replicaUpdates(table, input, context),
  ]
  if (edits.length > 0) await context.engine.define(table.id, [...edits, ...updating(table, input, context)])
  const changed = required(context.engine.tableWithId(table.id), `table ${table.name}`)
  return { TableDescription: describeTable(withoutNew(changed, input), context) }
}

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
  return changeTable(input, context, (table) => {
    if (table.status !== 'UPDATING') assertActive(table)
  })
}

/** AWS lists a new replica some seconds after the answer that promises it. */
function withoutNew(table: Table, { ReplicaUpdates: updates = [] }: Input): Table {
  const made = new Set(updates.map(({ Create: create }) => create?.RegionName))
  return { ...table, replicas: table.replicas.filter(({ region }) => !made.has(region)) }
}

const changes = [
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexUpdates',
  'StreamSpecification',
  'SSESpecification',
  'ReplicaUpdates',
  'TableClass',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'DisassociationProtectionEnabled',
  'GlobalTableSettingsReplicationMode',
] as const satisfies readonly (keyof Input)[]

function somethingAsked(input: Input): void {
  const asked = changes.some((member) => {
    const value = input[member]
    return value !== undefined && (!Array.isArray(value) || value.length > 0)
  })
  if (!asked)
    throw validationError(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
    )
}

function asksBeside(member: (typeof changes)[number], input: Input): boolean {
  return changes.some((each) => each !== member && input[each] !== undefined)
}

function replicasAlone(input: Input): void {
  if ((input.ReplicaUpdates?.length ?? 0) === 0) return
  if (asksBeside('ReplicaUpdates', input))
    throw validationError(
      'One or more parameter values were invalid: Replica modification must be the only operation in the request',
    )
}

function throughputBounds({ ProvisionedThroughput }: Input): void {
  if (ProvisionedThroughput !== undefined) checkBounds(ProvisionedThroughput, '')
}

/** "You can't combine this change with any other change in the same UpdateTable request" (API reference). */
function protectionAlone(input: Input): void {
  if (input.DisassociationProtectionEnabled === undefined) return
  if (asksBeside('DisassociationProtectionEnabled', input))
    throw validationError(
      'One or more parameter values were invalid: DisassociationProtectionEnabled cannot be combined with any other change',
    )
}

const atOnce: readonly (keyof Input)[] = [
  'DeletionProtectionEnabled',
  'DisassociationProtectionEnabled',
  'GlobalTableSettingsReplicationMode',
]

/** The protections, and the mode of replication of a table that has no replica, are the changes that are made without passing through UPDATING. */
function updating({ settings }: Table, input: Input, { env }: OperationContext): RegisterEdit[] {
  if (changes.every((member) => input[member] === undefined || atOnce.includes(member))) return []
  // The published example of the API shows the throughput before the change while the table is UPDATING.
  const staysProvisioned = settings.billingMode === 'PROVISIONED' && input.BillingMode !== 'PAY_PER_REQUEST'
  const before = staysProvisioned && input.ProvisionedThroughput !== undefined ? settings.provisioned : undefined
  const value: RegisterValues['local/status'] = {
    status: 'UPDATING',
    sinceMs: env.clock.wallMs(),
    ...(before === undefined ? {} : { before }),
  }
  return [{ register: 'local/status', value }]
}
