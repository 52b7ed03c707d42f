/**
 * GHASH, the checksum of AES-GCM (NIST SP 800-38D, 6.4), of short pieces of memory: one call of Node's own costs more than the hashing of a row. For each
 * half of the 16 bytes of a block a table holds what each value of it contributes. So a block takes 32 look-ups in 8 KB, which stay in the
 * processor's nearest cache. Whole bytes take 16 look-ups in 64 KB, which do not. WebAssembly makes them: its words of 128 bits take a third of the time
 * of JavaScript's. So does what the cipher has to do with each value beside that (gcm-batch.ts): to lay it out in blocks, to count, to add a key stream
 * to a text, to make and to check its tag. That is one call for each value, since the calls would cost as much as the work in them. The functions are
 * written out below, because they are short.
 *
 *   memory   state, 16 bytes · scratch: what is hashed · streams: counters, then key streams · tables
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
export const scratchAt = pageBytes
export const streamsAt = scratchAt + gcmBatchBytesMax
const tablesAt = streamsAt + gcmBatchBytesMax
/** x^128 = x^7 + x^2 + x + 1, in the first byte of a block, whose highest bit is the lowest power. */
const reduction = 0xe1

/** The tables of one hash key. */
export class Ghash {
  readonly #hashKey: Buffer
  #slot = 0

  /** The hash key is the encrypted block of zeros. */
  constructor(hashKey: Uint8Array) {
    this.#hashKey = Buffer.from(hashKey)
  }

  /** Where they are now: there is space for those of a bounded number of keys. */
  table(): number {
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

/** Instructions one after the other. */
const joined = (...parts: readonly (readonly number[])[]): number[] => parts.flat()
const section = (id: number, ...content: number[]): number[] => [id, ...number(content.length), ...content]
const [get, set, tee, call] = [0x20, 0x21, 0x22, 0x10]
const [loop, branchIf, when, end, empty] = [0x03, 0x0d, 0x04, 0x0b, 0x40]
const vector = (...instruction: number[]): number[] => [
  0xfd,
  ...number(instruction[0] as number),
  ...instruction.slice(1),
]
const load = (offset: number): number[] => vector(0, 4, ...number(offset))
/** Of 16 bytes anywhere. */
const loadBytes = (offset = 0): number[] => vector(0, 0, ...number(offset))
const storeBytes = (offset = 0): number[] => vector(0x0b, 0, ...number(offset))
const store = vector(0x0b, 4, 0)
const xor = vector(0x51)
const anyBit = vector(0x53)
const addWords = vector(0xae)
const wordOf = (lane: number): number[] => vector(0x1b, lane)
const setWord = (lane: number): number[] => vector(0x1c, lane)
/** Signed, so that the last byte has a bit less. */
const constant = (value: number): number[] => [0x41, ...(value < 0x40 ? [value] : [(value & 0x7f) | 0x80, value >> 7])]
const block = (word: number): number[] => vector(0x0c, ...Array(12).fill(0), ...bytesOf(word))
const bytesOf = (word: number): number[] => [...new Uint8Array(Uint32Array.of(word).buffer)]
const zeros = block(0)
const [plus, minus, and, or, shiftLeft, shiftRight, isLess] = [0x6a, 0x6b, 0x71, 0x72, 0x74, 0x76, 0x49]
const [i32, v128] = [0x7f, 0x7b]

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

/** count(at, to, text): blocks of the nonce that ends where the text begins, and of a number below 256, whose last byte is all there is of it. */
function count(): number[] {
  const [at, to, text, counter] = [0, 1, 2, 3]
  const nonce = [get, text, ...constant(12), minus, ...loadBytes(), ...constant(0), ...setWord(3)]
  const first = [...nonce, ...block(0x0100_0000), ...addWords, set, counter]
  const one = [get, counter, ...block(0x0100_0000), ...addWords, set, counter]
  return [1, 1, v128, ...first, ...eachBlock(at, to, [get, at, get, counter, ...store], one), end]
}

/** mix(at, to, other): adds other blocks to those that stand there. */
function mix(): number[] {
  const [at, to, other] = [0, 1, 2]
  const both = [get, at, get, at, ...load(0), get, other, ...load(0), ...xor, ...store]
  return [0, ...eachBlock(at, to, both, [get, other, ...constant(blockBytes), plus, set, other]), end]
}

const [addAt, countAt, mixAt] = [0, 1, 2]

/** A size in bytes as the last word of its length in bits, big-endian. Sizes are below 8 KB. */
const lengthOf = (size: number): number[] => {
  const bits = [get, size, ...constant(3), shiftLeft]
  const low = [...bits, ...constant(24), shiftLeft]
  const high = [...bits, ...constant(8), shiftRight, ...constant(16), shiftLeft]
  return [...low, ...high, or]
}

/** Zeros from the end of the text to the end of its last block, and the block of lengths after it. They are all that is written over. */
const endText = (text: number, size: number, lengths: number, placeSize: number): number[] =>
  joined(
    [get, text, get, size, plus, ...zeros, ...storeBytes()],
    [get, lengths, ...zeros, ...lengthOf(placeSize), ...setWord(1), ...lengthOf(size), ...setWord(3), ...store],
  )

/** The counters of a value: one more block than its text has. */
const countText = (counters: number, lengths: number, text: number): number[] =>
  joined(
    [get, counters, get, counters, get, lengths, get, text, minus, plus, ...constant(blockBytes), plus],
    [get, text, call, countAt],
  )

/** The state is the hash of the place, and of the text and the lengths. */
const hashValue = (place: number, placeEnd: number, text: number, lengths: number, table: number): number[] =>
  joined(
    [...constant(0), ...zeros, ...store],
    [get, place, get, placeEnd, get, table, call, addAt],
    [get, text, get, lengths, ...constant(blockBytes), plus, get, table, call, addAt],
  )

/**
 * take(text, size, lengths, counters, placeSize): of a sealed value that was copied to where its text begins there. Its tag goes behind the lengths, and
 * zeros come where the place will end, over the head.
 */
function take(): number[] {
  const [text, size, lengths, counters, placeSize] = [0, 1, 2, 3, 4]
  const moveTag = [get, lengths, get, text, get, size, plus, ...loadBytes(), ...storeBytes(blockBytes)]
  const endPlace = [get, text, ...constant(blockBytes), minus, ...zeros, ...store]
  const lengthsAfter = endText(text, size, lengths, placeSize)
  return [0, ...moveTag, ...countText(counters, lengths, text), ...endPlace, ...lengthsAfter, end]
}

/** begin(text, lengths, counters): of a value whose head stands before its text; zeros come where the place will end, before that. */
function begin(): number[] {
  const [text, lengths, counters] = [0, 1, 2]
  const endPlace = [get, text, ...constant(2 * blockBytes), minus, ...zeros, ...store]
  return [0, ...countText(counters, lengths, text), ...endPlace, end]
}

/** check(place, placeEnd, text, lengths, stream, table): whether the tag is another one than the value should have. */
function check(): number[] {
  const [place, placeEnd, text, lengths, stream, table] = [0, 1, 2, 3, 4, 5]
  const difference = joined(
    [...constant(0), ...load(0), get, stream, ...load(0), ...xor],
    [get, lengths, ...load(blockBytes), ...xor, ...anyBit],
  )
  return [0, ...hashValue(place, placeEnd, text, lengths, table), ...difference, end]
}

/** seal(place, placeEnd, text, size, lengths, stream, table, placeSize): the text becomes the sealed one, with its tag right after it. */
function seal(): number[] {
  const [place, placeEnd, text, size, lengths, stream, table, placeSize] = [0, 1, 2, 3, 4, 5, 6, 7]
  const addStream = [get, text, get, lengths, get, stream, ...constant(blockBytes), plus, call, mixAt]
  const hidden = [...constant(0), ...load(0), get, stream, ...load(0), ...xor]
  const putTag = [get, text, get, size, plus, ...hidden, ...storeBytes()]
  const ended = endText(text, size, lengths, placeSize)
  return [0, ...addStream, ...ended, ...hashValue(place, placeEnd, text, lengths, table), ...putTag, end]
}

/** hash(from, to, table): the state is the hash of blocks. */
function hashBlocks(): number[] {
  const [from, to, table] = [0, 1, 2]
  return [0, ...constant(0), ...zeros, ...store, get, from, get, to, get, table, call, addAt, end]
}

type Signature = { readonly takes: number; readonly gives?: 1 }
const signatures: readonly Signature[] = [{ takes: 3 }, { takes: 5 }, { takes: 6, gives: 1 }, { takes: 8 }]
/** In the order in which they call each other: name, signature, code. */
const functions: readonly (readonly [string, number, () => number[]])[] = [
  ['add', 0, add],
  ['count', 0, count],
  ['mix', 0, mix],
  ['take', 1, take],
  ['begin', 0, begin],
  ['check', 2, check],
  ['seal', 3, seal],
  ['hash', 0, hashBlocks],
]

function moduleBytes(): Uint8Array {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const types = signatures.flatMap(({ takes, gives }) =>
    joined([0x60, takes, ...Array<number>(takes).fill(i32)], gives === undefined ? [0] : [gives, i32]),
  )
  const bodies = functions.map(([, , code]) => code()).flatMap((code) => [...number(code.length), ...code])
  const pages = Math.ceil((tablesAt + gcmTablesMax * tableBytes) / pageBytes)
  const exported = (name: string, kind: number, index: number): number[] => [
    name.length,
    ...Buffer.from(name),
    kind,
    index,
  ]
  return Uint8Array.from([
    ...magic,
    ...section(1, signatures.length, ...types),
    ...section(3, functions.length, ...functions.map(([, signature]) => signature)),
    ...section(5, 1, 0, ...number(pages)),
    ...section(
      7,
      functions.length + 1,
      ...exported('memory', 2, 0),
      ...functions.flatMap(([name], n) => exported(name, 0, n)),
    ),
    ...section(10, functions.length, ...bodies),
  ])
}

type Exports = {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly mix: (at: number, to: number, other: number) => void
  readonly take: (text: number, size: number, lengths: number, counters: number, placeSize: number) => void
  readonly begin: (text: number, lengths: number, counters: number) => void
  readonly check: (
    place: number,
    placeEnd: number,
    text: number,
    lengths: number,
    stream: number,
    table: number,
  ) => number
  readonly seal: (
    place: number,
    placeEnd: number,
    text: number,
    size: number,
    lengths: number,
    stream: number,
    table: number,
    placeSize: number,
  ) => void
  readonly hash: (from: number, to: number, table: number) => void
}
type Wasm = {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Exports }
}
/** Neither Node's types nor those of the language know it. */
const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly
/** What the functions do stands where they are made. Addresses are those of the memory. */
export const gcmBlocks = new wasm.Instance(new wasm.Module(moduleBytes())).exports
const memory = gcmBlocks.memory.buffer
/** The hash that was made last. */
export const state = new Uint32Array(memory, 0, 4)
/** What is hashed is put here. */
export const scratch = new Uint8Array(memory, scratchAt, gcmBatchBytesMax)
/** Counters, and then the key streams that are made of them. */
export const streams = new Uint8Array(memory, streamsAt, gcmBatchBytesMax)

const owners: (Ghash | undefined)[] = []
let nextSlot = 0
