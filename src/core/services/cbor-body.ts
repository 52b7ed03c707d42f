/**
 * AWS's CBOR protocol (smithy-rpc-v2-cbor): bodies as the JSON protocols have them, so that a service need not know which one is spoken. Times are
 * tag 1, in seconds; a Date of an output is written so.
 */
import { CborScanner } from '../cbor/cbor-scanner.ts'
import { decodeCbor } from '../cbor/cbor.ts'
import { CborTag, type CborValue } from '../cbor/cbor-value.ts'
import { CborWriter } from '../cbor/cbor-writer.ts'
import type { CborLimits } from '../limits/cbor-limits.ts'
import { UnreadableCbor } from '../cbor/major-types.ts'
import {
  serviceContainersMax,
  serviceDepthMax,
  serviceRequestBytesMax,
  serviceValuesMax,
} from '../limits/wire-limits.ts'

const timeTag = 1
const limits: CborLimits = {
  depthMax: serviceDepthMax,
  sizeBytesMax: serviceRequestBytesMax,
  valuesMax: serviceValuesMax,
  containersMax: serviceContainersMax,
}

/** Throws UnreadableCbor, before anything is made of a body with more values than any operation can need. */
export function cborInput(body: Buffer): unknown {
  if (new CborScanner(limits).scan(body, 0) !== body.length) throw new UnreadableCbor('not one whole value')
  return plain(decodeCbor(body, limits))
}

function plain(value: CborValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof CborTag) return plain(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map)
    return Object.fromEntries(
      [...(value as ReadonlyMap<CborValue, CborValue>)].map(([name, each]) => [String(plain(name)), plain(each)]),
    )
  return (value as readonly CborValue[]).map(plain)
}

export function cborOutput(output: object): Buffer {
  const writer = new CborWriter()
  write(writer, output)
  return writer.finish()
}

function write(writer: CborWriter, value: unknown): void {
  if (typeof value === 'string') writer.text(value)
  else if (typeof value === 'boolean') writer.boolean(value)
  else if (typeof value === 'number') writer.number(value)
  else if (value instanceof Date) writer.tag(timeTag).float(value.getTime() / 1000)
  else if (value instanceof Uint8Array) writer.bytes(value)
  else if (Array.isArray(value)) writeAll(writer.array(value.length), value)
  else if (typeof value === 'object' && value !== null) writeMembers(writer, value)
  else writer.null()
}

function writeAll(writer: CborWriter, values: readonly unknown[]): void {
  for (const value of values) write(writer, value)
}

function writeMembers(writer: CborWriter, value: object): void {
  const entries = value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value)
  const given = entries.filter(([, each]) => each !== undefined)
  writer.map(given.length)
  for (const [name, each] of given) {
    writer.text(name)
    write(writer, each)
  }
}
