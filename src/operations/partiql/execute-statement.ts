import type { ExecuteStatementInput, ExecuteStatementOutput } from '@aws-sdk/client-dynamodb'
import type { Select } from '../../core/partiql/statement.ts'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { writeCapacity } from '../../core/write/capacity.ts'
import { validationError } from '../../core/errors.ts'
import type { Turns } from '../../core/turns.ts'
import { inTurns } from '../in-turns.ts'
import { splicedItems } from '../items/spliced.ts'
import { defineOperation, type OperationContext, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { decodeToken, encodeToken } from './next-token.ts'
import { statementOf, tableNameOfStatement, tableOfStatement } from './statement-of.ts'
import { readStatement } from './statement-read.ts'
import { commitStatement, isWrite, type WriteStatement, writeOf } from './statement-write.ts'

type Input = Wire<ExecuteStatementInput>
type Output = Wire<ExecuteStatementOutput>

/** The table is named inside the statement, so admission and metrics cannot know it before the statement is parsed. */
export const executeStatement = defineOperation<Input, Output>({
  name: 'ExecuteStatement',
  kind: 'write',
  tables: () => [],
  checksOwnValues: true,
  checks: [],
  run: (input, context) => {
    const statement = statementOf(input)
    return isWrite(statement) ? change(statement, input, context) : inTurns(read(statement, input, context), context)
  },
})

function* read(select: Select, input: Input, context: OperationContext): Turns<Rendered> {
  const { Statement: text = '', NextToken: token, Limit: limit, ConsistentRead, ReturnConsumedCapacity: detail } = input
  const table = tableOfStatement(select, context)
  const from = token === undefined ? undefined : decodeToken(text, token)
  const page = yield* readStatement({ select, table, consistent: ConsistentRead === true, limit, from }, context)
  const consumed = consumedCapacity(select.table, page.capacity, detail)
  const rest = JSON.stringify({
    ...(page.next === undefined ? {} : { NextToken: encodeToken(text, page.next) }),
    ...(page.next?.key === undefined ? {} : { LastEvaluatedKey: page.next.key }),
    ...(consumed === undefined ? {} : { ConsumedCapacity: consumed }),
  })
  const items = yield* splicedItems(page.items)
  return new Rendered(Buffer.concat([itemsStart, ...items, Buffer.from(rest === '{}' ? ']}' : `],${rest.slice(1)}`)]))
}

const itemsStart = Buffer.from('{"Items":[')

async function change(statement: WriteStatement, input: Input, context: OperationContext): Promise<Output> {
  if (input.Limit !== undefined) throw validationError('Limit is not supported for write statements')
  const table = tableOfStatement(statement, context)
  const write = writeOf(statement, table, input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD')
  const { outcome, returned } = await commitStatement(statement, write, context)
  const consumed = consumedCapacity(
    tableNameOfStatement(statement),
    writeCapacity(table, outcome),
    input.ReturnConsumedCapacity,
  )
  return {
    Items: returned === undefined ? [] : [returned],
    ...(consumed === undefined ? {} : { ConsumedCapacity: consumed }),
  }
}
