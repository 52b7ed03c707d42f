/** A transaction that is not done says why, item by item, in the order of the request. */
import type { CancellationReason } from '@aws-sdk/client-dynamodb'
import { unreachable } from '../../core/assert.ts'
import { ServiceError } from '../../core/errors.ts'
import type { Refusal } from '../../core/write/write.ts'
import type { Wire } from '../sdk-shape.ts'

type Reason = Wire<CancellationReason>

const notToBlame: Reason = { Code: 'None' }

const validationReason = (message: string): Reason => ({ Code: 'ValidationError', Message: message })

export function cancelled(reasons: readonly Reason[]): ServiceError {
  const codes = reasons.map((reason) => reason.Code).join(', ')
  return new ServiceError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  )
}

export function reasonOf(refusal: Refusal | undefined): Reason {
  if (refusal === undefined) return notToBlame
  const { refused, message, item } = refusal
  switch (refused) {
    case 'condition':
      return {
        Code: 'ConditionalCheckFailed',
        Message: message,
        ...(item === undefined ? {} : { Item: item }),
      }
    case 'collection-size':
      return { Code: 'ItemCollectionSizeLimitExceeded', Message: message }
    case 'conflict':
      return { Code: 'TransactionConflict', Message: message }
    case 'validation':
    case 'item-size':
      return validationReason(message)
    default:
      return unreachable(refused)
  }
}

/** Of an item that there is no capacity for. */
export function throttledReason(error: ServiceError | undefined): Reason {
  if (error === undefined) return notToBlame
  const isProvisioned = error.code === 'ProvisionedThroughputExceededException'
  return { Code: isProvisioned ? 'ProvisionedThroughputExceeded' : 'ThrottlingError', Message: error.message }
}

/**
 * Keys that do not fit their tables are told as reasons too. `make` is called for every item; what it throws of its own
 * accord (a table that is not there) answers the request at once.
 */
export function eachOrCancelled<From, To>(from: readonly From[], make: (item: From) => To): readonly To[] {
  const made: To[] = []
  const reasons: Reason[] = []
  for (const item of from) {
    try {
      made.push(make(item))
      reasons.push(notToBlame)
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'ValidationException') throw error
      reasons.push(validationReason(error.message))
    }
  }
  if (made.length < from.length) throw cancelled(reasons)
  return made
}
