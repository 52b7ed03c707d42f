/**
 * A stamp orders every write of every region: 48-bit milliseconds, a 16-bit counter, and the number of the
 * region as the tie-break. Last-writer-wins needs nothing else. Two plain numbers rather than a BigInt,
 * because stamps are compared on the hot path.
 */
import { assert } from '../assert.ts'

/** A region's number in the topology: the tie-break between equal clocks, never used again for another region. */
export type RegionNumber = number

/** In a version vector: all regions, up to that moment. No region has this number. */
export const everyRegion: RegionNumber = 0xffff

export type Stamp = {
  /** Milliseconds since 1970, the largest seen. */
  readonly wallMs: number
  readonly counter: number
  readonly region: RegionNumber
}

export const stampSizeBytes = 10
export const counterMax = 0xffff
export const wallMsMax = 2 ** 48 - 1

/** Negative when `a` is older, positive when it is newer, 0 only for the same write. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.wallMs - b.wallMs || a.counter - b.counter || a.region - b.region
}

export function writeStamp(target: Buffer, offset: number, stamp: Stamp): number {
  assert(stamp.wallMs >= 0 && stamp.wallMs <= wallMsMax, 'stamp: milliseconds fit 48 bits')
  assert(stamp.counter >= 0 && stamp.counter <= counterMax, 'stamp: counter fits 16 bits')
  target.writeUIntBE(stamp.wallMs, offset, 6)
  target.writeUInt16BE(stamp.counter, offset + 6)
  target.writeUInt16BE(stamp.region, offset + 8)
  return offset + stampSizeBytes
}

export function readStamp(source: Buffer, offset: number): Stamp {
  return {
    wallMs: source.readUIntBE(offset, 6),
    counter: source.readUInt16BE(offset + 6),
    region: source.readUInt16BE(offset + 8),
  }
}
