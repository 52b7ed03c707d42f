/**
 * AES-256-GCM (NIST SP 800-38D) of many small values by one call of OpenSSL. Node has no such call, and for a value of 500 bytes the six calls that a
 * Decipheriv takes cost several times what the work in them does. So one ECB cipher, which lives as long as its key, encrypts the counter blocks of all
 * values of a batch. What remains is to add them to the texts, and the tags (ghash.ts). The bytes are those that `createCipheriv('aes-256-gcm')` makes.
 *
 *   input, for each value      place, padded · text, padded · lengths · tag
 *   counters, for each value   nonce and 1, which hides the tag · nonce and 2 · nonce and 3 · …, which hide the text
 *
 * Before a text that is to be sealed stands its head, so that from there on a value lies in the input as it lies in the store.
 * What is done with a value in these two places is done by WebAssembly (ghash.ts), which makes no garbage; OpenSSL's answer is a buffer, in which the texts
 * are handed out then.
 *
 * The tags of a batch that is opened are checked together. GHASH adds each block to its state and multiplies that by the hash key. After the lengths of a
 * value its state is the tag that the value should have. Adding the tag that it has leaves zero, and the next value begins as if it were the first.
 * So OpenSSL hashes the whole input at once, and what comes out is what zeros give, unless a tag is wrong. Values with wrong tags could
 * cancel each other out only where the hash key is a root of a polynomial that they give: as likely as forging one tag of a value as long as the batch.
 * When it is not what zeros give, each value is checked by itself.
 */
import { createCipheriv, type Cipher, type KeyObject } from 'node:crypto'
import { gcmBatchBytesMax, gcmTextBytesMax } from '../../core/limits/key-limits.ts'
import { gcmBlocks, Ghash, scratch, scratchAt, state, streams, streamsAt } from './ghash.ts'

const blockBytes = 16
export const tagSizeBytes = 16
export const nonceSizeBytes = 12
/** What stands before a text: a head of this size, the nonce within. */
export const headSizeBytes = 3 + nonceSizeBytes

const zeroNonce = Buffer.alloc(nonceSizeBytes)
/** So many tags are checked by calls of OpenSSL, which take as long as hashing about half as many values, and make an object that V8 has to watch. */
const tagsTogetherMin = 32

/** Words are taken as they lie in memory. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** What follows from a key, kept beside it. */
export class GcmKey {
  readonly key: KeyObject
  readonly blocks: Cipher
  readonly ghash: Ghash
  /** What hides a tag under the nonce of zeros, which nothing is sealed with. */
  readonly #hiding: Uint32Array

  constructor(key: KeyObject) {
    this.key = key
    this.blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    this.ghash = new Ghash(this.blocks.update(Buffer.alloc(blockBytes)))
    this.#hiding = wordsOf(this.blocks.update(Uint8Array.from({ length: blockBytes }, (_, n) => (n === 15 ? 1 : 0))))
  }

  /** GHASH of whole blocks and their length, by OpenSSL. No one sees the tag that it comes from. */
  hashOf(blocks: Uint8Array): Uint32Array {
    const cipher = createCipheriv('aes-256-gcm', this.key, zeroNonce).setAAD(blocks)
    cipher.final()
    return wordsOf(cipher.getAuthTag()).map((word, n) => word ^ (this.#hiding[n] as number))
  }
}

/** Values of no place and no text would take three blocks each. */
const lanesMax = Math.floor(gcmBatchBytesMax / (3 * blockBytes))
/** Where a value lies, in bytes of the memory that input and counters share: six numbers. */
const laneNumbers = 6
const [placeOf, textOf, lengthsOf, countersOf, placeSizeOf, textSizeOf] = [0, 1, 2, 3, 4, 5]

/** There is one, because there is one scratch memory for what is hashed. It is filled and emptied within one turn. */
class GcmBatch {
  readonly #lanes = new Int32Array(lanesMax * laneNumbers)
  #size = 0
  /** Of the scratch memory. */
  #inputEnd = 0
  /** Of the streams. */
  #countersEnd = 0

  get size(): number {
    return this.#size
  }

  /** Forgets what was added by something that failed before it was done. */
  begin(): void {
    this.#size = 0
    this.#inputEnd = 0
    this.#countersEnd = 0
  }

  fits(place: Uint8Array, textSizeBytes: number): boolean {
    return this.#inputEnd + blocksBytes(place.length) + blocksBytes(textSizeBytes) + 4 * blockBytes <= scratch.length
  }

  /** To be opened. */
  addSealed(place: Uint8Array, sealed: Uint8Array): void {
    const textSizeBytes = sealed.length - headSizeBytes - tagSizeBytes
    const text = this.#inputEnd + blocksBytes(place.length)
    const lengths = text + blocksBytes(textSizeBytes)
    const counters = this.#countersEnd
    // The head comes to where the place ends, and is taken from there before the place is written.
    scratch.set(sealed, text - headSizeBytes)
    gcmBlocks.take(scratchAt + text, textSizeBytes, scratchAt + lengths, streamsAt + counters, place.length)
    scratch.set(place, this.#inputEnd)
    this.#add(text, lengths, place.length, textSizeBytes)
  }

  /** To be sealed. The head ends in a nonce that no other value has. */
  addPlain(place: Uint8Array, head: Uint8Array, plain: Uint8Array): void {
    const text = this.#inputEnd + blocksBytes(place.length) + blockBytes
    const lengths = text + blocksBytes(plain.length)
    scratch.set(head, text - headSizeBytes)
    gcmBlocks.begin(scratchAt + text, scratchAt + lengths, streamsAt + this.#countersEnd)
    scratch.set(place, this.#inputEnd)
    scratch.set(plain, text)
    this.#add(text, lengths, place.length, plain.length)
  }

  /** The texts, in the order in which they were added; undefined for what was not sealed at its place with the key. */
  open(key: GcmKey): readonly (Buffer | undefined)[] {
    const texts: (Buffer | undefined)[] = []
    const memory = this.#makeStreams(key.blocks)
    const [table, areTags] = [key.ghash.table(), this.#size >= tagsTogetherMin && this.#areTags(key)]
    for (let lane = 0; lane < this.#size; lane++)
      texts.push(areTags || this.#isTag(lane, table) ? this.#text(lane, memory) : undefined)
    this.#handOut(memory)
    return texts
  }

  /** The only one that was added. */
  openOne(key: GcmKey): Buffer | undefined {
    const memory = this.#makeStreams(key.blocks)
    const text = this.#isTag(0, key.ghash.table()) ? this.#text(0, memory) : undefined
    this.#handOut(memory)
    return text
  }

  /** The sealed values, in the order in which they were added. */
  seal({ blocks, ghash }: GcmKey): readonly Buffer[] {
    this.#makeStreams(blocks)
    const table = ghash.table()
    const values: Buffer[] = []
    for (let lane = 0; lane < this.#size; lane++) values.push(this.#sealed(lane, table))
    this.begin()
    return values
  }

  #add(text: number, lengths: number, placeSizeBytes: number, textSizeBytes: number): void {
    const [lanes, at] = [this.#lanes, this.#size * laneNumbers]
    lanes[at + placeOf] = this.#inputEnd
    lanes[at + textOf] = text
    lanes[at + lengthsOf] = lengths
    lanes[at + countersOf] = this.#countersEnd
    lanes[at + placeSizeOf] = placeSizeBytes
    lanes[at + textSizeOf] = textSizeBytes
    this.#size++
    this.#inputEnd = lengths + 2 * blockBytes
    this.#countersEnd += lengths - text + blockBytes
  }

  #of(lane: number, number: number): number {
    return this.#lanes[lane * laneNumbers + number] as number
  }

  /** Of all counters; what they came in is returned. */
  #makeStreams(blocks: Cipher): Buffer {
    const made = blocks.update(streamsOf(this.#countersEnd))
    streams.set(made)
    return made
  }

  /** The place and the text are hashed; a head between them is not: a nonce that was changed gives another key stream. */
  #isTag(lane: number, table: number): boolean {
    const place = scratchAt + this.#of(lane, placeOf)
    const placeEnd = place + blocksBytes(this.#of(lane, placeSizeOf))
    const [text, lengths] = [scratchAt + this.#of(lane, textOf), scratchAt + this.#of(lane, lengthsOf)]
    return gcmBlocks.check(place, placeEnd, text, lengths, streamsAt + this.#of(lane, countersOf), table) === 0
  }

  /** Where it will be in the memory that is handed out. */
  #text(lane: number, memory: Buffer): Buffer {
    const [start, text] = [this.#of(lane, countersOf) + blockBytes, this.#of(lane, textOf)]
    const end = start + this.#of(lane, lengthsOf) - text
    gcmBlocks.mix(streamsAt + start, streamsAt + end, scratchAt + text)
    return memory.subarray(start, start + this.#of(lane, textSizeOf))
  }

  /** The memory in which the key streams came is the batch's own. */
  #handOut(memory: Buffer): void {
    memory.set(streamsOf(memory.length))
    this.begin()
  }

  /** Of all values; false when one of them is not. */
  #areTags(key: GcmKey): boolean {
    this.#mixTags()
    const end = this.#inputEnd
    const hash = key.hashOf(scratch.subarray(0, end))
    // The state is zero where the length of it all, in bits, is added.
    scratch.fill(0, end, end + blockBytes)
    lengthOf(end, end * 8)
    gcmBlocks.hash(scratchAt + end, scratchAt + end + blockBytes, key.ghash.table())
    if (hash.every((word, n) => word === state[n])) return true
    this.#mixTags()
    return false
  }

  /** Adds to each tag what hides it: the tags are bare then, and hidden again after the second time. */
  #mixTags(): void {
    for (let lane = 0; lane < this.#size; lane++) {
      const tag = scratchAt + this.#of(lane, lengthsOf) + blockBytes
      gcmBlocks.mix(tag, tag + tagSizeBytes, streamsAt + this.#of(lane, countersOf))
    }
  }

  #sealed(lane: number, table: number): Buffer {
    const [text, sizeBytes, placeSizeBytes] = [
      this.#of(lane, textOf),
      this.#of(lane, textSizeOf),
      this.#of(lane, placeSizeOf),
    ]
    const place = scratchAt + this.#of(lane, placeOf)
    gcmBlocks.seal(
      place,
      place + blocksBytes(placeSizeBytes),
      scratchAt + text,
      sizeBytes,
      scratchAt + this.#of(lane, lengthsOf),
      streamsAt + this.#of(lane, countersOf),
      table,
      placeSizeBytes,
    )
    const value = Buffer.allocUnsafe(headSizeBytes + sizeBytes + tagSizeBytes)
    value.set(scratch.subarray(text - headSizeBytes, text + sizeBytes + tagSizeBytes))
    return value
  }
}

export const gcmBatch = new GcmBatch()

/** Whether a value is small enough to be cheaper in a batch. */
export function suitsBatch(place: Uint8Array, textSizeBytes: number): boolean {
  return isLittleEndian && textSizeBytes <= gcmTextBytesMax && place.length > 0 && place.length <= gcmTextBytesMax
}

/** Of whole blocks. */
const blocksBytes = (sizeBytes: number): number => (sizeBytes + blockBytes - 1) & -blockBytes

/** The streams from their beginning up to there. Views of single values are kept. */
function streamsOf(sizeBytes: number): Uint8Array {
  const n = sizeBytes / blockBytes
  if (n >= streamsKept) return streams.subarray(0, sizeBytes)
  return (keptStreams[n] ??= streams.subarray(0, sizeBytes))
}
const streamsKept = gcmTextBytesMax / blockBytes + 2
const keptStreams: (Uint8Array | undefined)[] = Array.from({ length: streamsKept }, () => undefined)

function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}

/** Writes a length as the big-endian end of a block of the scratch memory. */
function lengthOf(block: number, bits: number): void {
  for (let byte = 0; byte < 4; byte++) scratch[block + 7 - byte] = (bits >>> (byte * 8)) & 0xff
}
