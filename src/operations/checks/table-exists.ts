/** Finds the table that a request names, in the state that the operation needs, with the errors that AWS gives. */
import { ServiceError } from '../../core/errors.ts'
import type { Index, Table } from '../../core/table/table.ts'
import { validationError } from '../../core/errors.ts'
import type { OperationContext } from '../operation.ts'
import { tableNameOf } from '../arns.ts'
import { lossError } from '../tables/encryption-settings.ts'

/** For operations on items: a table that is being made or removed is none yet, or no more. */
export function tableForItems(nameOrArn: string | undefined, context: OperationContext): Table {
  const table = context.engine.tableNamed(tableNameOf(context.settings, nameOrArn ?? ''))
  if (table === undefined || table.status === 'CREATING' || table.status === 'DELETING')
    throw new ServiceError('ResourceNotFoundException', 'Requested resource not found')
  if (table.keyLoss !== undefined) throw lossError(table.keyLoss, context)
  if (table.status === 'INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    throw new ServiceError(
      'ServiceUnavailable',
      `The table ${table.name} lost items with its damaged disk and is not served. \`longitude repair ${table.name}\` accepts what is left.`,
    )
  return table
}

/** For operations on tables: whatever its state. */
export function tableInAnyState(nameOrArn: string | undefined, context: OperationContext): Table {
  const name = tableNameOf(context.settings, nameOrArn ?? '')
  const table = context.engine.tableNamed(name)
  if (table === undefined) throw notFound(name)
  return table
}

/** For changes of a table: one that is being restored, or a replica that is being made in this region, takes none, and is not found. */
export function tableToChange(nameOrArn: string | undefined, context: OperationContext): Table {
  const table = tableInAnyState(nameOrArn, context)
  if (table.restore !== undefined || isComing(table, context)) throw notFound(table.name)
  return table
}

/** For what AWS keeps beside a table (expiry, insights, streaming): it learns of the table when that is ACTIVE. */
export function tableMade(nameOrArn: string | undefined, context: OperationContext): Table {
  const table = tableInAnyState(nameOrArn, context)
  if (table.status === 'CREATING') throw notFound(table.name)
  return table
}

const isComing = ({ replicas }: Table, { settings }: OperationContext): boolean =>
  replicas.some(({ region, status }) => region === settings.region && status === 'CREATING')

const notFound = (name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`)

export function assertActive(table: Table): void {
  if (table.status !== 'ACTIVE') throw inUse(table)
}

const doing = {
  CREATING: 'created',
  UPDATING: 'updated',
  DELETING: 'deleted',
  ACTIVE: 'used',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS: 'repaired',
} as const

export function inUse(table: Table): ServiceError {
  return stillInUse(table, `Table is being ${doing[table.status]}: ${table.name}`)
}

/** AWS says of a member of a global table that it is in use, and not why. */
export function stillInUse({ replicas }: Table, detail: string): ServiceError {
  const text =
    replicas.length > 0
      ? 'The resource which you are attempting to change is in use.'
      : `Attempt to change a resource which is still in use: ${detail}`
  return new ServiceError('ResourceInUseException', text)
}

type IndexRead = { readonly IndexName?: string | undefined; readonly ConsistentRead?: boolean | undefined }

/** The index that a Query or Scan names. One that is still being filled answers nothing yet. */
export function indexForRead(table: Table, { IndexName: name, ConsistentRead }: IndexRead): Index | undefined {
  if (name === undefined) return undefined
  const index = table.indexes.find((candidate) => candidate.name === name)
  if (index === undefined || index.status === 'DELETING')
    throw validationError(`The table does not have the specified index: ${name}`)
  if (index.kind === 'global' && ConsistentRead === true)
    throw validationError('Consistent reads are not supported on global secondary indexes')
  if (index.status === 'CREATING') throw validationError(`Cannot read from backfilling global secondary index: ${name}`)
  return index
}
