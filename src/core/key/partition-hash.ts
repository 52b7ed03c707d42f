/**
 * Spreads partitions over the key space: Scan's order and its parallel segments follow this hash. It is MurmurHash3's
 * 32-bit form (Appleby, public domain) twice with different seeds; nothing relies on collisions being rare, since keys carry
 * the value in full. Stored keys depend on it, so it never changes: a test holds known values.
 */
export const partitionHashSizeBytes = 8

const seedHigh = 0x4c6f6e67
const seedLow = 0x69747564

/** Hashes bytes [from, to) of `target` and writes the eight bytes of the hash at `at`. */
export function writePartitionHash(target: Buffer, at: number, from: number, to: number): void {
  target.writeInt32BE(murmur3(target, from, to, seedHigh), at)
  target.writeInt32BE(murmur3(target, from, to, seedLow), at + 4)
}

/** Whether the eight bytes at `at` are the hash of bytes [from, to). */
export function isPartitionHash(bytes: Buffer, at: number, from: number, to: number): boolean {
  return (
    bytes.readInt32BE(at) === murmur3(bytes, from, to, seedHigh) &&
    bytes.readInt32BE(at + 4) === murmur3(bytes, from, to, seedLow)
  )
}

export function murmur3(bytes: Buffer, from: number, to: number, seed: number): number {
  let hash = seed
  let at = from
  for (; at + 4 <= to; at += 4) {
    hash ^= scramble(bytes.readInt32LE(at))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  if (at < to) hash ^= scramble(bytes.readUIntLE(at, to - at))
  return avalanche(hash ^ (to - from))
}

/**
 * A hash of text without making bytes of it, two of its units at a time. It spreads requests over partitions in memory; stored keys know nothing of it.
 */
export function hashOfText(text: string, seed: number): number {
  const { length } = text
  let hash = seed
  let at = 0
  for (; at + 2 <= length; at += 2) {
    hash ^= scramble(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  if (at < length) hash ^= scramble(text.charCodeAt(at))
  return avalanche(hash ^ length)
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/** Spreads every bit of a word over all of them. */
export function avalanche(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
