/**
 * Digests of ranges of a table, to tell whether replicas hold the same. A row's digest is the 128 bits of MurmurHash3 (x86,
 * 128), chained over key, header and item; a range's is the sum of its rows' in four lanes of 32 bits, so the order does not
 * matter and a row counted twice shows. It is told from chance, a bad disk or a mistake of ours: two different ranges agree once in
 * 2^128. It is no proof against somebody who makes rows to fit, which a peer that is trusted with the data has no need of.
 *
 * Tombstones do not count, for each region forgets them in its own time; neither does what a row has seen, for where a
 * tombstone is forgotten already a row has seen less of it. Rows later than the watermark do not count either: they are
 * still on their way.
 */
import { type ClockState, isAfter } from '../hybrid-logical-clock/hybrid-logical-clock.ts'
import { readStamp } from '../hybrid-logical-clock/stamp.ts'
import { bodyOffset, identitySizeBytes, isSameWrite, isTombstone, rowDamage, writeIdentity } from '../item/row.ts'

/** Of the row that is added: flags, stamp, size, alike in every format. */
const identity = Buffer.alloc(identitySizeBytes)

export type RangeDigest = { readonly rows: number; readonly digest: string }

export class Digest {
  #rows = 0
  readonly #sum = new Uint32Array(4)

  add(key: Buffer, row: Buffer): void {
    this.#rows++
    const lanes = new Uint32Array(4)
    chain(lanes, key, 0, key.length)
    if (isReadable(row)) {
      writeIdentity(identity, row)
      chain(lanes, identity, 0, identitySizeBytes)
      chain(lanes, row, bodyOffset(row), row.length)
    } else chain(lanes, row, 0, row.length)
    for (let lane = 0; lane < 4; lane++) this.#sum[lane] = (this.#sum[lane] ?? 0) + (lanes[lane] ?? 0)
  }

  /** The same for the same rows. */
  result(): RangeDigest {
    return { rows: this.#rows, digest: textOf(this.#sum) }
  }
}

/** Whether a row is among those that every replica has the same of. What is no row at all counts: it is wrong wherever it is. */
export function countsUpTo(row: Buffer, watermark: ClockState): boolean {
  return !isReadable(row) || (!isTombstone(row) && !isLater(row, watermark))
}

export function isLater(row: Buffer, watermark: ClockState): boolean {
  return isReadable(row) && isAfter(readStamp(row, 1), watermark)
}

/** The same item by the same write, whatever the two have seen. */
export function isSameRow(a: Buffer, b: Buffer): boolean {
  return isReadable(a) && isReadable(b) ? isSameWrite(a, b) : a.equals(b)
}

/** Bytes of which nothing can be believed count as they are: they are wrong wherever they are. */
function isReadable(row: Buffer): boolean {
  return rowDamage(row) === undefined
}

const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const

/** MurmurHash3_x86_128 (Austin Appleby, public domain) of bytes [from, to), with `lanes` for its seeds and its result. */
function chain(lanes: Uint32Array, bytes: Buffer, from: number, to: number): void {
  let [h1, h2, h3, h4] = lanes as unknown as [number, number, number, number]
  const length = to - from
  const end = to - (length % 16)
  for (let at = from; at < end; at += 16) {
    h1 = add(mul(add(rotate(h1 ^ first(bytes.readUInt32LE(at)), 19), h2), 5), 0x561ccd1b)
    h2 = add(mul(add(rotate(h2 ^ second(bytes.readUInt32LE(at + 4)), 17), h3), 5), 0x0bcaa747)
    h3 = add(mul(add(rotate(h3 ^ third(bytes.readUInt32LE(at + 8)), 15), h4), 5), 0x96cd1c35)
    h4 = add(mul(add(rotate(h4 ^ fourth(bytes.readUInt32LE(at + 12)), 13), h1), 5), 0x32ac3b17)
  }
  const tail = [0, 0, 0, 0] as [number, number, number, number]
  for (let at = end; at < to; at++) {
    const lane = ((at - end) >> 2) as 0 | 1 | 2 | 3
    tail[lane] |= (bytes[at] ?? 0) << (8 * ((at - end) & 3))
  }
  h1 ^= first(tail[0]) ^ length
  h2 ^= second(tail[1]) ^ length
  h3 ^= third(tail[2]) ^ length
  h4 ^= fourth(tail[3]) ^ length
  h1 = add(add(add(h1, h2), h3), h4)
  const mixed = [h1, add(h2, h1), add(h3, h1), add(h4, h1)].map(finish) as [number, number, number, number]
  const sum = mixed.reduce(add)
  lanes[0] = sum
  for (const lane of [1, 2, 3] as const) lanes[lane] = add(mixed[lane], sum)
}

const add = (a: number, b: number): number => (a + b) | 0
const mul = Math.imul
const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))
const first = (k: number): number => mul(rotate(mul(k, c1), 15), c2)
const second = (k: number): number => mul(rotate(mul(k, c2), 16), c3)
const third = (k: number): number => mul(rotate(mul(k, c3), 17), c4)
const fourth = (k: number): number => mul(rotate(mul(k, c4), 18), c1)

function finish(value: number): number {
  let h = value
  h = mul(h ^ (h >>> 16), 0x85ebca6b)
  h = mul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Of some bytes alone, as hexadecimal digits. */
export function hash128(bytes: Buffer): string {
  const lanes = new Uint32Array(4)
  chain(lanes, bytes, 0, bytes.length)
  return textOf(lanes)
}

function textOf(lanes: Uint32Array): string {
  return [...lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('')
}
