/** A request's statement: its parameters checked as values are anywhere, its text parsed, its table found. */
import { unreachable } from '../../core/assert.ts'
import type { AttributeValue } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { parseStatement } from '../../core/partiql/parser.ts'
import { partitionKeys } from '../../core/partiql/lower.ts'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import type { Table } from '../../core/table/table.ts'
import { checkValue } from '../../core/wire/attribute-values.ts'
import { tableForItems } from '../checks/table-exists.ts'
import type { OperationContext } from '../operation.ts'
import { returnValues } from './statement-write.ts'
import { attributesIn, keyAmong, selects, type Touch } from '../touch.ts'

export type Given = {
  readonly Statement?: string | undefined
  readonly Parameters?: readonly AttributeValue[] | undefined
}

export function statementOf({ Statement: text = '', Parameters: parameters = [] }: Given): Statement {
  for (const parameter of parameters) checkValue(parameter, 'parameter')
  return parseStatement(text, parameters)
}

export function tableNameOfStatement(statement: Statement): string {
  return statement.kind === 'exists' ? statement.select.table : statement.table
}

export function tableOfStatement(statement: Statement, context: OperationContext): Table {
  const table = tableForItems(tableNameOfStatement(statement), context)
  if (table.indexes.some(({ key }) => key.partition.length > 1 || key.sort.length > 1))
    throw validationError(
      'PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.',
    )
  return table
}

/** PartiQL has four permissions of its own; EXISTS(SELECT …) reads. */
export function touchOfStatement(statement: Statement): Touch {
  const returning = 'returning' in statement ? statement.returning : undefined
  const says = { returnValues: returning === undefined ? 'NONE' : returnValues[returning] }
  switch (statement.kind) {
    case 'select':
      return touchOfSelect(statement)
    case 'exists':
      return touchOfSelect(statement.select)
    case 'insert': {
      const { table, item } = statement
      return {
        action: 'PartiQLInsert',
        table,
        keysOf: (key) => [keyAmong(key, item)],
        attributes: attributesIn({ items: [item] }),
        says,
      }
    }
    case 'update':
      return {
        action: 'PartiQLUpdate',
        table: statement.table,
        keysOf: (key) => partitionKeys(statement.where, key) ?? [],
        attributes: attributesIn({ conditions: [statement.where], update: statement }),
        says,
      }
    case 'delete':
      return {
        action: 'PartiQLDelete',
        table: statement.table,
        keysOf: (key) => partitionKeys(statement.where, key) ?? [],
        attributes: attributesIn({ conditions: [statement.where] }),
        says,
      }
    default:
      return unreachable(statement)
  }
}

/** A SELECT whose WHERE names no partition reads everything, which only the table's key tells. */
function touchOfSelect({ table, index, where, paths }: Select): Touch {
  return {
    action: 'PartiQLSelect',
    table,
    index,
    keysOf: (key) => (where === undefined ? [] : (partitionKeys(where, key) ?? [])),
    attributes: attributesIn({ conditions: [where], projection: paths && { paths } }),
    says: { select: selects(paths, { IndexName: index }) },
  }
}
