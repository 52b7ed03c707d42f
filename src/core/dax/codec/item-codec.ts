/** Items as DAX's clients write them: the number of the list of their attribute names, and the values in that order. A key travels on its own, and is left out. */
import { attribute, type AttributeValue, type Item, setAttribute } from '../../attribute/value.ts'
import { CborReader } from '../../cbor/cbor-reader.ts'
import { CborWriter } from '../../cbor/cbor-writer.ts'
import { UnreadableCbor } from '../../cbor/major-types.ts'
import { takeValue, withinPart } from '../../cbor/value-budget.ts'
import type { KeySchema } from '../../table/table.ts'
import type { AttributeList, AttributeLists } from './attribute-lists.ts'
import { keyAttributesOf } from './key-codec.ts'
import { daxItemValuesMax } from '../../limits/dax-limits.ts'
import { type DocumentPath, projectedValues } from './projected-values.ts'
import { readValue, writeValue } from './value-codec.ts'

/** A client names a list that this cache does not know. */
export class UnknownAttributeList extends Error {
  override readonly name = 'UnknownAttributeList'
}

/** All but the key. */
export function decodeAttributes(bytes: Buffer, lists: AttributeLists): Item {
  return withinPart(daxItemValuesMax, () => attributesIn(bytes, lists))
}

function attributesIn(bytes: Buffer, lists: AttributeLists): Item {
  const reader = new CborReader(bytes)
  const id = reader.integer()
  const list = lists.find(id)
  if (list === undefined) throw new UnknownAttributeList(`attribute list ${id} is not known to this cache`)
  const item: Record<string, AttributeValue> = {}
  for (const name of list.names) {
    takeValue()
    setAttribute(item, name, readValue(reader))
  }
  if (reader.left > 0) throw new UnreadableCbor('more values than names')
  return item
}

export function attributeListOf(item: Item, schema: KeySchema, lists: AttributeLists): AttributeList {
  const keys = new Set(keyAttributesOf(schema).map(({ name }) => name))
  return lists.listOf(
    Object.keys(item)
      .filter((name) => !keys.has(name))
      .toSorted(byBytes),
  )
}

/** All but the key. */
export function encodeAttributes(item: Item, { id, names }: AttributeList): Buffer {
  const writer = new CborWriter().integer(id)
  for (const name of names) {
    const value = attribute(item, name)
    if (value !== undefined) writeValue(writer, value)
  }
  return writer.finish()
}

/** What an update has changed: its values by their places in the list of their names. */
export function encodeChanged(item: Item, lists: AttributeLists): Buffer {
  const list = lists.listOf(Object.keys(item).toSorted(byBytes))
  const writer = new CborWriter().integer(list.id).map(list.names.length)
  for (const [place, name] of list.names.entries()) writeValue(writer.integer(place), item[name] as AttributeValue)
  return writer.finish()
}

export function writeProjected(writer: CborWriter, item: Item, paths: readonly DocumentPath[]): void {
  const shown = projectedValues(item, paths)
  writer.map(shown.length)
  for (const { ordinal, value } of shown) writeValue(writer.integer(ordinal), value)
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
