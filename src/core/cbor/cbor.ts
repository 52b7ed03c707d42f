/** CBOR as values. Where speed or another form of the values matters, use CborReader and CborWriter. */
import { type CborLimits, cborLimits } from '../limits/cbor-limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborTag, type CborValue } from './cbor-value.ts'
import { CborWriter } from './cbor-writer.ts'

export function encodeCbor(value: CborValue): Buffer {
  const writer = new CborWriter()
  writeValue(writer, value)
  return writer.finish()
}

/** Throws UnreadableCbor where the bytes are not exactly one value. */
export function decodeCbor(bytes: Buffer, limits: CborLimits = cborLimits): CborValue {
  const reader = new CborReader(bytes, limits)
  const value = reader.value()
  reader.end()
  return value
}

function writeValue(writer: CborWriter, value: CborValue): void {
  if (typeof value === 'boolean') writer.boolean(value)
  else if (typeof value === 'number') writer.number(value)
  else if (typeof value === 'bigint') writer.integer(value)
  else if (typeof value === 'string') writer.text(value)
  else if (value === undefined) writer.undefined()
  else if (value === null) writer.null()
  else if (value instanceof Uint8Array) writer.bytes(value)
  else if (value instanceof CborTag) writeValue(writer.tag(value.tag), value.value)
  else if (value instanceof Map) writeMap(writer, value)
  else writeArray(writer, value as readonly CborValue[])
}

function writeMap(writer: CborWriter, pairs: ReadonlyMap<CborValue, CborValue>): void {
  writer.map(pairs.size)
  for (const [key, value] of pairs) {
    writeValue(writer, key)
    writeValue(writer, value)
  }
}

function writeArray(writer: CborWriter, values: readonly CborValue[]): void {
  writer.array(values.length)
  for (const value of values) writeValue(writer, value)
}
