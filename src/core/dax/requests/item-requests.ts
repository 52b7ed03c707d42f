/** GetItem, PutItem, UpdateItem and DeleteItem by DAX's protocol. */
import type { Item } from '../../attribute/value.ts'
import type { CborReader } from '../../cbor/cbor-reader.ts'
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import type { KeySchema } from '../../table/table.ts'
import {
  type CollectionMetrics,
  type ConsumedCapacity,
  encodeCapacity,
  encodeMetrics,
} from '../codec/capacity-codec.ts'
import type { DataRequest, DaxContext } from './data-request.ts'
import { ExpressionTexts } from '../codec/expression-text.ts'
import {
  attributeListOf,
  decodeAttributes,
  encodeAttributes,
  encodeChanged,
  writeProjected,
} from '../codec/item-codec.ts'
import { decodeKey } from '../codec/key-codec.ts'
import { readName, readOptions } from '../dax-options.ts'
import type { DocumentPath } from '../codec/projected-values.ts'
import { result } from '../protocol.ts'

export function readGetItem(reader: CborReader, context: DaxContext): DataRequest {
  const table = readName(reader)
  const schema = context.schemaOf(table)
  const key = decodeKey(reader.bytes(), schema)
  const { members, projection } = readOptions(reader)
  const texts = new ExpressionTexts()
  const shown = projection === undefined ? undefined : texts.projection(projection)
  const input = {
    TableName: table,
    Key: key,
    ...members,
    ...(shown === undefined ? {} : { ProjectionExpression: shown.text }),
    ...texts.placeholders(),
  }
  return {
    operation: 'GetItem',
    input,
    write: (writer, output) => {
      writer.openMap()
      const item = output['Item'] as Item | undefined
      if (item !== undefined) writeItem(writer.integer(result.item), item, { schema, paths: shown?.paths, context })
      writeRest(writer, output)
    },
  }
}

export function readPutItem(reader: CborReader, context: DaxContext): DataRequest {
  const table = readName(reader)
  const schema = context.schemaOf(table)
  const key = decodeKey(reader.bytes(), schema)
  const item = { ...decodeAttributes(reader.bytes(), context.lists), ...key }
  return writing('PutItem', { TableName: table, Item: item }, { reader, schema, context })
}

export function readUpdateItem(reader: CborReader, context: DaxContext): DataRequest {
  return readKeyed('UpdateItem', reader, context)
}

export function readDeleteItem(reader: CborReader, context: DaxContext): DataRequest {
  return readKeyed('DeleteItem', reader, context)
}

function readKeyed(operation: string, reader: CborReader, context: DaxContext): DataRequest {
  const table = readName(reader)
  const schema = context.schemaOf(table)
  return writing(operation, { TableName: table, Key: decodeKey(reader.bytes(), schema) }, { reader, schema, context })
}

type Reading = { readonly reader: CborReader; readonly schema: KeySchema; readonly context: DaxContext }

function writing(
  operation: string,
  about: Readonly<Record<string, unknown>>,
  { reader, schema, context }: Reading,
): DataRequest {
  const { members, condition, update } = readOptions(reader)
  const texts = new ExpressionTexts()
  const input = {
    ...about,
    ...members,
    ...(update === undefined ? {} : { UpdateExpression: texts.update(update) }),
    ...(condition === undefined ? {} : { ConditionExpression: texts.condition(condition) }),
    ...texts.placeholders(),
  }
  const { ReturnValues: returned } = members
  const isChanged = returned === 'UPDATED_OLD' || returned === 'UPDATED_NEW'
  return {
    operation,
    input,
    write: (writer, output) => {
      writer.openMap()
      const attributes = output['Attributes'] as Item | undefined
      if (attributes !== undefined) {
        writer.integer(result.attributes)
        if (isChanged) writer.bytes(encodeChanged(attributes, context.lists))
        else writeItem(writer, attributes, { schema, paths: undefined, context })
      }
      writeRest(writer, output)
    },
  }
}

export type Shown = {
  readonly schema: KeySchema
  readonly paths: readonly DocumentPath[] | undefined
  readonly context: Pick<DaxContext, 'lists'>
}

/** An item without its key, or the parts of it that are shown. */
export function writeItem(writer: CborWriter, item: Item, { schema, paths, context }: Shown): void {
  if (paths !== undefined) writeProjected(writer, item, paths)
  else writer.bytes(encodeAttributes(item, attributeListOf(item, schema, context.lists)))
}

function writeRest(writer: CborWriter, output: Readonly<Record<string, unknown>>): void {
  const { ConsumedCapacity: consumed, ItemCollectionMetrics: metrics } = output
  if (consumed !== undefined)
    writer.integer(result.consumedCapacity).bytes(encodeCapacity(consumed as ConsumedCapacity))
  if (metrics !== undefined)
    writer.integer(result.itemCollectionMetrics).bytes(encodeMetrics(metrics as CollectionMetrics))
  writer.close()
}
