/**
 * AES-256-GCM (NIST SP 800-38D) of many small values by one call of OpenSSL. Node has no such call, and for a value of 500 bytes the six calls that a
 * Decipheriv takes cost several times what the work in them does. So one ECB cipher, which lives as long as its key, encrypts the counter blocks of all
 * values of a batch. What remains is to add them to the texts, and the tags (ghash.ts). The bytes are those that `createCipheriv('aes-256-gcm')` makes.
 *
 *   input, for each value      place, padded · text, padded · lengths · tag
 *   counters, for each value   nonce and 1, which hides the tag · nonce and 2 · nonce and 3 · …, which hide the text
 *
 * Before a text that is to be sealed stands its head, so that from there on a value lies in the input as it lies in the store.
 *
 * The tags of a batch that is opened are checked together. GHASH adds each block to its state and multiplies that by the hash key. After the lengths of a
 * value its state is the tag that the value should have. Adding the tag that it has leaves zero, and the next value begins as if it were the first.
 * So OpenSSL hashes the whole input at once, and what comes out is what zeros give, unless a tag is wrong. Values with wrong tags could
 * cancel each other out only where the hash key is a root of a polynomial that they give: as likely as forging one tag of a value as long as the batch.
 * When it is not what zeros give, each value is checked by itself.
 */
import { createCipheriv, type Cipher, type KeyObject } from 'node:crypto'
import { gcmTextBytesMax } from '../../core/limits/key-limits.ts'
import { addTextToStream, addStreamToText, countIn, Ghash, nonce, scratch, state, streams } from './ghash.ts'

const blockBytes = 16
const blockWords = 4
export const tagSizeBytes = 16
export const nonceSizeBytes = 12
/** What stands before a text: a head of this size, the nonce within. */
export const headSizeBytes = 3 + nonceSizeBytes

const zeroNonce = Buffer.alloc(nonceSizeBytes)
/** So many tags are checked by one call of OpenSSL, which takes as long as hashing about so many values. */
const tagsTogetherMin = 8

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

/** Where a value lies: words of the input and of the counters; and what it is long. */
type Lane = {
  readonly place: number
  readonly text: number
  readonly lengths: number
  readonly counters: number
  readonly placeSizeBytes: number
  readonly textSizeBytes: number
}

/** There is one, because there is one scratch memory for what is hashed. It is filled and emptied within one turn. */
class GcmBatch {
  readonly #input = new Uint32Array(scratch.buffer, scratch.byteOffset, scratch.length / 4)
  readonly #bytes = scratch
  readonly #streams = new Uint32Array(streams.buffer, streams.byteOffset, streams.length / 4)
  #lanes: Lane[] = []
  #inputEnd = 0
  #countersEnd = 0

  get size(): number {
    return this.#lanes.length
  }

  /** Forgets what was added by something that failed before it was done. */
  begin(): void {
    this.#lanes = []
    this.#inputEnd = 0
    this.#countersEnd = 0
  }

  fits(place: Uint8Array, textSizeBytes: number): boolean {
    const blocks = blocksOf(place.length) + blocksOf(textSizeBytes) + 3
    return this.#inputEnd + blocks * blockWords <= this.#input.length
  }

  /** To be opened. */
  addSealed(place: Uint8Array, sealed: Uint8Array): void {
    const lane = this.#add(place, sealed.length - headSizeBytes - tagSizeBytes, 0)
    // The head comes to where the place ends, and is taken from there before the place is written.
    this.#bytes.set(sealed, lane.text * 4 - headSizeBytes)
    this.#copyTag(lane.text * 4 + lane.textSizeBytes, (lane.lengths + blockWords) * 4)
    this.#count(lane)
    this.#putPlace(place, lane)
    this.#endText(lane)
  }

  /** To be sealed. The head ends in a nonce that no other value has. */
  addPlain(place: Uint8Array, head: Uint8Array, text: Uint8Array): void {
    const lane = this.#add(place, text.length, blockWords)
    this.#putPlace(place, lane)
    this.#bytes.set(head, lane.text * 4 - headSizeBytes)
    this.#bytes.set(text, lane.text * 4)
    this.#count(lane)
  }

  /** The texts, in the order in which they were added; undefined for what was not sealed at its place with the key. */
  open(key: GcmKey): readonly (Buffer | undefined)[] {
    const memory = this.#makeStreams(key.blocks)
    for (const { lengths, counters } of this.#lanes)
      addStreamToText((lengths + blockWords) * 4, (lengths + 2 * blockWords) * 4, counters * 4)
    const areTags = this.#lanes.length >= tagsTogetherMin && this.#areTags(key)
    const texts = this.#lanes.map((lane) => {
      if (!areTags && !this.#isTag(key.ghash, lane)) return undefined
      const start = (lane.counters + blockWords) * 4
      addTextToStream(start, start + (lane.lengths - lane.text) * 4, lane.text * 4)
      return memory.subarray(start, start + lane.textSizeBytes)
    })
    // In the memory in which the key streams came, which is the batch's own.
    memory.set(streams.subarray(0, memory.length))
    this.begin()
    return texts
  }

  /** The sealed values, in the order in which they were added. */
  seal({ blocks, ghash }: GcmKey): readonly Buffer[] {
    this.#makeStreams(blocks)
    const values = this.#lanes.map((lane) => {
      addStreamToText(lane.text * 4, lane.lengths * 4, (lane.counters + blockWords) * 4)
      this.#endText(lane)
      this.#hash(ghash, lane)
      return this.#sealed(lane)
    })
    this.begin()
    return values
  }

  #add(place: Uint8Array, textSizeBytes: number, headWords: number): Lane {
    const at = this.#inputEnd
    const text = at + blocksOf(place.length) * blockWords + headWords
    const lengths = text + blocksOf(textSizeBytes) * blockWords
    this.#inputEnd = lengths + 2 * blockWords
    const lane = { place: at, text, lengths, counters: this.#countersEnd, placeSizeBytes: place.length, textSizeBytes }
    this.#lanes.push(lane)
    return lane
  }

  #putPlace(place: Uint8Array, lane: Lane): void {
    this.#bytes.set(place, lane.place * 4)
    this.#bytes.fill(0, lane.place * 4 + place.length, lane.text * 4)
  }

  /** Zeros up to the end of the text's last block, and the lengths, in bits. */
  #endText({ text, lengths, placeSizeBytes, textSizeBytes }: Lane): void {
    const input = this.#input
    this.#bytes.fill(0, text * 4 + textSizeBytes, lengths * 4)
    input[lengths] = 0
    input[lengths + 1] = bigEndian(placeSizeBytes * 8)
    input[lengths + 2] = 0
    input[lengths + 3] = bigEndian(textSizeBytes * 8)
  }

  #count({ text, lengths }: Lane): void {
    for (let word = 0; word < 3; word++) nonce[word] = this.#input[text - 3 + word] as number
    const start = this.#countersEnd
    this.#countersEnd += lengths - text + blockWords
    countIn(start * 4, this.#countersEnd * 4)
  }

  /** Of all counters; what they came in is returned. */
  #makeStreams(blocks: Cipher): Buffer {
    const made = blocks.update(streams.subarray(0, this.#countersEnd * 4))
    streams.set(made)
    return made
  }

  /** The place and the text; a head between them is not hashed: a nonce that was changed gives another key stream. */
  #hash(ghash: Ghash, { place, placeSizeBytes, text, lengths }: Lane): void {
    ghash.hash(place * 4, (place + blocksOf(placeSizeBytes) * blockWords) * 4, text * 4, (lengths + blockWords) * 4)
  }

  /** Of all values; false when one of them is not. */
  #areTags(key: GcmKey): boolean {
    const end = this.#inputEnd
    const hash = key.hashOf(this.#bytes.subarray(0, end * 4))
    // The state is zero where the length of it all, in bits, is added.
    this.#input.fill(0, end, end + blockWords)
    this.#input[end + 1] = bigEndian(end * 4 * 8)
    key.ghash.hash(end * 4, end * 4, end * 4, (end + blockWords) * 4)
    return hash.every((word, n) => word === state[n])
  }

  #isTag(ghash: Ghash, lane: Lane): boolean {
    this.#hash(ghash, lane)
    const tag = lane.lengths + blockWords
    let difference = 0
    for (let word = 0; word < blockWords; word++)
      difference |= (state[word] as number) ^ (this.#input[tag + word] as number)
    return difference === 0
  }

  /** The tag comes right after the text, over its padding. */
  #sealed({ text, lengths, counters, textSizeBytes }: Lane): Buffer {
    const tag = lengths + blockWords
    for (let word = 0; word < blockWords; word++)
      this.#input[tag + word] = (state[word] as number) ^ (this.#streams[counters + word] as number)
    const end = text * 4 + textSizeBytes
    this.#copyTag(tag * 4, end)
    return Buffer.from(this.#bytes.subarray(text * 4 - headSizeBytes, end + tagSizeBytes))
  }

  #copyTag(from: number, to: number): void {
    const bytes = this.#bytes
    for (let n = 0; n < tagSizeBytes; n++) bytes[to + n] = bytes[from + n] as number
  }
}

export const gcmBatch = new GcmBatch()

/** Whether a value is small enough to be cheaper in a batch. */
export function suitsBatch(place: Uint8Array, textSizeBytes: number): boolean {
  return isLittleEndian && textSizeBytes <= gcmTextBytesMax && place.length > 0 && place.length <= gcmTextBytesMax
}

const blocksOf = (sizeBytes: number): number => (sizeBytes + blockBytes - 1) >> 4

function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}

/** The number as the word whose bytes in memory are big-endian. */
function bigEndian(number: number): number {
  return (number << 24) | ((number & 0xff00) << 8) | ((number >>> 8) & 0xff00) | (number >>> 24)
}
