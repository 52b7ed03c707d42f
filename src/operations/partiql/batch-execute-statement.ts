import type { BatchExecuteStatementInput, BatchExecuteStatementOutput } from '@aws-sdk/client-dynamodb'
import { InvariantViolation } from '../../core/assert.ts'
import { errorText } from '../../core/error-text.ts'
import { type ErrorCode, ServiceError, validationError } from '../../core/errors.ts'
import { singleItemKey } from '../../core/partiql/lower.ts'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import type { Item } from '../../core/attribute/value.ts'
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
  run: async (requests, context) => ({
    Responses: await Promise.all(requests.map((each) => respond(each, context))),
  }),
  capacity: 'by-table',
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

async function respond({ request, statement }: Asked, context: RequestContext): Promise<Response> {
  if (statement instanceof ServiceError) return { Error: batchError(statement) }
  const TableName = tableNameOfStatement(statement)
  try {
    const item = isWrite(statement) ? await change(statement, request, context) : read(statement, request, context)
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

function read(select: Select, { ConsistentRead }: Request, context: RequestContext): Item | undefined {
  const table = tableOfStatement(select, context)
  if (!singleItemKey(select, table.key)) {
    throw validationError(
      'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
    )
  }
  const consistent = ConsistentRead === true
  const page = inOneTurn(readStatement({ select, table, consistent, limit: undefined, from: undefined }, context))
  context.spent.add('read', { name: select.table, table }, page.capacity)
  const [item] = page.items
  return item === undefined ? undefined : decodeItem(item)
}

async function change(statement: WriteStatement, request: Request, context: RequestContext): Promise<Item | undefined> {
  const table = tableOfStatement(statement, context)
  const write = writeOf(statement, table, request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD')
  return await commitStatement(statement, { table, write }, context)
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
