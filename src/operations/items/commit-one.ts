/** A single write through the engine: its outcome and what it consumes, or the error that its refusal is to a client. */
import { required, unreachable } from '../../core/assert.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { itemSizeOf } from '../../core/item/row.ts'
import { itemWriteCapacity } from '../../core/read/read-capacity.ts'
import type { Table } from '../../core/table/table.ts'
import type { Outcome, Refusal, Write } from '../../core/write/write.ts'
import { assertWriter } from '../checks/writers.ts'
import type { RequestContext } from '../operation.ts'
import type { TableWrite } from './collection-metrics.ts'

/** `name`: the table as the request calls it. `refused` makes the error of a refusal that has words of its own. */
export async function commitOne(
  { table, write }: TableWrite,
  context: RequestContext,
  name: string | undefined,
  refused: (refusal: Refusal) => ServiceError = errorOf,
): Promise<Outcome> {
  assertWriter(table, context)
  const { engine, onCommitted, spent } = context
  const used = { name, table }
  const result = await engine.commit([write])
  if (result.accepted) {
    onCommitted?.(result.position)
    const outcome = required(result.outcomes[0], 'the outcome of the write')
    spent.addWrite(used, outcome)
    return outcome
  }
  const refusal = required(result.refusals[0], 'the refusal of the write')
  if (refusal.refused === 'condition') spent.add('write', used, itemWriteCapacity(sizeNow(table, write, context)))
  throw refused(refusal)
}

function sizeNow(table: Table, { key }: Write, { engine }: RequestContext): number {
  const row = engine.serves(table) ? engine.get(table, key) : undefined
  return row === undefined ? 0 : itemSizeOf(row)
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
