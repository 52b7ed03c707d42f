/** The first bytes of every CBOR value: its type and its argument. */
import * as major from './major-types.ts'
import { UnreadableCbor } from './major-types.ts'

/** Returns how many bytes follow the first one as its argument. Refuses what RFC 8949 says is not well-formed. */
export function argumentSizeBytes(first: number): number {
  const info = first & 31
  if (info < major.oneByte) return 0
  if (info <= major.eightBytes) return 1 << (info - major.oneByte)
  const type = first >> 5
  if (info !== major.indefinite || type <= major.negative || type === major.tag)
    throw new UnreadableCbor(`a first byte that has no meaning (${first})`)
  return 0
}

/** Returns the argument; past 2^53 only about. Of a first byte without one, its lower five bits. */
export function argumentOf(bytes: Uint8Array, at: number, sizeBytes: number): number {
  if (sizeBytes === 0) return (bytes[at] as number) & 31
  let argument = 0
  for (let n = 1; n <= sizeBytes; n++) argument = argument * 256 + (bytes[at + n] as number)
  if (sizeBytes === 1 && (bytes[at] as number) >> 5 === major.simple && argument < 32)
    throw new UnreadableCbor('a simple value in two bytes that has one')
  return argument
}
