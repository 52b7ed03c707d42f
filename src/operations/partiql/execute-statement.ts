import type { ExecuteStatementInput, ExecuteStatementOutput } from '@aws-sdk/client-dynamodb'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import { validationError } from '../../core/errors.ts'
import type { Turns } from '../../core/turns.ts'
import { inTurns } from '../in-turns.ts'
import { splicedItems } from '../items/spliced.ts'
import { defineOperation, Rendered, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { decodeToken, encodeToken } from './next-token.ts'
import { statementOf, tableOfStatement, touchOfStatement } from './statement-of.ts'
import { readStatement } from './statement-read.ts'
import { commitStatement, isWrite, type WriteStatement, writeOf } from './statement-write.ts'

type Input = Wire<ExecuteStatementInput>
type Output = Wire<ExecuteStatementOutput>

type Ready = { readonly input: Input; readonly statement: Statement }

export const executeStatement = defineOperation<Input, Ready, Output>({
  name: 'ExecuteStatement',
  kind: 'write',
  checksOwnValues: true,
  checks: [],
  prepare: (input) => ({ input, statement: statementOf(input) }),
  touches: ({ statement }) => [touchOfStatement(statement)],
  run: ({ input, statement }, context) =>
    isWrite(statement) ? change(statement, input, context) : inTurns(read(statement, input, context), context),
  capacity: 'one',
})

function* read(select: Select, input: Input, context: RequestContext): Turns<Rendered> {
  const { Statement: text = '', NextToken: token, Limit: limit, ConsistentRead } = input
  const table = tableOfStatement(select, context)
  const from = token === undefined ? undefined : decodeToken(text, token)
  const page = yield* readStatement({ select, table, consistent: ConsistentRead === true, limit, from }, context)
  context.spent.add('read', { name: select.table, table }, page.capacity)
  const rest = JSON.stringify({
    ...(page.next === undefined ? {} : { NextToken: encodeToken(text, page.next) }),
    ...(page.next?.key === undefined ? {} : { LastEvaluatedKey: page.next.key }),
  })
  const items = yield* splicedItems(page.items)
  return new Rendered([itemsStart, ...items, Buffer.from(rest === '{}' ? ']}' : `],${rest.slice(1)}`)])
}

const itemsStart = Buffer.from('{"Items":[')

async function change(statement: WriteStatement, input: Input, context: RequestContext): Promise<Output> {
  if (input.Limit !== undefined) throw validationError('Limit is not supported for write statements')
  const table = tableOfStatement(statement, context)
  const write = writeOf(statement, table, input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD')
  const returned = await commitStatement(statement, { table, write }, context)
  return { Items: returned === undefined ? [] : [returned] }
}
