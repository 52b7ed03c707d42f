import type { BatchWriteItemInput, BatchWriteItemOutput, WriteRequest } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../core/attribute/value.ts'
import { errorText } from '../../core/error-text.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { type NewItem, parsedItem, sizeOfNewItem } from '../../core/item/sent-item.ts'
import { batchWriteRequestsMax, itemSizeBytesMax } from '../../core/limits/limits.ts'
import type { Table } from '../../core/table/table.ts'
import { checkItem, checkValues } from '../../core/wire/attribute-values.ts'
import { indexKeyProblem } from '../../core/write/index-keys.ts'
import type { Outcome, Write } from '../../core/write/write.ts'
import type { EachResult } from '../../engine/commands/command.ts'
import { hasItemTwice } from '../checks/duplicate-keys.ts'
import { assertWriter } from '../checks/writers.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { errorOf } from '../items/commit-one.ts'
import { CollectionMetrics, type TableWrite } from '../items/collection-metrics.ts'
import { keyOfItem, keyOfKey } from '../items/item-key.ts'
import { defineOperation, type OperationContext, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import type { Spent } from '../spent.ts'
import { attributesIn, keyAmong } from '../touch.ts'

type Request = Omit<Wire<WriteRequest>, 'PutRequest'> & { readonly PutRequest?: { readonly Item?: NewItem } }
type Requests = Readonly<Record<string, readonly Request[]>>
type Input = Omit<Wire<BatchWriteItemInput>, 'RequestItems'> & { readonly RequestItems?: Requests }
type Output = Omit<Wire<BatchWriteItemOutput>, 'UnprocessedItems'> & { readonly UnprocessedItems: Requests }

export const batchWriteItem = defineOperation<Input, Input, Output>({
  name: 'BatchWriteItem',
  kind: 'write',
  checksOwnValues: true,
  checks: [tooManyRequests, eachRequest],
  prepare: (input) => input,
  touches: (input) =>
    Object.entries(input.RequestItems ?? {}).map(([table, requests]) => {
      const items = requests.map(itemOrKey)
      return {
        action: 'BatchWriteItem',
        table,
        keysOf: (key) => items.map((item) => keyAmong(key, item)),
        attributes: attributesIn({ items }),
      }
    }),
  run: async (input, context) => {
    const tables = Object.entries(input.RequestItems ?? {})
    const asked = tables.flatMap(([name, requests], at) => writesOf(name, requests, { at, context }))
    // One table may have been called by its name and by its ARN.
    if (tables.length > 1) assertDistinct(asked)
    const unprocessed: Record<string, Request[]> = {}
    for (const { name, request, refused } of asked) if (refused) (unprocessed[name] ??= []).push(request)
    const writes = asked.filter(({ refused }) => !refused)
    // Each is a write of its own; one flush takes them all.
    const results = await context.engine.commitEach(writes.map(({ write }) => write))
    const metrics = new CollectionMetrics(input.ReturnItemCollectionMetrics, context.engine)
    refuseAll(results, context)
    for (const [at, result] of results.entries()) {
      const written = writes[at] as Named
      const { name, request } = written
      context.onCommitted?.(result.accepted ? result.position : 0)
      if (result.accepted) account(written, result.outcomes[0], context.spent, metrics)
      else (unprocessed[name] ??= []).push(request)
    }
    return { UnprocessedItems: unprocessed, ...metrics.member() }
  },
  capacity: 'by-table',
  throttles: 'items',
})

const itemOrKey = ({ PutRequest, DeleteRequest }: Request): Item =>
  PutRequest?.Item === undefined ? (DeleteRequest?.Key ?? {}) : parsedItem(PutRequest.Item)

type Named = TableWrite & {
  readonly name: string
  readonly request: Request
  /** There is no capacity for it. */
  readonly refused: boolean
}

/**
 * An error is the answer only if nothing of the batch is stored. Otherwise it would hide what is: the client gets the rest back as
 * unprocessed, and meets the error when it sends that again.
 */
function refuseAll(results: readonly EachResult[], { env }: OperationContext): void {
  const errors = results.flatMap((result) => errorIn(result) ?? [])
  if (errors[0] === undefined) return
  if (results.every(({ accepted }) => !accepted)) throw errors[0]
  for (const error of errors)
    if (!(error instanceof ServiceError)) env.log.error('a write of a batch failed', { error: errorText(error) })
}

/** A conflict is no error: the write may pass a moment later. */
function errorIn(result: EachResult): unknown {
  if (result.accepted) return undefined
  if ('failed' in result) return result.failed
  const [refusal] = result.refusals
  return refusal === undefined || refusal.refused === 'conflict' ? undefined : errorOf(refusal)
}

function account(
  { name, table, write }: Named,
  outcome: Outcome | undefined,
  spent: Spent,
  metrics: CollectionMetrics,
): void {
  if (outcome === undefined) return
  spent.addWrite({ name, table }, outcome)
  metrics.add({ table, write })
}

function tooManyRequests({ RequestItems = {} }: Input): void {
  const count = Object.values(RequestItems).reduce((sum, requests) => sum + requests.length, 0)
  if (count > batchWriteRequestsMax) throw validationError('Too many items requested for the BatchWriteItem call')
}

/** AWS speaks of AttributeValues where it means WriteRequests. */
function eachRequest({ RequestItems = {} }: Input): void {
  for (const { PutRequest, DeleteRequest } of Object.values(RequestItems).flat()) {
    if (PutRequest !== undefined && DeleteRequest !== undefined)
      throw validationError(
        'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
      )
    if (PutRequest === undefined && DeleteRequest === undefined)
      throw validationError('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes')
    if (PutRequest?.Item === undefined) checkValues(DeleteRequest?.Key ?? {})
    else checkItem(PutRequest.Item)
    if (PutRequest?.Item !== undefined && sizeOfNewItem(PutRequest.Item) > itemSizeBytesMax)
      throw validationError('Item size has exceeded the maximum allowed size')
  }
}

type Place = { /** The place of the table in the request. */ readonly at: number; readonly context: RequestContext }

function writesOf(name: string, requests: readonly Request[], { at, context }: Place): Named[] {
  const table = tableForItems(name, context)
  assertWriter(table, context)
  const refusals = context.admitted?.refusals[at]
  const writes = requests.map((request, n) => ({
    name,
    request,
    table,
    write: writeOf(table, request),
    refused: refusals?.[n] !== undefined,
  }))
  assertDistinct(writes)
  return writes
}

function assertDistinct(writes: readonly Named[]): void {
  if (hasItemTwice(writes.map(({ write }) => write)))
    throw validationError('Provided list of item keys contains duplicates')
}

/** Everything that can be wrong with a request is found before any of the batch is written. */
function writeOf(table: Table, { PutRequest, DeleteRequest }: Request): Write {
  if (PutRequest === undefined) return { kind: 'delete', table: table.id, ...keyOfKey(table, DeleteRequest?.Key ?? {}) }
  const item = PutRequest.Item ?? {}
  const key = keyOfItem(table, item, 'as-key')
  const problem =
    table.indexes.length === 0 ? undefined : indexKeyProblem(table, { next: parsedItem(item), wording: 'put' })
  if (problem !== undefined) throw validationError(problem)
  return { kind: 'put', table: table.id, item, ...key }
}
