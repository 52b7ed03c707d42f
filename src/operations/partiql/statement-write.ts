/** INSERT, UPDATE, DELETE and EXISTS as the writes that the other operations make. */
import { unreachable } from '../../core/assert.ts'
import { sizeOfItem } from '../../core/attribute/size.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { itemSizeBytesMax } from '../../core/limits/limits.ts'
import { insertCondition, type KeyedWrite, lowerDelete, lowerExists, lowerUpdate } from '../../core/partiql/lower.ts'
import type { Insert, Returning, Select, Statement } from '../../core/partiql/statement.ts'
import type { Item } from '../../core/attribute/value.ts'
import type { Table } from '../../core/table/table.ts'
import { returnedAttributes, type ReturnValues } from '../../core/write/return-values.ts'
import type { Refusal, Write } from '../../core/write/write.ts'
import type { RequestContext } from '../operation.ts'
import { commitOne, errorOf } from '../items/commit-one.ts'
import type { TableWrite } from '../items/collection-metrics.ts'
import { keyOfItem, keyOfKey } from '../items/item-key.ts'

export type WriteStatement = Exclude<Statement, Select>

export function isWrite(statement: Statement): statement is WriteStatement {
  return statement.kind !== 'select'
}

export function writeOf(statement: WriteStatement, table: Table, returnItemOnRefusal: boolean): Write {
  switch (statement.kind) {
    case 'insert':
      return { ...insertOf(statement, table), returnItemOnRefusal }
    case 'update': {
      const update = { actions: statement.actions }
      return {
        kind: 'update',
        table: table.id,
        update,
        ...keyed(lowerUpdate(statement, table.key), table),
        returnItemOnRefusal,
      }
    }
    case 'delete':
      return {
        kind: 'delete',
        table: table.id,
        ...keyed(lowerDelete(statement, table.key), table),
        returnItemOnRefusal,
      }
    case 'exists': {
      const lowered = lowerExists(statement.select, table.key)
      return {
        kind: 'check',
        table: table.id,
        ...keyed(lowered, table),
        condition: lowered.condition,
        returnItemOnRefusal,
      }
    }
    default:
      return unreachable(statement)
  }
}

function insertOf({ item }: Insert, table: Table): Write {
  const key = keyOfItem(table, item)
  if (sizeOfItem(item) > itemSizeBytesMax) throw validationError('Item size has exceeded the maximum allowed size')
  return { kind: 'put', table: table.id, item, ...key, condition: insertCondition(table.key) }
}

function keyed({ keyAttributes, condition }: KeyedWrite, table: Table) {
  return { ...keyOfKey(table, keyAttributes), ...(condition === undefined ? {} : { condition }) }
}

/** A write statement on its own; returns what its RETURNING asks for. */
export async function commitStatement(
  statement: WriteStatement,
  { table, write }: TableWrite,
  context: RequestContext,
): Promise<Item | undefined> {
  if (statement.kind === 'exists') throw validationError('EXISTS is allowed in ExecuteTransaction only')
  const refused = (refusal: Refusal): ServiceError => errorOfRefusal(statement, refusal)
  const outcome = await commitOne({ table, write }, context, statement.table, refused)
  const update = write.kind === 'update' ? write.update : undefined
  return returnedAttributes(returningOf(statement), outcome, update)
}

export const returnValues: Readonly<Record<Returning, ReturnValues>> = {
  ALL_OLD: 'ALL_OLD',
  ALL_NEW: 'ALL_NEW',
  MODIFIED_OLD: 'UPDATED_OLD',
  MODIFIED_NEW: 'UPDATED_NEW',
}

export function returningOf(statement: WriteStatement): ReturnValues {
  const returning = statement.kind === 'update' || statement.kind === 'delete' ? statement.returning : undefined
  return returning === undefined ? 'NONE' : returnValues[returning]
}

/** An INSERT is refused by its item being there, which has an error of its own. */
function errorOfRefusal(statement: WriteStatement, refusal: Refusal): ServiceError {
  return statement.kind === 'insert' && refusal.refused === 'condition'
    ? new ServiceError('DuplicateItemException', 'Duplicate primary key exists in table')
    : errorOf(refusal)
}
