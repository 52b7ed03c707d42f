/**
 * Primary keys as DAX's clients write them. A key of one attribute is the attribute's bytes, or a CBOR number; of two, it is the first as CBOR, and behind it
 * the second's bytes, or a number whose bytes sort (lex-decimal.ts).
 */
import { canonicalNumber } from '../../attribute/number.ts'
import { attribute, type AttributeValue, type Item } from '../../attribute/value.ts'
import { CborReader } from '../../cbor/cbor-reader.ts'
import { CborWriter } from '../../cbor/cbor-writer.ts'
import { decodeText, UnreadableCbor } from '../../cbor/major-types.ts'
import type { KeyAttribute, KeySchema } from '../../table/table.ts'
import { decodeLexDecimal, encodeLexDecimal } from './lex-decimal.ts'
import { readAttributes, readNumber, writeNumber, writeValue } from './value-codec.ts'

/** Of a table's key, the first its partition attribute. */
export function keyAttributesOf({ partition, sort }: KeySchema): readonly KeyAttribute[] {
  return [...partition, ...sort]
}

export function decodeKey(bytes: Buffer, schema: KeySchema): Item {
  const [partition, sort] = keyAttributesOf(schema)
  if (partition === undefined) throw new UnreadableCbor('a table without a key')
  const reader = new CborReader(bytes)
  if (sort === undefined) return Object.fromEntries([[partition.name, onlyValue(partition, bytes)]])
  const first = partitionValue(partition, reader)
  const second = sortValue(sort, bytes.subarray(reader.offset))
  return Object.fromEntries([
    [partition.name, first],
    [sort.name, second],
  ])
}

function onlyValue({ type }: KeyAttribute, bytes: Buffer): AttributeValue {
  if (type === 'S') return { S: decodeText(bytes) }
  if (type === 'B') return { B: bytes.toString('base64') }
  const reader = new CborReader(bytes)
  const text = readNumber(reader)
  reader.end()
  return number(text)
}

function partitionValue({ type }: KeyAttribute, reader: CborReader): AttributeValue {
  if (type === 'S') return { S: reader.text() }
  return type === 'B' ? { B: reader.bytes().toString('base64') } : number(readNumber(reader))
}

function sortValue({ type }: KeyAttribute, bytes: Buffer): AttributeValue {
  if (type === 'S') return { S: decodeText(bytes) }
  return type === 'B' ? { B: bytes.toString('base64') } : number(decodeLexDecimal(bytes))
}

/** In canonical form; what is none is left as it is for the region to refuse. */
function number(text: string): AttributeValue {
  const canonical = canonicalNumber(text)
  return { N: typeof canonical === 'string' ? canonical : text }
}

export function encodeKey(item: Item, schema: KeySchema): Buffer {
  const [partition, sort] = keyAttributesOf(schema)
  if (partition === undefined) throw new UnreadableCbor('a table without a key')
  if (sort === undefined) return onlyBytes(valueIn(item, partition))
  const writer = new CborWriter()
  writeValue(writer, valueIn(item, partition))
  return writer.raw(sortBytes(valueIn(item, sort))).finish()
}

function valueIn(item: Item, { name }: KeyAttribute): AttributeValue {
  const value = attribute(item, name)
  if (value === undefined) throw new UnreadableCbor(`an item without its key attribute ${name}`)
  return value
}

function onlyBytes(value: AttributeValue): Buffer {
  if (!('N' in value)) return plainBytes(value)
  const writer = new CborWriter()
  writeNumber(writer, value.N)
  return writer.finish()
}

function sortBytes(value: AttributeValue): Buffer {
  return 'N' in value ? encodeLexDecimal(value.N) : plainBytes(value)
}

function plainBytes(value: AttributeValue): Buffer {
  if ('S' in value) return Buffer.from(value.S)
  if ('B' in value) return Buffer.from(value.B, 'base64')
  throw new UnreadableCbor('a key of another type than keys have')
}

/** Of an index: names and values, whatever the table's key is. */
export function decodeNamedKey(bytes: Buffer): Item {
  const reader = new CborReader(bytes)
  const key = readAttributes(reader)
  reader.end()
  return key
}

export function encodeNamedKey(key: Item): Buffer {
  const writer = new CborWriter().openMap()
  for (const [name, value] of Object.entries(key)) writeValue(writer.text(name), value)
  return writer.close().finish()
}
