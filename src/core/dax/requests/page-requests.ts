/** Query and Scan by DAX's protocol. */
import type { Item } from '../../attribute/value.ts'
import type { CborReader } from '../../cbor/cbor-reader.ts'
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import { type ConsumedCapacity, encodeCapacity } from '../codec/capacity-codec.ts'
import type { DataRequest, DaxContext } from './data-request.ts'
import { ExpressionTexts } from '../codec/expression-text.ts'
import { type Shown, writeItem } from './item-requests.ts'
import { decodeKey, decodeNamedKey, encodeKey, encodeNamedKey } from '../codec/key-codec.ts'
import { readName, readOptions } from '../dax-options.ts'
import { result } from '../protocol.ts'

export function readQuery(reader: CborReader, context: DaxContext): DataRequest {
  const table = readName(reader)
  const condition = reader.isNull() ? undefined : reader.bytes()
  return readPage('Query', table, { reader, context, condition })
}

export function readScan(reader: CborReader, context: DaxContext): DataRequest {
  return readPage('Scan', readName(reader), { reader, context, condition: undefined })
}

type Reading = {
  readonly reader: CborReader
  readonly context: DaxContext
  readonly condition: Buffer | undefined
}

function readPage(operation: string, table: string, { reader, context, condition }: Reading): DataRequest {
  const schema = context.schemaOf(table)
  const { members, projection, filter, exclusiveStartKey } = readOptions(reader)
  const isIndex = members['IndexName'] !== undefined
  const texts = new ExpressionTexts()
  const shown = projection === undefined ? undefined : texts.projection(projection)
  const startKey =
    exclusiveStartKey === undefined
      ? undefined
      : isIndex
        ? decodeNamedKey(exclusiveStartKey)
        : decodeKey(exclusiveStartKey, schema)
  const input = {
    TableName: table,
    ...members,
    ...(condition === undefined ? {} : { KeyConditionExpression: texts.condition(condition) }),
    ...(filter === undefined ? {} : { FilterExpression: texts.condition(filter) }),
    ...(shown === undefined ? {} : { ProjectionExpression: shown.text }),
    ...(startKey === undefined ? {} : { ExclusiveStartKey: startKey }),
    ...texts.placeholders(),
  }
  const items: Shown = { schema, paths: shown?.paths, context }
  return { operation, input, write: (writer, output) => writePage(writer, output, { items, isIndex }) }
}

type Page = { readonly items: Shown; readonly isIndex: boolean }

function writePage(writer: CborWriter, output: Readonly<Record<string, unknown>>, { items, isIndex }: Page): void {
  const { Items, Count, ScannedCount, LastEvaluatedKey, ConsumedCapacity: consumed } = output
  writer.openMap()
  if (Items !== undefined) {
    const all = Items as readonly Item[]
    writer.integer(result.items).array(all.length)
    for (const item of all) writeRow(writer, item, items)
  }
  writer.integer(result.count).integer(Number(Count ?? 0))
  writer.integer(result.scannedCount).integer(Number(ScannedCount ?? 0))
  if (LastEvaluatedKey !== undefined) {
    const key = LastEvaluatedKey as Item
    writer.integer(result.lastEvaluatedKey).bytes(isIndex ? encodeNamedKey(key) : encodeKey(key, items.schema))
  }
  if (consumed !== undefined)
    writer.integer(result.consumedCapacity).bytes(encodeCapacity(consumed as ConsumedCapacity))
  writer.close()
}

/** Key and attributes, or what is shown. */
function writeRow(writer: CborWriter, item: Item, items: Shown): void {
  if (items.paths === undefined) writer.array(2).bytes(encodeKey(item, items.schema))
  writeItem(writer, item, items)
}
