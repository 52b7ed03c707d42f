import type { BatchExecuteStatementInput, BatchExecuteStatementOutput } from '@aws-sdk/client-dynamodb'
import { InvariantViolation } from '../../core/assert.ts'
import { errorText } from '../../core/error-text.ts'
import { type ErrorCode, ServiceError, validationError } from '../../core/errors.ts'
import { singleItemKey } from '../../core/partiql/lower.ts'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import type { Item } from '../../core/attribute/value.ts'
import type { Table } from '../../core/table/table.ts'
import type { Write } from '../../core/write/write.ts'
import { hasItemTwice } from '../checks/duplicate-keys.ts'
import { keyOfKey } from '../items/item-key.ts'
import { defineOperation, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { statementOf, tableNameOfStatement, tableOfStatement, touchOfStatement } from './statement-of.ts'
import { inOneTurn } from '../../core/turns.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { readStatement } from './statement-read.ts'
import { commitStatement, isWrite, type WriteStatement, writeOf } from './statement-write.ts'

type Input = Wire<BatchExecuteStatementInput>
type Output = Wire<BatchExecuteStatementOutput>
type Request = NonNullable<Input['Statements']>[number]
type Response = NonNullable<Output['Responses']>[number]

/** Each statement for itself: what is wrong with one is told in its own response. */
export const batchExecuteStatement = defineOperation<Input, Ready, Output>({
  name: 'BatchExecuteStatement',
  kind: 'write',
  checksOwnValues: true,
  checks: [],
  prepare: (input) => {
    const requests = (input.Statements ?? []).map((request) => ({ request, statement: parsed(request) }))
    refuseMixture(requests.map(({ statement }) => statement))
    return requests
  },
  touches: (requests) =>
    requests.flatMap(({ statement }) => (statement instanceof ServiceError ? [] : [touchOfStatement(statement)])),
  run: async (requests, context) => {
    // Statements that cannot be parsed touch nothing.
    const refusals = [...(context.admitted?.refusals ?? [])]
    const denials = [...(context.denied ?? [])]
    const planned = requests.map((each) => {
      if (each.statement instanceof ServiceError) return plan(each, context)
      const [refused] = refusals.shift() ?? []
      const error = denials.shift() ?? refused
      return error === undefined ? plan(each, context) : { error }
    })
    if (hasItemTwice(planned.flatMap((each) => ('error' in each ? [] : [{ table: each.table.id, key: each.key }]))))
      throw validationError('Provided list of item keys contains duplicates')
    return { Responses: await Promise.all(planned.map((each) => respond(each, context))) }
  },
  capacity: 'by-table',
  throttles: 'items',
})

type Ready = readonly Asked[]
/** A statement that cannot be parsed is refused by itself, with this error. */
type Asked = { readonly request: Request; readonly statement: Statement | ServiceError }

function parsed(request: Request): Statement | ServiceError {
  try {
    return statementOf(request)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

function refuseMixture(statements: readonly (Statement | ServiceError)[]): void {
  const kinds = new Set(
    statements.flatMap((statement) => (statement instanceof ServiceError ? [] : [isWrite(statement)])),
  )
  if (kinds.size > 1) throw validationError('The batch cannot contain both read and write statements')
}

/** What a statement is going to do to one item, or why it is not. */
type Planned =
  | { readonly error: ServiceError; readonly TableName?: string }
  | { readonly select: Select; readonly consistent: boolean; readonly table: Table; readonly key: Buffer }
  | { readonly statement: WriteStatement; readonly write: Write; readonly table: Table; readonly key: Buffer }

function plan({ request, statement }: Asked, context: RequestContext): Planned {
  if (statement instanceof ServiceError) return { error: statement }
  try {
    const table = tableOfStatement(statement, context)
    if (!isWrite(statement)) return { ...readOf(statement, table), consistent: request.ConsistentRead === true }
    const write = writeOf(statement, table, request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD')
    return { statement, write, table, key: write.key }
  } catch (error) {
    return { error: serviceError(error, context), TableName: tableNameOfStatement(statement) }
  }
}

function readOf(select: Select, table: Table) {
  const named = singleItemKey(select, table.key)
  if (named === undefined)
    throw validationError(
      'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
    )
  return { select, table, key: keyOfKey(table, named.keyAttributes).key }
}

async function respond(planned: Planned, context: RequestContext): Promise<Response> {
  if ('error' in planned) {
    const { error, ...named } = planned
    return { Error: batchError(error), ...named }
  }
  const TableName = tableNameOfStatement('select' in planned ? planned.select : planned.statement)
  try {
    const item =
      'select' in planned
        ? read(planned, context)
        : await commitStatement(planned.statement, { table: planned.table, write: planned.write }, context)
    return { TableName, ...(item === undefined ? {} : { Item: item }) }
  } catch (error) {
    return { Error: batchError(serviceError(error, context)), TableName }
  }
}

/** The other statements' writes are stored, or about to be: a failure of one must not hide them behind an error of the request. */
function serviceError(error: unknown, { env }: RequestContext): ServiceError {
  if (error instanceof InvariantViolation) throw error
  if (error instanceof ServiceError) return error
  env.log.error('a statement of a batch failed', { error: errorText(error) })
  return new ServiceError('InternalServerError', 'Internal server error')
}

function read(
  { select, table, consistent }: Extract<Planned, { readonly select: Select }>,
  context: RequestContext,
): Item | undefined {
  const page = inOneTurn(readStatement({ select, table, consistent, limit: undefined, from: undefined }, context))
  context.spent.add('read', { name: select.table, table }, page.capacity)
  const [item] = page.items
  return item === undefined ? undefined : decodeItem(item)
}

type BatchErrorCode = NonNullable<NonNullable<Response['Error']>['Code']>

/** The codes of BatchStatementError are those of the errors, shortened. */
const codes: Partial<Record<ErrorCode, BatchErrorCode>> = {
  AccessDeniedException: 'AccessDenied',
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  DuplicateItemException: 'DuplicateItem',
  ItemCollectionSizeLimitExceededException: 'ItemCollectionSizeLimitExceeded',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  RequestLimitExceeded: 'RequestLimitExceeded',
  ResourceNotFoundException: 'ResourceNotFound',
  ThrottlingException: 'ThrottlingError',
  TransactionConflictException: 'TransactionConflict',
  ValidationException: 'ValidationError',
}

function batchError({ code, message, members }: ServiceError): NonNullable<Response['Error']> {
  return { Code: codes[code] ?? 'InternalServerError', Message: message, ...members }
}
