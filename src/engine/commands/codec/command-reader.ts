/** Reads the fields of a command that CommandWriter has put, each with its check. All throw RangeError, with the reason. */
import type { Reader } from '../../../core/change/reader.ts'

/** Each part of a list takes more bytes than this. */
const partSizeBytesMin = 4

export function countOf(reader: Reader, count: number): number {
  if (count * partSizeBytesMin > reader.left) throw new RangeError('it names more parts than it has')
  return count
}

/** Under a count of four bytes. */
export function listOf<Part>(reader: Reader, part: (reader: Reader) => Part): readonly Part[] {
  return Array.from({ length: countOf(reader, reader.u32()) }, () => part(reader))
}

export function keyOf(reader: Reader): Buffer {
  const key = reader.bytes(reader.u16())
  if (key.length === 0) throw new RangeError('a row without a key')
  return key
}

export function longOf(reader: Reader): Buffer {
  return reader.bytes(reader.u32())
}

export function maybeOf(reader: Reader): Buffer | undefined {
  return flagOf(reader) ? longOf(reader) : undefined
}

export function flagOf(reader: Reader): boolean {
  const flag = reader.u8()
  if (flag > 1) throw new RangeError('neither yes nor no')
  return flag === 1
}

export function proofOf(reader: Reader): { readonly proof?: { readonly at: number; readonly of: string } } {
  return flagOf(reader) ? { proof: { at: reader.u48(), of: reader.text() } } : {}
}

/** `what` names it in the refusal. */
export function jsonOf(reader: Reader, what: string): unknown {
  try {
    return JSON.parse(longOf(reader).toString())
  } catch {
    throw new RangeError(`${what} are no JSON`)
  }
}
