import type { BatchExecuteStatementInput, BatchExecuteStatementOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { type ErrorCode, ServiceError, validationError } from '../../core/errors.ts'
import { singleItemKey } from '../../core/partiql/lower.ts'
import type { Select, Statement } from '../../core/partiql/statement.ts'
import { addCapacity, type Capacity } from '../../core/read/capacity.ts'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { writeCapacity } from '../../core/write/capacity.ts'
import type { Item } from '../../core/attribute/value.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { statementOf, tableNameOfStatement, tableOfStatement } from './statement-of.ts'
import { inOneTurn } from '../../core/turns.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { readStatement } from './statement-read.ts'
import { commitStatement, isWrite, type WriteStatement, writeOf } from './statement-write.ts'

type Input = Wire<BatchExecuteStatementInput>
type Output = Wire<BatchExecuteStatementOutput>
type Request = NonNullable<Input['Statements']>[number]
type Response = NonNullable<Output['Responses']>[number]

/** Each statement for itself: what is wrong with one is told in its own response. */
export const batchExecuteStatement = defineOperation<Input, Output>({
  name: 'BatchExecuteStatement',
  kind: 'write',
  tables: () => [],
  checksOwnValues: true,
  checks: [],
  run: async (input, context) => {
    const requests = input.Statements ?? []
    const statements = requests.map(parsed)
    refuseMixture(statements)
    const spent = new Map<string, Capacity>()
    const responses = await Promise.all(
      requests.map((request, n) => respond(request, required(statements[n], 'the statement'), { context, spent })),
    )
    const consumed = [...spent].map(([table, capacity]) =>
      consumedCapacity(table, capacity, input.ReturnConsumedCapacity),
    )
    const reported = consumed.filter((capacity) => capacity !== undefined)
    return { Responses: responses, ...(reported.length === 0 ? {} : { ConsumedCapacity: reported }) }
  },
})

type Batch = { readonly context: OperationContext; readonly spent: Map<string, Capacity> }

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

async function respond(request: Request, statement: Statement | ServiceError, batch: Batch): Promise<Response> {
  if (statement instanceof ServiceError) return { Error: batchError(statement) }
  const TableName = tableNameOfStatement(statement)
  try {
    const item = isWrite(statement) ? await change(statement, request, batch) : read(statement, request, batch)
    return { TableName, ...(item === undefined ? {} : { Item: item }) }
  } catch (error) {
    if (error instanceof ServiceError) return { Error: batchError(error), TableName }
    throw error
  }
}

function read(select: Select, { ConsistentRead }: Request, { context, spent }: Batch): Item | undefined {
  const table = tableOfStatement(select, context)
  if (!singleItemKey(select, table.key)) {
    throw validationError(
      'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
    )
  }
  const consistent = ConsistentRead === true
  const page = inOneTurn(readStatement({ select, table, consistent, limit: undefined, from: undefined }, context))
  spend(spent, select.table, page.capacity)
  const [item] = page.items
  return item === undefined ? undefined : decodeItem(item)
}

async function change(
  statement: WriteStatement,
  request: Request,
  { context, spent }: Batch,
): Promise<Item | undefined> {
  const table = tableOfStatement(statement, context)
  const write = writeOf(statement, table, request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD')
  const { outcome, returned } = await commitStatement(statement, write, context)
  spend(spent, tableNameOfStatement(statement), writeCapacity(table, outcome))
  return returned
}

function spend(spent: Map<string, Capacity>, table: string, capacity: Capacity): void {
  const before = spent.get(table)
  spent.set(table, before ? addCapacity(before, capacity) : capacity)
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
