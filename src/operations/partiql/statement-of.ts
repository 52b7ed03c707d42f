/** A request's statement: its parameters checked as values are anywhere, its text parsed, its table found. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import { parseStatement } from '../../core/partiql/parser.ts'
import type { Statement } from '../../core/partiql/statement.ts'
import type { Table } from '../../core/table/table.ts'
import { checkValue } from '../../core/wire/attribute-values.ts'
import { tableForItems } from '../checks/table-exists.ts'
import type { OperationContext } from '../operation.ts'

export type Given = {
  readonly Statement?: string | undefined
  readonly Parameters?: readonly AttributeValue[] | undefined
}

export function statementOf({ Statement: text = '', Parameters: parameters = [] }: Given): Statement {
  for (const parameter of parameters) checkValue(parameter)
  return parseStatement(text, parameters)
}

export function tableNameOfStatement(statement: Statement): string {
  return statement.kind === 'exists' ? statement.select.table : statement.table
}

export function tableOfStatement(statement: Statement, context: OperationContext): Table {
  return tableForItems(tableNameOfStatement(statement), context)
}
