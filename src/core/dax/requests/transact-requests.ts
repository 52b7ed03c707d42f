/** TransactGetItems and TransactWriteItems by DAX's protocol: arrays side by side, of which each has one value for each item. */
import type { Item } from '../../attribute/value.ts'
import type { CborReader } from '../../cbor/cbor-reader.ts'
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import { UnreadableCbor } from '../../cbor/major-types.ts'
import {
  type CollectionMetrics,
  type ConsumedCapacity,
  writeMetrics,
  writeTransactCapacities,
} from '../codec/capacity-codec.ts'
import type { DataRequest, DaxContext } from './data-request.ts'
import { ExpressionTexts } from '../codec/expression-text.ts'
import { decodeAttributes } from '../codec/item-codec.ts'
import { writeItem } from './item-requests.ts'
import { decodeKey } from '../codec/key-codec.ts'
import { readName, readOptions } from '../dax-options.ts'
import type { DocumentPath } from '../codec/projected-values.ts'
import { failureValues, transactKinds } from '../protocol.ts'

export function readTransactGetItems(reader: CborReader, context: DaxContext): DataRequest {
  const tables = readColumn(reader, readName)
  const keys = readColumn(reader, (each) => each.bytes())
  const projections = readColumn(reader, bytesOrNull)
  const { members } = readOptions(reader)
  const gets = tables.map((table, n) => {
    const texts = new ExpressionTexts()
    const projection = projections[n]
    const shown = projection === undefined ? undefined : texts.projection(projection)
    const get = {
      TableName: table,
      Key: decodeKey(required(keys[n]), context.schemaOf(table)),
      ...(shown === undefined ? {} : { ProjectionExpression: shown.text }),
      ...texts.placeholders(),
    }
    return { get, table, paths: shown?.paths }
  })
  return {
    operation: 'TransactGetItems',
    input: { TransactItems: gets.map(({ get }) => ({ Get: get })), ...members },
    write: (writer, output) => writeFound(writer, output, gets, context),
    tables,
  }
}

type Found = {
  readonly Responses?: readonly { readonly Item?: Item }[]
  readonly ConsumedCapacity?: readonly ConsumedCapacity[]
}
type Got = { readonly table: string; readonly paths: readonly DocumentPath[] | undefined }

function writeFound(writer: CborWriter, output: Found, gets: readonly Got[], context: DaxContext): void {
  const { Responses = [], ConsumedCapacity } = output
  writer.array(2).array(gets.length)
  for (const [n, { table, paths }] of gets.entries()) {
    const item = Responses[n]?.Item
    if (item === undefined) writer.null()
    else writeItem(writer, item, { schema: context.schemaOf(table), paths, context })
  }
  writeTransactCapacities(writer, ConsumedCapacity)
}

export function readTransactWriteItems(reader: CborReader, context: DaxContext): DataRequest {
  const kinds = readColumn(reader, (each) => each.integer())
  const tables = readColumn(reader, readName)
  const keys = readColumn(reader, (each) => each.bytes())
  const items = readColumn(reader, bytesOrNull)
  if (!reader.isNull()) readColumn(reader, (each) => void each.value())
  const failures = readColumn(reader, (each) => (each.isNull() ? 0 : each.integer()))
  const conditions = readColumn(reader, bytesOrNull)
  const updates = readColumn(reader, bytesOrNull)
  const { members } = readOptions(reader)
  const writes = tables.map((table, n) =>
    writeOf(context, {
      kind: kinds[n],
      table,
      key: required(keys[n]),
      item: items[n],
      failure: failures[n],
      condition: conditions[n],
      update: updates[n],
    }),
  )
  return {
    operation: 'TransactWriteItems',
    input: { TransactItems: writes, ...members },
    write: (writer, output) => writeDone(writer, output),
    tables,
  }
}

type Row = {
  readonly kind: number | undefined
  readonly table: string
  readonly key: Buffer
  readonly item: Buffer | undefined
  readonly failure: number | undefined
  readonly condition: Buffer | undefined
  readonly update: Buffer | undefined
}

function writeOf(context: DaxContext, row: Row): Readonly<Record<string, unknown>> {
  const { table, item, condition, update } = row
  const kind = transactKinds.get(row.kind ?? 0)
  if (kind === undefined) throw new UnreadableCbor('a write of an unknown kind')
  const key = decodeKey(row.key, context.schemaOf(table))
  const texts = new ExpressionTexts()
  const attributes = item === undefined ? {} : decodeAttributes(item, context.lists)
  const failure = failureValues[row.failure ?? 0]
  const write = {
    TableName: table,
    ...(kind === 'Put' ? { Item: { ...attributes, ...key } } : { Key: key }),
    ...(update === undefined ? {} : { UpdateExpression: texts.update(update) }),
    ...(condition === undefined ? {} : { ConditionExpression: texts.condition(condition) }),
    ...texts.placeholders(),
    ...(failure === undefined || failure === 'NONE' ? {} : { ReturnValuesOnConditionCheckFailure: failure }),
  }
  return { [kind]: write }
}

type Done = {
  readonly ConsumedCapacity?: readonly ConsumedCapacity[]
  readonly ItemCollectionMetrics?: Readonly<Record<string, readonly CollectionMetrics[]>>
}

/** The first value was once for what the items are now; clients skip it. */
function writeDone(writer: CborWriter, { ConsumedCapacity, ItemCollectionMetrics }: Done): void {
  writer.array(3).array(0)
  writeTransactCapacities(writer, ConsumedCapacity)
  writeMetrics(writer, ItemCollectionMetrics)
}

function readColumn<Value>(reader: CborReader, read: (reader: CborReader) => Value): Value[] {
  const values: Value[] = []
  if (!reader.isNull()) reader.eachOfArray(() => void values.push(read(reader)))
  return values
}

function bytesOrNull(reader: CborReader): Buffer | undefined {
  return reader.isNull() ? undefined : reader.bytes()
}

function required(bytes: Buffer | undefined): Buffer {
  if (bytes === undefined) throw new UnreadableCbor('an item without a key')
  return bytes
}
