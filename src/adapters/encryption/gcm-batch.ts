/**
 * AES-256-GCM (NIST SP 800-38D) of many small values by one call of OpenSSL. Node has no such call, and for a value of 500 bytes the six calls that a
 * Decipheriv takes cost several times what the work in them does. So one ECB cipher, which lives as long as its key, encrypts the counter blocks of all
 * values of a batch. What remains is to add them to the texts, and the tags (ghash.ts). The bytes are those that `createCipheriv('aes-256-gcm')` makes.
 *
 *   input, for each value      place, padded · head and nonce · text, padded · lengths · tag
 *   counters, for each value   nonce and 1, which hides the tag · nonce and 2 · nonce and 3 · …, which hide the text
 *
 * From the head on, a value lies in the input as it lies in the store.
 */
import { createCipheriv, type Cipher, type KeyObject } from 'node:crypto'
import { gcmBatchBytesMax, gcmTextBytesMax } from '../../core/limits/key-limits.ts'
import { Ghash, scratch, state } from './ghash.ts'

const blockBytes = 16
const blockWords = 4
export const tagSizeBytes = 16
export const nonceSizeBytes = 12
/** What stands before a text: a head of this size, the nonce within. */
export const headSizeBytes = 3 + nonceSizeBytes

/** Words are taken as they lie in memory. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** What follows from a key, kept beside it. */
export class GcmKey {
  readonly key: KeyObject
  readonly blocks: Cipher
  readonly ghash: Ghash

  constructor(key: KeyObject) {
    this.key = key
    this.blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    this.ghash = new Ghash(this.blocks.update(Buffer.alloc(blockBytes)))
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
  readonly #counters = new Uint32Array(gcmBatchBytesMax / 4)
  readonly #counterBytes = new Uint8Array(this.#counters.buffer)
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
    const lane = this.#add(place, sealed.length - headSizeBytes - tagSizeBytes)
    this.#bytes.set(sealed, lane.text * 4 - headSizeBytes)
    this.#copyTag(lane.text * 4 + lane.textSizeBytes, (lane.lengths + blockWords) * 4)
    this.#endText(lane)
    this.#count(lane)
  }

  /** To be sealed. The head ends in a nonce that no other value has. */
  addPlain(place: Uint8Array, head: Uint8Array, text: Uint8Array): void {
    const lane = this.#add(place, text.length)
    this.#bytes.set(head, lane.text * 4 - headSizeBytes)
    this.#bytes.set(text, lane.text * 4)
    this.#count(lane)
  }

  /** The texts, in the order in which they were added; undefined for what was not sealed at its place with the key. */
  open({ blocks, ghash }: GcmKey): readonly (Buffer | undefined)[] {
    const stream = this.#keyStream(blocks)
    const words = wordsOf(stream)
    const texts = this.#lanes.map((lane) => {
      this.#hash(ghash, lane)
      if (!this.#isTag(lane, words)) return undefined
      // In the place of the key stream, which is the batch's own memory.
      const start = lane.counters + blockWords
      this.#addTo(words, start, lane, this.#input, lane.text)
      return stream.subarray(start * 4, start * 4 + lane.textSizeBytes)
    })
    this.begin()
    return texts
  }

  /** The sealed values, in the order in which they were added. */
  seal({ blocks, ghash }: GcmKey): readonly Buffer[] {
    const words = wordsOf(this.#keyStream(blocks))
    const values = this.#lanes.map((lane) => {
      this.#addTo(this.#input, lane.text, lane, words, lane.counters + blockWords)
      this.#endText(lane)
      this.#hash(ghash, lane)
      return this.#sealed(lane, words)
    })
    this.begin()
    return values
  }

  #add(place: Uint8Array, textSizeBytes: number): Lane {
    const at = this.#inputEnd
    const text = at + (blocksOf(place.length) + 1) * blockWords
    const lengths = text + blocksOf(textSizeBytes) * blockWords
    this.#inputEnd = lengths + 2 * blockWords
    const lane = { place: at, text, lengths, counters: this.#countersEnd, placeSizeBytes: place.length, textSizeBytes }
    this.#bytes.fill(0, at * 4 + place.length, text * 4)
    this.#bytes.set(place, at * 4)
    this.#lanes.push(lane)
    return lane
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
    const [input, counters] = [this.#input, this.#counters]
    const [n0, n1, n2] = [input[text - 3] as number, input[text - 2] as number, input[text - 1] as number]
    const last = (lengths - text) / blockWords + 1
    let at = this.#countersEnd
    for (let count = 1; count <= last; count++, at += blockWords) {
      counters[at] = n0
      counters[at + 1] = n1
      counters[at + 2] = n2
      counters[at + 3] = bigEndian(count)
    }
    this.#countersEnd = at
  }

  #keyStream(blocks: Cipher): Buffer {
    return blocks.update(this.#counterBytes.subarray(0, this.#countersEnd * 4))
  }

  /** The place and the text; between them is the head, which is not hashed: a nonce that was changed gives another key stream. */
  #hash(ghash: Ghash, { place, text, lengths }: Lane): void {
    ghash.hash(place * 4, (text - blockWords) * 4, text * 4, (lengths + blockWords) * 4)
  }

  #addTo(target: Uint32Array, start: number, { text, lengths }: Lane, other: Uint32Array, from: number): void {
    const count = lengths - text
    for (let word = 0; word < count; word++)
      target[start + word] = (target[start + word] as number) ^ (other[from + word] as number)
  }

  #isTag({ lengths, counters }: Lane, stream: Uint32Array): boolean {
    let difference = 0
    for (let word = 0; word < blockWords; word++)
      difference |=
        (state[word] as number) ^
        (stream[counters + word] as number) ^
        (this.#input[lengths + blockWords + word] as number)
    return difference === 0
  }

  /** The tag comes right after the text, over its padding. */
  #sealed({ text, lengths, counters, textSizeBytes }: Lane, stream: Uint32Array): Buffer {
    const tag = lengths + blockWords
    for (let word = 0; word < blockWords; word++)
      this.#input[tag + word] = (state[word] as number) ^ (stream[counters + word] as number)
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
  return isLittleEndian && textSizeBytes <= gcmTextBytesMax && place.length <= gcmTextBytesMax
}

const blocksOf = (sizeBytes: number): number => (sizeBytes + blockBytes - 1) >> 4

/** OpenSSL's output is a piece of memory of its own. */
function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

/** The number as the word whose bytes in memory are big-endian. */
function bigEndian(number: number): number {
  return (number << 24) | ((number & 0xff00) << 8) | ((number >>> 8) & 0xff00) | (number >>> 24)
}
