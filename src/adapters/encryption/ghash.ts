/**
 * GHASH, the checksum of AES-GCM (NIST SP 800-38D, 6.4), of short pieces of memory: one call of Node's own costs more than the hashing of a row. For each
 * half of the 16 bytes of a block a table holds what each value of it contributes. So a block takes 32 look-ups in 8 KB, which stay in the
 * processor's nearest cache. Whole bytes take 16 look-ups in 64 KB, which do not. WebAssembly makes them: its words of 128 bits take a third of the time
 * of JavaScript's. So do the two loops over blocks that the cipher has beside it (gcm-batch.ts): they count, and
 * add a key stream to a text. The functions are written out below, because they are short.
 *
 *   memory   state, 16 bytes · a nonce, 16 bytes · scratch: what is hashed · streams: counters, then key streams · tables
 *
 * The look-ups depend on the hash key. A program on the same machine that watches the processor's caches might learn that key, and could then forge a tag.
 * It could read nothing by it: the AES key is used by OpenSSL alone.
 */
import { gcmBatchBytesMax, gcmTablesMax } from '../../core/limits/key-limits.ts'

const blockBytes = 16
/** Of half a byte. */
const halfValues = 16
const tableBytes = blockBytes * 2 * halfValues * blockBytes
const pageBytes = 65_536
const [nonceAt, scratchAt] = [blockBytes, pageBytes]
const streamAt = scratchAt + gcmBatchBytesMax
const tablesAt = streamAt + gcmBatchBytesMax
/** x^128 = x^7 + x^2 + x + 1, in the first byte of a block, whose highest bit is the lowest power. */
const reduction = 0xe1

/** Hashes with one key at a time what lies in `scratch`. */
export class Ghash {
  readonly #hashKey: Buffer
  #slot = 0

  /** The hash key is the encrypted block of zeros. */
  constructor(hashKey: Uint8Array) {
    this.#hashKey = Buffer.from(hashKey)
  }

  /** Leaves in `state` the hash of two pieces of the scratch memory, in bytes from its beginning, whole blocks each. */
  hash(from: number, to: number, from2: number, to2: number): void {
    const table = this.#table()
    state.fill(0)
    addBlocks(scratchAt + from, scratchAt + to, table)
    addBlocks(scratchAt + from2, scratchAt + to2, table)
  }

  /** There is space for the tables of a bounded number of keys. */
  #table(): number {
    if (owners[this.#slot] !== this) {
      this.#slot = nextSlot++ % gcmTablesMax
      owners[this.#slot] = this
      writeTable(this.#hashKey, tablesAt + this.#slot * tableBytes)
    }
    return tablesAt + this.#slot * tableBytes
  }
}

/** What a bit contributes is the hash key times a power of x; what the value of half a byte contributes is the sum of its bits. */
function writeTable(hashKey: Uint8Array, at: number): void {
  const words = new Uint32Array(memory, at, tableBytes / 4)
  const bytes = new Uint8Array(memory, at, tableBytes)
  const power = Uint8Array.from(hashKey)
  // The lower half of a byte comes first, and has the higher powers.
  for (let half = 1; half < blockBytes * 2; half += half % 2 === 1 ? -1 : 3) {
    const first = half * halfValues
    bytes.fill(0, first * blockBytes, (first + 1) * blockBytes)
    for (let bit = 8; bit > 0; bit >>= 1) {
      bytes.set(power, (first + bit) * blockBytes)
      timesX(power)
    }
    for (let value = 3; value < halfValues; value++) {
      const low = value & -value
      if (low === value) continue
      for (let word = 0; word < 4; word++)
        words[(first + value) * 4 + word] =
          (words[(first + low) * 4 + word] as number) ^ (words[(first + value - low) * 4 + word] as number)
    }
  }
}

function timesX(block: Uint8Array): void {
  let carry = 0
  for (const [at, byte] of block.entries()) {
    block[at] = (byte >> 1) | (carry << 7)
    carry = byte & 1
  }
  if (carry === 1) block[0] = (block[0] as number) ^ reduction
}

/** Unsigned LEB128, in which WebAssembly has its numbers. */
function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)]
}

const section = (id: number, ...content: number[]): number[] => [id, ...number(content.length), ...content]
const [get, set, tee] = [0x20, 0x21, 0x22]
const [loop, branchIf, when, end, empty] = [0x03, 0x0d, 0x04, 0x0b, 0x40]
const vector = (...instruction: number[]): number[] => [
  0xfd,
  ...number(instruction[0] as number),
  ...instruction.slice(1),
]
const load = (offset: number): number[] => vector(0, 4, ...number(offset))
const store = vector(0x0b, 4, 0)
const xor = vector(0x51)
const addWords = vector(0xae)
const wordOf = (lane: number): number[] => vector(0x1b, lane)
const setWord = (lane: number): number[] => vector(0x1c, lane)
/** Signed, so that the last byte has a bit less. */
const constant = (value: number): number[] => [0x41, ...(value < 0x40 ? [value] : [(value & 0x7f) | 0x80, value >> 7])]
const block = (word: number): number[] => vector(0x0c, ...Array(12).fill(0), ...bytesOf(word))
const bytesOf = (word: number): number[] => [...new Uint8Array(Uint32Array.of(word).buffer)]
const [plus, and, shiftLeft, shiftRight, isLess] = [0x6a, 0x71, 0x74, 0x76, 0x49]

/** From `from` up to `to`, block by block, if there are any. */
function eachBlock(
  from: number,
  to: number,
  instructions: readonly number[],
  beside: readonly number[] = [],
): number[] {
  const next = [...beside, get, from, ...constant(blockBytes), plus, tee, from, get, to, isLess, branchIf, 0]
  return [get, from, get, to, isLess, when, empty, loop, empty, ...instructions, ...next, end, end]
}

/** add(from, to, table): for each block, state = the sum of table[n][half n of (state + block)]. */
function add(): number[] {
  const [from, to, table, word, hash] = [0, 1, 2, 3, 4]
  const loadState = [...constant(0), ...load(0), set, hash]
  const addBlock = [get, hash, get, from, ...load(0), ...xor, set, hash]
  const contribution = (half: number): number[] => {
    const shift = (half % 8) * 4 - 4
    const shifted = shift < 0 ? [...constant(4), shiftLeft] : shift === 0 ? [] : [...constant(shift), shiftRight]
    return [get, word, ...shifted, ...constant(0xf0), and, get, table, plus, ...load(half * halfValues * blockBytes)]
  }
  // As a tree: none of the sums waits for all those before it.
  const sumOf = (first: number, many: number): number[] => {
    if (many === 1) return contribution(first)
    const sum = [...sumOf(first, many / 2), ...sumOf(first + many / 2, many / 2), ...xor]
    return many === 8 ? [get, hash, ...wordOf(first / 8), set, word, ...sum] : sum
  }
  const blocks = eachBlock(from, to, [...addBlock, ...sumOf(0, blockBytes * 2), set, hash])
  return [2, 1, i32, 1, v128, ...loadState, ...blocks, ...constant(0), get, hash, ...store, end]
}

/** count(at, to, first): blocks of the nonce and of a number below 256, whose last byte is all there is of it. */
function count(): number[] {
  const [at, to, counter] = [0, 1, 2]
  const first = [...constant(nonceAt), ...load(0), ...constant(0), ...setWord(3), ...block(0x0100_0000), ...addWords]
  const one = [get, counter, ...block(0x0100_0000), ...addWords, set, counter]
  const blocks = eachBlock(at, to, [get, at, get, counter, ...store], one)
  return [1, 1, v128, ...first, set, counter, ...blocks, end]
}

/** mix(at, to, other): adds other blocks to those that stand there. */
function mix(): number[] {
  const [at, to, other] = [0, 1, 2]
  const both = [get, at, get, at, ...load(0), get, other, ...load(0), ...xor, ...store]
  return [0, ...eachBlock(at, to, both, [get, other, ...constant(blockBytes), plus, set, other]), end]
}

const [i32, v128] = [0x7f, 0x7b]

function moduleBytes(): Uint8Array {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const functions = [add(), count(), mix()].map((code) => [...number(code.length), ...code])
  const pages = Math.ceil((tablesAt + gcmTablesMax * tableBytes) / pageBytes)
  const exported = (name: string, kind: number, index: number): number[] => [1, name.charCodeAt(0), kind, index]
  return Uint8Array.from([
    ...magic,
    ...section(1, 2, 0x60, 3, i32, i32, i32, 0, 0x60, 2, i32, i32, 0),
    ...section(3, 3, 0, 1, 0),
    ...section(5, 1, 0, ...number(pages)),
    ...section(7, 4, ...exported('m', 2, 0), ...exported('a', 0, 0), ...exported('c', 0, 1), ...exported('x', 0, 2)),
    ...section(10, functions.length, ...functions.flat()),
  ])
}

type Exports = {
  m: { buffer: ArrayBuffer }
  a: (from: number, to: number, table: number) => void
  c: (at: number, to: number) => void
  x: (at: number, to: number, other: number) => void
}
type Wasm = {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Exports }
}
/** Neither Node's types nor those of the language know it. */
const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly
const { a: addBlocks, c: countBlocks, x: mixBlocks, m } = new wasm.Instance(new wasm.Module(moduleBytes())).exports
const memory = m.buffer
/** The hash that was made last. */
export const state = new Uint32Array(memory, 0, 4)
/** What is hashed is put here. */
export const scratch = new Uint8Array(memory, scratchAt, gcmBatchBytesMax)
/** Counters, and then the key streams that are made of them. */
export const streams = new Uint8Array(memory, streamAt, gcmBatchBytesMax)
/** The first three words are those that all counters of a value begin with. */
export const nonce = new Uint32Array(memory, nonceAt, 4)

/** Fills a part of the streams with counters of the nonce from 1 on, fewer than 256. */
export const countIn = (from: number, to: number): void => countBlocks(streamAt + from, streamAt + to)
/** Adds to a part of the streams what stands in the scratch memory. */
export const addTextToStream = (from: number, to: number, inScratch: number): void =>
  mixBlocks(streamAt + from, streamAt + to, scratchAt + inScratch)
/** Adds to a part of the scratch memory a key stream. */
export const addStreamToText = (from: number, to: number, inStream: number): void =>
  mixBlocks(scratchAt + from, scratchAt + to, streamAt + inStream)

const owners: (Ghash | undefined)[] = []
let nextSlot = 0
