/** Kept, described and replicated like every setting; the caretaker makes the expiry index follow it. */
import type { UpdateTimeToLiveInput, UpdateTimeToLiveOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { tableNameOf } from '../arns.ts'
import { inUse, tableMade } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { assertTimeToLiveMayChange, noteOfChanges } from '../tables/cool-downs.ts'
import { noTimeToLive } from '../tables/updates/strong-updates.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'

type Input = Wire<UpdateTimeToLiveInput>
type Output = Wire<UpdateTimeToLiveOutput>

export const updateTimeToLive = defineControl<Input, Output>({
  name: 'UpdateTimeToLive',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const name = tableNameOf(context.settings, input.TableName ?? '')
    return oneAtATime(context.engine, name, () => update(input, context))
  },
})

async function update(input: Input, context: OperationContext): Promise<Output> {
  const { Enabled: enabled = false, AttributeName: attribute = '' } = input.TimeToLiveSpecification ?? {}
  const table = tableMade(input.TableName, context)
  if (table.status === 'DELETING') throw inUse(table)
  if (table.strong !== undefined) throw noTimeToLive()
  assertNoReplicaComes(table, context)
  assertChanges(table, enabled, attribute)
  assertTimeToLiveMayChange(table, context)
  const value: RegisterValues['settings/time-to-live'] = { attribute, enabled }
  const note = noteOfChanges(table, ['timeToLive'], context.env.clock.wallMs())
  await context.engine.define(table.id, [{ register: 'settings/time-to-live', value }, ...note])
  return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } }
}

/** AWS's words, while a replica gets the items that are there. */
function assertNoReplicaComes(table: Table, { engine }: OperationContext): void {
  const coming = table.replicas.find(({ status }) => status === 'CREATING')
  if (coming !== undefined && engine.size(table).items > 0)
    throw validationError(
      `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘${table.name}’ in region: ‘${coming.region}’.`,
    )
}

function assertChanges({ settings: { timeToLive } }: Table, enabled: boolean, attribute: string): void {
  if (timeToLive?.enabled !== true) {
    if (!enabled) throw validationError('TimeToLive is already disabled')
    return
  }
  if (timeToLive.attribute !== attribute)
    throw validationError(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${timeToLive.attribute}`,
    )
  if (enabled) throw validationError('TimeToLive is already enabled')
}
