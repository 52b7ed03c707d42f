/** A single write through the engine: its outcome, or the error that its refusal is to a client. */
import { required, unreachable } from '../../core/assert.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Outcome, Refusal, Write } from '../../core/write/write.ts'
import type { OperationContext } from '../operation.ts'

export async function commitOne(write: Write, { engine, onCommitted }: OperationContext): Promise<Outcome> {
  const result = await engine.commit([write])
  if (result.accepted) {
    onCommitted?.(result.position)
    return required(result.outcomes[0], 'the outcome of the write')
  }
  throw errorOf(required(result.refusals[0], 'the refusal of the write'))
}

export function errorOf({ refused, message, item }: Refusal): ServiceError {
  switch (refused) {
    case 'condition':
      return new ServiceError('ConditionalCheckFailedException', message, item === undefined ? {} : { Item: item })
    case 'collection-size':
      return new ServiceError('ItemCollectionSizeLimitExceededException', message)
    case 'conflict':
      return new ServiceError('TransactionConflictException', message)
    case 'validation':
    case 'item-size':
      return validationError(message)
    default:
      return unreachable(refused)
  }
}
