/**
 * GHASH, the checksum of AES-GCM (NIST SP 800-38D, 6.4), of short pieces of memory: one call of Node's own costs more than the hashing of a row. For each of
 * the 16 bytes of a block a table holds what each value of that byte contributes, so that a block takes 16 look-ups. They are made by WebAssembly, whose
 * words of 128 bits take a third of the time of JavaScript's. The function is written out below, because it is 40 instructions long.
 *
 *   memory   state, 16 bytes · scratch: what is hashed · tables
 *
 * The look-ups depend on the hash key. A program on the same machine that watches the processor's caches might learn that key, and could then forge a tag.
 * It could read nothing by it: the AES key is used by OpenSSL alone.
 */
import { gcmBatchBytesMax, gcmTablesMax } from '../../core/limits/key-limits.ts'

const blockBytes = 16
const byteValues = 256
const tableBytes = blockBytes * byteValues * blockBytes
const tablesAt = 65_536 + gcmBatchBytesMax
const pageBytes = 65_536
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
    add(scratch.byteOffset + from, scratch.byteOffset + to, table)
    add(scratch.byteOffset + from2, scratch.byteOffset + to2, table)
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

/** What a bit of a byte contributes is the hash key times a power of x; what a value contributes is the sum of its bits. */
function writeTable(hashKey: Uint8Array, at: number): void {
  const words = new Uint32Array(memory, at, tableBytes / 4)
  const bytes = new Uint8Array(memory, at, tableBytes)
  const power = Uint8Array.from(hashKey)
  for (let first = 0; first < blockBytes * byteValues; first += byteValues) {
    bytes.fill(0, first * blockBytes, (first + 1) * blockBytes)
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      bytes.set(power, (first + bit) * blockBytes)
      timesX(power)
    }
    for (let value = 3; value < byteValues; value++) {
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
const vector = (...instruction: number[]): number[] => [0xfd, ...instruction]
const load = (offset: number): number[] => vector(0, 4, ...number(offset))
const store = vector(0x0b, 4, 0)
const xor = vector(0x51)
const byteOf = (lane: number): number[] => vector(0x16, lane)
const constant = (value: number): number[] => [0x41, value]
const [plus, shiftLeft, isLess] = [0x6a, 0x74, 0x49]

/** add(from, to, table): for each block, state = the sum of table[n][byte n of (state + block)]. */
function instructions(): number[] {
  const [from, to, table, hash, block] = [0, 1, 2, 3, 4]
  const [loop, branchIf, when, end, empty] = [0x03, 0x0d, 0x04, 0x0b, 0x40]
  const loadState = [...constant(0), ...load(0), set, hash]
  const loadBlock = [get, hash, get, from, ...load(0), ...xor, set, block]
  const contribution = (lane: number): number[] => [
    ...[get, block].concat(byteOf(lane), constant(4), shiftLeft, get, table, plus),
    ...load(lane * byteValues * blockBytes),
    ...(lane === 0 ? [] : xor),
  ]
  const contributions = Array.from({ length: blockBytes }, (_, lane) => contribution(lane)).flat()
  const nextBlock = [get, from, ...constant(blockBytes), plus, tee, from, get, to, isLess, branchIf, 0]
  const blocks = [loop, empty, ...loadBlock, ...contributions, set, hash, ...nextBlock, end]
  const blocksIfAny = [get, from, get, to, isLess, when, empty, ...blocks, end]
  return [...loadState, ...blocksIfAny, ...constant(0), get, hash, ...store, end]
}

function moduleBytes(): Uint8Array {
  const [i32, v128] = [0x7f, 0x7b]
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const code = [1, 2, v128, ...instructions()]
  const pages = (tablesAt + gcmTablesMax * tableBytes) / pageBytes
  return Uint8Array.from([
    ...magic,
    ...section(1, 1, 0x60, 3, i32, i32, i32, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, ...number(pages)),
    ...section(7, 2, 1, 0x6d, 2, 0, 1, 0x61, 0, 0),
    ...section(10, 1, ...number(code.length), ...code),
  ])
}

type Exports = { m: { buffer: ArrayBuffer }; a: (from: number, to: number, table: number) => void }
type Wasm = {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Exports }
}
/** Neither Node's types nor those of the language know it. */
const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly
const { a: add, m } = new wasm.Instance(new wasm.Module(moduleBytes())).exports
const memory = m.buffer
/** The hash that was made last. */
export const state = new Uint32Array(memory, 0, 4)
/** What is hashed is put here. */
export const scratch = new Uint8Array(memory, pageBytes, gcmBatchBytesMax)

const owners: (Ghash | undefined)[] = []
let nextSlot = 0
