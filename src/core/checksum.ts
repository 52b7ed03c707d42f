/**
 * CRC-32 (as in zlib) over bytes [from, to), continued from `before`: it finds every burst of up to 32 changed bits, and any other damage
 * but once in 2^32. It is no proof against somebody who makes bytes to fit. `crc32` of node:zlib is a pure function, hence allowed here.
 */
import { crc32 } from 'node:zlib'

/** A call of the native function costs more than so many bytes by hand. */
const byHandSizeBytesMax = 24

export function checksum(bytes: Buffer, from: number, to: number, before = 0): number {
  if (to - from > byHandSizeBytesMax)
    return crc32(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), before)
  let sum = ~before
  for (let at = from; at < to; at++) sum = (steps[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8)
  return ~sum >>> 0
}

const steps = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ 0xedb88320
  return sum
})
