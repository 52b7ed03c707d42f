import type { DeleteTableInput, DeleteTableOutput } from '@aws-sdk/client-dynamodb'
import { systemBackupMs } from '../../core/limits/archive-limits.ts'
import { snapshotEdit } from '../../core/archive/backup.ts'
import { validationError } from '../../core/errors.ts'
import { leaveRegister, type LeaveRegister, replicaRegister, type RegisterValues } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { Tables } from '../../engine/engine.ts'
import { tableNameOf } from '../arns.ts'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { backupOf } from '../backups/new-backup.ts'
import { assertAdmitted } from './change-admission.ts'
import { assertFewUnderWay } from './cool-downs.ts'
import { describeTable } from './description.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { assertNoSource, protectedIn } from './updates/replica-updates.ts'
import { onlyOneReplica } from './updates/strong-updates.ts'

type Input = Wire<DeleteTableInput>
type Output = Wire<DeleteTableOutput>

export const deleteTable = defineControl<Input, Output>({
  name: 'DeleteTable',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const name = tableNameOf(context.settings, input.TableName ?? '')
    return oneAtATime(context.engine, name, () => remove(input, context))
  },
})

async function remove(input: Input, context: OperationContext): Promise<Output> {
  const table = tableInAnyState(input.TableName, context)
  if (table.strong !== undefined) throw onlyOneReplica()
  assertAdmitted(['deletion'], { table, context })
  if (table.settings.deletionProtection && table.replicas.length > 0) throw protectedIn(table, context.settings.region)
  if (table.settings.deletionProtection)
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    )
  assertNoSource(table, context.settings.region)
  assertFewUnderWay(context)
  const backup = await backupOfDeleted(table, context)
  await context.engine.define(table.id, [...removal(table, context), ...backup])
  return { TableDescription: removed(table, context) }
}

/** A table with point-in-time recovery is backed up as it goes. */
async function backupOfDeleted(table: Table, context: OperationContext): Promise<readonly RegisterEdit[]> {
  if (table.recovery === undefined) return []
  const expiresMs = context.env.clock.wallMs() + systemBackupMs
  const backup = backupOf(table, { name: `${table.name}$DeletedTableBackup`, type: 'SYSTEM', expiresMs }, context)
  await context.engine.archive.putBackup(backup)
  return [snapshotEdit(context.engine.tableWithId(table.id) ?? table, backup)]
}

/** The caretaker does the rest; the peers of a replica learn that it goes. */
function removal(table: Table, { engine, env, settings }: OperationContext): RegisterEdit[] {
  const status: RegisterValues['local/status'] = { status: 'DELETING', sinceMs: env.clock.wallMs() }
  const leaving: LeaveRegister = { by: settings.region, askedMs: env.clock.wallMs() }
  return [
    { register: 'local/status', value: status },
    ...(wasShared(table, engine) ? [{ register: leaveRegister(settings.region), value: leaving }] : []),
  ]
}

/** Also of the last replica the others must hear, or one that comes back would give the table back to this region. */
function wasShared(table: Table, engine: Pick<Tables, 'registers'>): boolean {
  return engine.registers(table.id).some(({ key }) => key.toString('utf8').startsWith(replicaRegister('')))
}

/** AWS tells less of a table that goes: no keys, no attributes, no indexes, no times. */
function removed(table: Table, context: OperationContext): Output['TableDescription'] {
  const {
    AttributeDefinitions: _attributes,
    KeySchema: _key,
    CreationDateTime: _created,
    LocalSecondaryIndexes: _locals,
    GlobalSecondaryIndexes: _globals,
    ...rest
  } = describeTable(table, context)
  return { ...rest, TableStatus: 'DELETING' }
}
