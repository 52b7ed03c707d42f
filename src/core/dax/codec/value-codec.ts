/** Attribute values as DAX's clients write them: S is text, N an integer, a bignum, a decimal or a float, B bytes; sets are arrays with a tag. */
import { type AttributeValue, type Item, setAttribute } from '../../attribute/value.ts'
import type { CborReader } from '../../cbor/cbor-reader.ts'
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import * as major from '../../cbor/major-types.ts'
import { UnreadableCbor } from '../../cbor/major-types.ts'
import { tags } from '../protocol.ts'

export function readValue(reader: CborReader): AttributeValue {
  switch (reader.type) {
    case major.text:
      return { S: reader.text() }
    case major.byteText:
      return { B: reader.bytes().toString('base64') }
    case major.array:
      return { L: readAll(reader, readValue) }
    case major.map:
      return { M: readAttributes(reader) }
    case major.tag:
      return readTagged(reader)
    case major.simple:
      return readSimple(reader)
    default:
      return { N: readNumber(reader) }
  }
}

/** Names and values. */
export function readAttributes(reader: CborReader): Item {
  const item: Record<string, AttributeValue> = {}
  reader.eachOfMap(() => setAttribute(item, reader.text(), readValue(reader)))
  return item
}

/** In DynamoDB's notation; not in canonical form. */
export function readNumber(reader: CborReader): string {
  if (reader.type === major.simple) return floatText(reader.number())
  if (reader.type !== major.tag || reader.nextTag !== tags.decimal) return String(reader.wideInteger())
  reader.tag()
  return readDecimal(reader)
}

function readTagged(reader: CborReader): AttributeValue {
  switch (reader.nextTag) {
    case tags.stringSet:
      return { SS: readSet(reader, () => reader.text()) }
    case tags.numberSet:
      return { NS: readSet(reader, readNumber) }
    case tags.binarySet:
      return { BS: readSet(reader, () => reader.bytes().toString('base64')) }
    default:
      return { N: readNumber(reader) }
  }
}

function readSet(reader: CborReader, read: (reader: CborReader) => string): string[] {
  reader.tag()
  return readAll(reader, read)
}

function readAll<Value>(reader: CborReader, read: (reader: CborReader) => Value): Value[] {
  const values: Value[] = []
  reader.eachOfArray(() => void values.push(read(reader)))
  return values
}

function readSimple(reader: CborReader): AttributeValue {
  if (reader.isNull()) return { NULL: true }
  return reader.isBoolean ? { BOOL: reader.boolean() } : { N: floatText(reader.number()) }
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) throw new UnreadableCbor('a number that is none')
  return String(value)
}

function readDecimal(reader: CborReader): string {
  const parts: (number | bigint)[] = []
  reader.eachOfArray(() => void parts.push(reader.wideInteger()))
  const [exponent, mantissa] = parts
  if (parts.length !== 2 || exponent === undefined || mantissa === undefined)
    throw new UnreadableCbor('a decimal of other than two parts')
  return `${mantissa}E${exponent}`
}

export function writeValue(writer: CborWriter, value: AttributeValue): void {
  if ('S' in value) writer.text(value.S)
  else if ('N' in value) writeNumber(writer, value.N)
  else if ('B' in value) writer.bytes(Buffer.from(value.B, 'base64'))
  else if ('BOOL' in value) writer.boolean(value.BOOL)
  else if ('NULL' in value) writer.null()
  else if ('M' in value) writeAttributes(writer, value.M)
  else if ('L' in value) {
    writer.array(value.L.length)
    for (const member of value.L) writeValue(writer, member)
  } else writeSet(writer, value)
}

function writeSet(
  writer: CborWriter,
  value: Extract<AttributeValue, { SS: unknown } | { NS: unknown } | { BS: unknown }>,
) {
  if ('SS' in value) {
    writer.tag(tags.stringSet).array(value.SS.length)
    for (const member of value.SS) writer.text(member)
  } else if ('NS' in value) {
    writer.tag(tags.numberSet).array(value.NS.length)
    for (const member of value.NS) writeNumber(writer, member)
  } else {
    writer.tag(tags.binarySet).array(value.BS.length)
    for (const member of value.BS) writer.bytes(Buffer.from(member, 'base64'))
  }
}

function writeAttributes(writer: CborWriter, item: Item): void {
  const names = Object.keys(item)
  writer.map(names.length)
  for (const name of names) {
    writer.text(name)
    writeValue(writer, item[name] as AttributeValue)
  }
}

/** Integers of more digits are bignums: Go's client reads no more into 64 bits. */
const integerDigitsMax = 18
/** Mantissas of more digits are bignums: the JavaScript clients refuse them as numbers. */
const mantissaDigitsMax = 15
const shortInteger = /^-?\d{1,15}$/

/** Takes canonical text. */
export function writeNumber(writer: CborWriter, text: string): void {
  if (shortInteger.test(text)) return void writer.integer(Number(text))
  const point = text.indexOf('.')
  if (point < 0) return writeDigits(writer, text, integerDigitsMax)
  writer
    .tag(tags.decimal)
    .array(2)
    .integer(point + 1 - text.length)
  writeDigits(writer, text.slice(0, point) + text.slice(point + 1), mantissaDigitsMax)
}

function writeDigits(writer: CborWriter, text: string, digitsMax: number): void {
  const value = BigInt(text)
  if (text.length > digitsMax + (value < 0n ? 1 : 0) && digitsOf(value) > digitsMax) writer.bignum(value)
  else writer.integer(value)
}

function digitsOf(value: bigint): number {
  return String(value < 0n ? -value : value).length
}
