import type { ExecuteTransactionInput, ExecuteTransactionOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import type { Item } from '../../core/attribute/value.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { itemSizeOf } from '../../core/item/row.ts'
import { singleItemKey } from '../../core/partiql/lower.ts'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import { itemReadCapacity } from '../../core/read/read-capacity.ts'
import type { Table } from '../../core/table/table.ts'
import { keyOfKey } from '../items/item-key.ts'
import { defineOperation, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { eachOrCancelled, reasonOf } from '../transactions/cancellation.ts'
import { assertDistinct, assertWithinSize, commitTransaction } from '../transactions/commit-transaction.ts'
import { type Given, statementOf, tableNameOfStatement, tableOfStatement, touchOfStatement } from './statement-of.ts'
import { inOneTurn } from '../../core/turns.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { readStatement } from './statement-read.ts'
import { isWrite, returningOf, writeOf, type WriteStatement } from './statement-write.ts'

type Input = Wire<ExecuteTransactionInput>
type Output = Wire<ExecuteTransactionOutput>

/** All reads of one moment, or writes that are done all or none; EXISTS(…) is a check among writes. */
export const executeTransaction = defineOperation<Input, Ready, Output>({
  name: 'ExecuteTransaction',
  kind: 'write',
  checksOwnValues: true,
  checks: [],
  prepare: (input) => {
    const statements = (input.TransactStatements ?? []).map(statementAt)
    const writes = statements.filter(isWrite)
    const reads = statements.filter(isSelect)
    if (writes.length > 0 && reads.length > 0)
      throw validationError(
        'ExecuteTransaction API does not support both read and write operations in the same request.',
      )
    if (writes.some((statement) => returningOf(statement) !== 'NONE'))
      throw validationError('RETURNING clause is not supported in ExecuteTransaction')
    return { input, writes, reads }
  },
  touches: ({ writes, reads }) =>
    [...writes, ...reads].map((statement) => {
      const touch = touchOfStatement(statement)
      return { ...touch, says: { ...touch.says, enclosingOperation: 'ExecuteTransaction' } }
    }),
  run: ({ input, writes, reads }, context) =>
    writes.length === 0 ? read(reads, context) : write(input, writes, context),
  capacity: 'by-table-and-direction',
  throttles: 'transaction',
})

type Ready = {
  readonly input: Input
  readonly writes: readonly WriteStatement[]
  readonly reads: readonly Select[]
}

/** What cannot be read is told with its place in the transaction. */
function statementAt(given: Given, at: number): Statement {
  try {
    return statementOf(given)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'ValidationException') throw error
    throw validationError(`Validation failed in TransactStatements[${at}]: ${error.message}`)
  }
}

const isSelect = (statement: Statement): statement is Select => statement.kind === 'select'

async function write(input: Input, statements: readonly WriteStatement[], context: RequestContext): Promise<Output> {
  const tables = statements.map((statement) => tableOfStatement(statement, context))
  const writes = eachOrCancelled([...statements.entries()], ([at, statement]) => {
    const returnItem = input.TransactStatements?.[at]?.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    return writeOf(statement, required(tables[at], 'the table of a statement'), returnItem)
  })
  await commitTransaction(
    writes,
    {
      ...input,
      names: statements.map(tableNameOfStatement),
      tables,
      content: input.TransactStatements,
      reasonOf: (refusal, at) =>
        refusal?.refused === 'condition' && statements[at]?.kind === 'insert'
          ? { ...reasonOf(refusal), Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' }
          : reasonOf(refusal),
    },
    context,
  )
  return { Responses: [] }
}

/** All in one turn, so that nothing becomes durable in between. */
function read(statements: readonly Select[], context: RequestContext): Output {
  const tables = statements.map((select) => tableOfStatement(select, context))
  const named = statements.map((select, at) => namedBy(select, required(tables[at], 'the table of a statement')))
  const reads = eachOrCancelled(named, ({ select, table, keyAttributes }) => ({
    select,
    table,
    key: keyOfKey(table, keyAttributes).key,
  }))
  assertDistinct(reads.map(({ table, key }) => ({ table: table.id, key })))
  const sizes = reads.map(({ table, key }) => itemSizeIn(context.engine.get(table, key)))
  assertWithinSize(sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0))
  const responses = reads.map(({ select, table }, at) => {
    context.spent.add('read', { name: select.table, table }, itemReadCapacity(sizes[at] ?? 0, 'transactional'))
    const reading = readStatement({ select, table, consistent: true, limit: undefined, from: undefined }, context)
    const [item] = inOneTurn(reading).items
    return item === undefined ? {} : { Item: decodeItem(item) }
  })
  return { Responses: responses }
}

const itemSizeIn = (row: Buffer | undefined): number => (row === undefined ? 0 : itemSizeOf(row))

type NamedRead = { readonly select: Select; readonly table: Table; readonly keyAttributes: Item }

function namedBy(select: Select, table: Table): NamedRead {
  const named = singleItemKey(select, table.key)
  if (named === undefined)
    throw validationError(
      'Select statements within ExecuteTransaction must specify the primary key in the where clause.',
    )
  return { select, table, keyAttributes: named.keyAttributes }
}
