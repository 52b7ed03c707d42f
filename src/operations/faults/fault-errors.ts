/** Which faults can strike which requests, and the errors that clients are answered. */
import { ServiceError } from '../../core/errors.ts'
import { type Throttled, throttledError } from '../../core/capacity/throttled.ts'
import type { Cause } from '../../core/capacity/resource.ts'
import type { Effect, FaultKind } from '../../core/faults/fault.ts'
import type { Strike } from '../../core/faults/fault-book.ts'
import { indexArn, tableArn } from '../arns.ts'
import { directionOf } from '../capacity/touched.ts'
import type { OperationContext } from '../operation.ts'
import type { Touch } from '../touch.ts'
import { cancelled } from '../transactions/cancellation.ts'
import { type Request, touchedPart } from './asked-request.ts'

/** An effect that is not listed can strike every request. */
export function mayStrike({ kind }: Effect, request: Request): boolean {
  if (kind === 'partial') return request.operation === 'BatchGetItem' || request.operation === 'BatchWriteItem'
  if (kind === 'conflict') return transactions.has(request.operation) || isSingleWrite(request)
  return kind !== 'stale' || isEventual(request)
}

const transactions: ReadonlySet<string> = new Set(['TransactWriteItems', 'TransactGetItems', 'ExecuteTransaction'])
const singleWrites: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem'])

const isSingleWrite = ({ operation, touches }: Request): boolean =>
  singleWrites.has(operation) ||
  (operation === 'ExecuteStatement' && touches.every((touch) => directionOf(touch) === 'write'))

type Consistency = { readonly ConsistentRead?: boolean }
type ReadInput = Consistency & {
  readonly RequestItems?: Readonly<Record<string, Consistency>>
  readonly Statements?: readonly Consistency[]
}

const eventualReads: ReadonlySet<string> = new Set([
  'GetItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'ExecuteStatement',
  'BatchExecuteStatement',
])

/** A batch of which a part is read strongly is read as it is. */
function isEventual({ operation, input, touches }: Request): boolean {
  if (!eventualReads.has(operation) || touches.some((touch) => directionOf(touch) === 'write')) return false
  const { ConsistentRead, RequestItems = {}, Statements = [] } = input as ReadInput
  const parts = [{ ConsistentRead: ConsistentRead === true }, ...Object.values(RequestItems), ...Statements]
  return parts.every((part) => part.ConsistentRead !== true)
}

/** By touch and key: what refuses it. */
export type Refusals = readonly (readonly (ServiceError | undefined)[])[]

export function throttles({ hit, fault }: Strike, request: Request, context: OperationContext): Refusals {
  const { effect, aim } = fault
  const cause = effect.kind === 'throttle' ? effect.cause : undefined
  return hit.map((keys, n) => {
    const touch = request.touches[n]
    if (touch === undefined || !keys.includes(true)) return keys.map(() => undefined)
    const error = throttled(touch, { cause, indexes: aim.indexes ?? [] }, context)
    return keys.map((isHit) => (isHit ? error : undefined))
  })
}

type Short = { readonly cause: Cause | undefined; readonly indexes: readonly string[] }

/** A write is refused for an index that the fault names; a read for the index that it reads. Local indexes are of the table’s throughput. */
function throttled(touch: Touch, { cause, indexes }: Short, context: OperationContext): ServiceError {
  const { table, part } = touchedPart(touch, context)
  if (table === undefined) return tooManyRequests()
  const place = context.settings
  const named = touch.index ?? part.indexes.find((index) => indexes.includes(index))
  const index = table.indexes.find(({ name, kind }) => kind === 'global' && name === named)
  const mode = table.settings.billingMode
  const about: Throttled = {
    cause: cause ?? (mode === 'PROVISIONED' ? 'ProvisionedThroughput' : 'KeyRangeThroughput'),
    of: index === undefined ? 'Table' : 'Index',
    direction: directionOf(touch),
    mode,
    resource: index === undefined ? tableArn(place, table.name) : indexArn(place, table.name, index.name),
  }
  return throttledError(about)
}

/** Of operations that consume no capacity, and of tables that are not here. */
export const tooManyRequests = (): ServiceError =>
  new ServiceError('ThrottlingException', 'Rate of requests exceeds the allowed throughput.')

export function conflict({ hit }: Strike, { operation }: Request): ServiceError {
  if (!transactions.has(operation)) return new ServiceError('TransactionConflictException', ongoing)
  // Each action or statement of a transaction is one touch.
  return cancelled(
    hit.map((keys) =>
      keys.includes(true) ? { Code: 'TransactionConflict', Message: `${ongoing}.` } : { Code: 'None' },
    ),
  )
}

const ongoing = 'Transaction is ongoing for the item'

export function failure(kind: Extract<FaultKind, 'error' | 'unavailable'>): ServiceError {
  return kind === 'error'
    ? new ServiceError('InternalServerError', 'Internal server error')
    : new ServiceError('ServiceUnavailable', 'Service is unavailable. Please try again shortly.')
}
