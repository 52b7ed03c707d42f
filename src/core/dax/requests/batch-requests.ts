/** BatchGetItem and BatchWriteItem by DAX's protocol. Their answers are several values one after another. */
import type { Item } from '../../attribute/value.ts'
import type { CborReader } from '../../cbor/cbor-reader.ts'
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import { UnreadableCbor } from '../../cbor/major-types.ts'
import {
  type CollectionMetrics,
  type ConsumedCapacity,
  writeCapacities,
  writeMetrics,
} from '../codec/capacity-codec.ts'
import type { DataRequest, DaxContext } from './data-request.ts'
import { ExpressionTexts } from '../codec/expression-text.ts'
import { decodeAttributes } from '../codec/item-codec.ts'
import { writeItem } from './item-requests.ts'
import { decodeKey, encodeKey } from '../codec/key-codec.ts'
import { readName, readOptions } from '../dax-options.ts'
import type { DocumentPath } from '../codec/projected-values.ts'

type Paths = ReadonlyMap<string, readonly DocumentPath[]>

export function readBatchGetItem(reader: CborReader, context: DaxContext): DataRequest {
  const wanted: [string, Readonly<Record<string, unknown>>][] = []
  const paths = new Map<string, readonly DocumentPath[]>()
  reader.eachOfMap(() => {
    const table = readName(reader)
    const { members, shown } = readKeys(reader, table, context)
    wanted.push([table, members])
    if (shown !== undefined) paths.set(table, shown)
  })
  const { members } = readOptions(reader)
  return {
    operation: 'BatchGetItem',
    input: { RequestItems: Object.fromEntries(wanted), ...members },
    write: (writer, output) => writeFound(writer, output, paths, context),
  }
}

/** Whether to read consistently, what to show, and the keys. */
function readKeys(reader: CborReader, table: string, context: DaxContext) {
  const schema = context.schemaOf(table)
  const keys: Item[] = []
  const members: Record<string, unknown> = { Keys: keys }
  const texts = new ExpressionTexts()
  let shown: readonly DocumentPath[] | undefined
  reader.eachOfArray((index) => {
    if (index === 0) members['ConsistentRead'] = reader.boolean()
    else if (index === 1) {
      if (reader.isNull()) return
      const { text, paths } = texts.projection(reader.bytes())
      members['ProjectionExpression'] = text
      shown = paths
    } else if (index === 2) reader.eachOfArray(() => void keys.push(decodeKey(reader.bytes(), schema)))
    else throw new UnreadableCbor('keys with something behind them')
  })
  return { members: { ...members, ...texts.placeholders() }, shown }
}

type Found = {
  readonly Responses?: Readonly<Record<string, readonly Item[]>>
  readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>
  readonly ConsumedCapacity?: readonly ConsumedCapacity[]
}

/** The array says that it has two values, and the third follows it: so Amazon's own servers write it. */
function writeFound(writer: CborWriter, output: Found, paths: Paths, context: DaxContext): void {
  const { Responses = {}, UnprocessedKeys = {}, ConsumedCapacity } = output
  const found = Object.entries(Responses)
  writer.array(2).map(found.length)
  for (const [table, items] of found) {
    const shown = { schema: context.schemaOf(table), paths: paths.get(table), context }
    writer.text(table).array(shown.paths === undefined ? 2 * items.length : items.length)
    for (const item of items) {
      if (shown.paths === undefined) writer.bytes(encodeKey(item, shown.schema))
      writeItem(writer, item, shown)
    }
  }
  const left = Object.entries(UnprocessedKeys)
  writer.map(left.length)
  for (const [table, { Keys = [] }] of left) {
    writer.text(table).array(Keys.length)
    for (const key of Keys) writer.bytes(encodeKey(key, context.schemaOf(table)))
  }
  writeCapacities(writer, ConsumedCapacity)
}

export function readBatchWriteItem(reader: CborReader, context: DaxContext): DataRequest {
  const wanted: [string, readonly WriteRequest[]][] = []
  reader.eachOfMap(() => {
    const table = readName(reader)
    wanted.push([table, readWrites(reader, table, context)])
  })
  const { members } = readOptions(reader)
  return {
    operation: 'BatchWriteItem',
    input: { RequestItems: Object.fromEntries(wanted), ...members },
    write: (writer, output) => writeLeft(writer, output, context),
  }
}

type WriteRequest =
  | { readonly PutRequest: { readonly Item: Item } }
  | { readonly DeleteRequest: { readonly Key: Item } }

/** Keys and items in turn; a key with null is to be deleted. */
function readWrites(reader: CborReader, table: string, context: DaxContext): WriteRequest[] {
  const schema = context.schemaOf(table)
  const writes: WriteRequest[] = []
  let key: Item | undefined
  reader.eachOfArray(() => {
    if (key === undefined) {
      key = decodeKey(reader.bytes(), schema)
      return
    }
    if (reader.isNull()) writes.push({ DeleteRequest: { Key: key } })
    else writes.push({ PutRequest: { Item: { ...decodeAttributes(reader.bytes(), context.lists), ...key } } })
    key = undefined
  })
  if (key !== undefined) throw new UnreadableCbor('a key without an item')
  return writes
}

type Left = {
  readonly UnprocessedItems?: Readonly<Record<string, readonly WriteRequest[]>>
  readonly ConsumedCapacity?: readonly ConsumedCapacity[]
  readonly ItemCollectionMetrics?: Readonly<Record<string, readonly CollectionMetrics[]>>
}

function writeLeft(writer: CborWriter, output: Left, context: DaxContext): void {
  const { UnprocessedItems = {}, ConsumedCapacity, ItemCollectionMetrics } = output
  const left = Object.entries(UnprocessedItems)
  writer.map(left.length)
  for (const [table, writes] of left) {
    const shown = { schema: context.schemaOf(table), paths: undefined, context }
    writer.text(table).array(2 * writes.length)
    for (const write of writes) {
      const item = 'PutRequest' in write ? write.PutRequest.Item : undefined
      writer.bytes(encodeKey(item ?? (write as { DeleteRequest: { Key: Item } }).DeleteRequest.Key, shown.schema))
      if (item === undefined) writer.null()
      else writeItem(writer, item, shown)
    }
  }
  writeCapacities(writer, ConsumedCapacity)
  writeMetrics(writer, ItemCollectionMetrics)
}
