/** Writes that are done all or none, whichever operation they came by: the client's token, the reply, the reasons. */
import type { CancellationReason, TransactWriteItemsInput, TransactWriteItemsOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError, validationError } from '../../core/errors.ts'
import { sizeOfUpdate } from '../../core/expression/evaluate/update-size.ts'
import { itemSizeOf } from '../../core/item/row.ts'
import { sizeOfNewItem } from '../../core/item/sent-item.ts'
import { transactionSizeBytesMax } from '../../core/limits/limits.ts'
import { itemReadCapacity } from '../../core/read/read-capacity.ts'
import type { Table, TableId } from '../../core/table/table.ts'
import type { Refusal, Write } from '../../core/write/write.ts'
import type { CommitResult, OnceResult } from '../../engine/commands/command.ts'
import { assertWriter } from '../checks/writers.ts'
import { hasItemTwice } from '../checks/duplicate-keys.ts'
import { CollectionMetrics } from '../items/collection-metrics.ts'
import type { RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { assertNoneStrong } from '../tables/updates/strong-updates.ts'
import { cancelled } from './cancellation.ts'
import { digestOf } from './request-digest.ts'

type Output = Wire<TransactWriteItemsOutput>

export type Transaction = Pick<Wire<TransactWriteItemsInput>, 'ClientRequestToken' | 'ReturnItemCollectionMetrics'> & {
  /** The table of each write. */
  readonly tables: readonly Table[]
  /** How the request calls the table of each write; capacity is told under that name. */
  readonly names: readonly (string | undefined)[]
  /** What two requests with one token must have in common. */
  readonly content: unknown
  readonly reasonOf: (refusal: Refusal | undefined, at: number) => Wire<CancellationReason>
}

export async function commitTransaction(
  writes: readonly Write[],
  transaction: Transaction,
  context: RequestContext,
): Promise<Output> {
  assertNoneStrong(transaction.tables)
  for (const table of new Set(transaction.tables)) assertWriter(table, context)
  assertDistinct(writes)
  assertWithinSize(writes.reduce((sum, write) => sum + broughtBytes(write), 0))
  const { done, ...rest } = await commit(writes, transaction, context)
  if (done === 'another')
    throw new ServiceError(
      'IdempotentParameterMismatchException',
      'The request uses the same client token as a previous, but non-identical request.',
    )
  return 'result' in rest ? reply(transaction, writes, rest.result, context) : replayed(transaction, writes, context)
}

export function assertDistinct(items: readonly { readonly table: TableId; readonly key: Buffer }[]): void {
  if (hasItemTwice(items)) throw validationError('Transaction request cannot include multiple operations on one item')
}

/** Also of what a transaction reads. */
export function assertWithinSize(sizeBytes: number): void {
  if (sizeBytes > transactionSizeBytesMax)
    throw validationError('The aggregate size of the items in the transaction exceeds the limit of 4 MB')
}

/** What a write brings of its item, by the operation or by the statement that it came with. */
function broughtBytes(write: Write): number {
  if (write.kind === 'put') return sizeOfNewItem(write.item)
  return write.kind === 'update' ? sizeOfUpdate(write.update) : 0
}

async function commit(
  writes: readonly Write[],
  { ClientRequestToken: name, content }: Transaction,
  { engine }: RequestContext,
): Promise<OnceResult> {
  if (name === undefined) return { done: 'now', result: await engine.commit(writes) }
  return engine.commitOnce(writes, { name, digest: digestOf(content) })
}

function reply(
  transaction: Transaction,
  writes: readonly Write[],
  result: CommitResult,
  { engine, onCommitted, spent }: RequestContext,
): Output {
  if (!result.accepted) throw cancelled(result.refusals.map(transaction.reasonOf))
  for (const _ of writes) onCommitted?.(result.position)
  const metrics = new CollectionMetrics(transaction.ReturnItemCollectionMetrics, engine)
  for (const [at, outcome] of result.outcomes.entries()) {
    const write = writes[at]
    const table = transaction.tables[at]
    if (write === undefined || table === undefined) continue
    spent.addWrite({ name: transaction.names[at], table }, outcome, true)
    if (write.kind !== 'check') metrics.add({ table, write })
  }
  return metrics.member()
}

/** Done before: nothing is written, and what was written is only read. */
function replayed({ names, tables }: Transaction, writes: readonly Write[], { engine, spent }: RequestContext): Output {
  for (const [at, { key }] of writes.entries()) {
    const table = tables[at]
    if (table === undefined) continue
    const row = engine.get(table, key)
    const capacity = itemReadCapacity(row === undefined ? 0 : itemSizeOf(row), 'transactional')
    spent.add('read', { name: names[at], table }, capacity)
  }
  return {}
}
