/**
 * Reads pages of an LMDB file and checks each by itself. LMDB trusts its file: a damaged page gives wrong answers, or ends the
 * process by SIGSEGV. So we read the file on our own before LMDB maps it, and never follow a number that was not checked.
 *
 *   page      number u64 · transaction u64 · pad u16 · flags u16 · lower u16 · upper u16 (overflow: pages u32) · node offsets u16 …
 *   node      size or child page u32 · flags u16 (upper part of the child page) · key size u16 · key · value
 *   large     in the value's place: page u64 · transaction u64 · pages u64
 *   meta      header · magic u32 · version u32 · address u64 · map size u64 · free tree · main tree · last page u64 · transaction u64
 *   tree      pad u32 · flags u16 · depth u16 · branch pages, leaf pages, overflow pages, entries, root: u64 each
 *
 * Offsets within a page count from the end of its header. This is the format of the LMDB that lmdb-js brings (3.5).
 */
import { readSync } from 'node:fs'

const headerSizeBytes = 24
const nodeHeaderSizeBytes = 8
const largeSizeBytes = 24
const flag = { branch: 1, leaf: 2, overflow: 4, meta: 8 }
const largeNode = 1
const magic = 0xbeefc0de
const noPage = 2n ** 64n - 1n
const pagesMax = 2 ** 40

/** What is wrong with the file, for people. */
export class Damage extends Error {
  override readonly name = 'Damage'
}

export function damageUnless(condition: boolean, page: number, problem: string): asserts condition {
  if (!condition) throw new Damage(`page ${page}: ${problem}`)
}

export type Tree = {
  readonly depth: number
  readonly branchPages: number
  readonly leafPages: number
  readonly overflowPages: number
  readonly entries: number
  /** Undefined while the tree is empty. */
  readonly root: number | undefined
}

export type Meta = {
  readonly free: Tree
  readonly main: Tree
  readonly lastPage: number
  readonly transaction: number
}

export class PageFile {
  readonly pageSizeBytes: number
  readonly #file: number

  constructor(file: number, pageSizeBytes: number) {
    this.#file = file
    this.pageSizeBytes = pageSizeBytes
  }

  page(): Page {
    return new Page(this.pageSizeBytes)
  }

  /** Throws Damage where the file ends before. */
  read(number: number, into: Page): Page {
    const { pageSizeBytes } = this
    const read = readSync(this.#file, into.bytes, 0, pageSizeBytes, number * pageSizeBytes)
    damageUnless(read === pageSizeBytes, number, 'the file ends before it')
    into.number = number
    return into
  }

  /** The value that begins on an overflow page. */
  readValue(number: number, sizeBytes: number): Buffer {
    const value = Buffer.allocUnsafe(sizeBytes)
    const read = readSync(this.#file, value, 0, sizeBytes, number * this.pageSizeBytes + headerSizeBytes)
    damageUnless(read === sizeBytes, number, 'the file ends within its value')
    return value
  }
}

/** Memory for one page; the checks throw Damage. */
export class Page {
  readonly bytes: Buffer
  number = 0
  /** The number of nodes, once checked. */
  count = 0
  readonly #words: Uint16Array
  readonly #sorted: Uint16Array

  constructor(sizeBytes: number) {
    this.bytes = Buffer.alloc(sizeBytes)
    this.#words = new Uint16Array(this.bytes.buffer, this.bytes.byteOffset, sizeBytes / 2)
    this.#sorted = new Uint16Array(sizeBytes / 2)
  }

  /** A node page as a whole: its header, and nodes that fill their part of it without gap or overlap. */
  checkNodes(isLeaf: boolean, meta: Meta): void {
    this.#checkHeader(isLeaf ? flag.leaf : flag.branch, meta)
    const [lower, upper] = [this.#word(20), this.#word(22)]
    const room = this.bytes.length - headerSizeBytes
    this.#ensure(lower % 2 === 0 && lower <= upper && upper <= room, 'its free space has no right bounds')
    this.count = lower / 2
    this.#ensure(this.count >= (isLeaf ? 1 : 2), 'it has too few nodes')
    const sorted = this.#sorted.subarray(0, this.count)
    for (let n = 0; n < this.count; n++) sorted[n] = this.#word(headerSizeBytes + 2 * n)
    let end = upper
    for (const offset of sorted.toSorted()) {
      this.#ensure(offset === end, 'its nodes leave a gap or overlap')
      end = offset + this.#sizeOfNode(headerSizeBytes + offset, isLeaf)
      this.#ensure(end <= room, 'a node goes beyond it')
    }
    this.#ensure(end === room, 'its nodes leave a gap or overlap')
  }

  /** The first page of a value that has pages of its own. */
  checkOverflow(meta: Meta, pages: number): void {
    this.#checkHeader(flag.overflow, meta)
    this.#ensure(this.bytes.readUInt32LE(20) === pages, 'it has another number of pages than its node says')
  }

  /** A view, good until the page is read again. */
  key(n: number): Buffer {
    const at = this.#nodeAt(n)
    return this.bytes.subarray(at + nodeHeaderSizeBytes, at + nodeHeaderSizeBytes + this.#word(at + 6))
  }

  child(n: number): number {
    const at = this.#nodeAt(n)
    return this.bytes.readUInt32LE(at) + this.#word(at + 4) * 2 ** 32
  }

  value(n: number): Value {
    const at = this.#nodeAt(n)
    const sizeBytes = this.bytes.readUInt32LE(at)
    const start = at + nodeHeaderSizeBytes + this.#word(at + 6)
    if (this.#word(at + 4) !== largeNode) return { sizeBytes, bytes: this.bytes.subarray(start, start + sizeBytes) }
    const [page, pages] = [this.#number(start), this.#number(start + 16)]
    this.#ensure(
      pages === Math.floor((headerSizeBytes - 1 + sizeBytes) / this.bytes.length) + 1,
      'a large value has another number of pages than its size needs',
    )
    return { sizeBytes, page, pages }
  }

  looksLikeLeaf(): boolean {
    return this.#word(18) === flag.leaf
  }

  /** That of the write that made the page. */
  transaction(): number {
    return this.#number(8)
  }

  #checkHeader(kind: number, { transaction }: Meta): void {
    this.#ensure(this.#number(0) === this.number, 'it bears another number')
    this.#ensure(this.transaction() <= transaction, 'it is later than the last transaction')
    this.#ensure(this.#word(16) === 0 && this.#word(18) === kind, 'it is of another kind')
  }

  /** Nodes begin at even offsets. */
  #sizeOfNode(at: number, isLeaf: boolean): number {
    this.#ensure(at % 2 === 0 && at + nodeHeaderSizeBytes <= this.bytes.length, 'a node goes beyond it')
    const sizeBytes = nodeHeaderSizeBytes + this.#word(at + 6) + (isLeaf ? this.#valueSize(at) : 0)
    return sizeBytes + (sizeBytes % 2)
  }

  #valueSize(at: number): number {
    const flags = this.#word(at + 4)
    this.#ensure(flags === 0 || flags === largeNode, 'a node is of a kind that we do not store')
    return flags === largeNode ? largeSizeBytes : this.bytes.readUInt32LE(at)
  }

  #nodeAt(n: number): number {
    return headerSizeBytes + this.#word(headerSizeBytes + 2 * n)
  }

  #word(at: number): number {
    return this.#words[at >> 1] ?? 0
  }

  /** Of eight bytes; what is too large for a page or a transaction is damage. */
  #number(at: number): number {
    const high = this.bytes.readUInt32LE(at + 4)
    this.#ensure(high < 2 ** 20, 'a number in it is beyond all bounds')
    return this.bytes.readUInt32LE(at) + high * 2 ** 32
  }

  #ensure(condition: boolean, problem: string): void {
    if (!condition) throw new Damage(`page ${this.number}: ${problem}`)
  }
}

export type Value =
  | { readonly sizeBytes: number; readonly bytes: Buffer }
  | { readonly sizeBytes: number; readonly page: number; readonly pages: number }

/** Meta page 0 or 1: what it says of the rest. Throws Damage. */
export function metaIn({ bytes, number }: Page, pageSizeBytes: number): Meta {
  const ensure = (condition: boolean, problem: string): void => damageUnless(condition, number, problem)
  const big = (at: number): bigint => bytes.readBigUInt64LE(at)
  ensure(big(0) === BigInt(number) && bytes.readUInt16LE(18) === flag.meta, 'it is no meta page')
  ensure(bytes.readUInt32LE(24) === magic && bytes.readUInt32LE(28) === 2, 'it is not one of our database files')
  ensure(bytes.readUInt32LE(48) === pageSizeBytes, 'it has pages of another size')
  ensure(bytes.readUInt16LE(52) === freeTreeFlags, 'it has flags that we do not set')
  ensure(bytes.readUInt32LE(96) === 0 && bytes.readUInt16LE(100) === 0, 'its tree has flags that we do not set')
  const numberAt = (at: number): number => {
    ensure(big(at) < BigInt(pagesMax), 'a number in it is beyond all bounds')
    return Number(big(at))
  }
  const treeAt = (at: number): Tree => ({
    depth: bytes.readUInt16LE(at + 6),
    branchPages: numberAt(at + 8),
    leafPages: numberAt(at + 16),
    overflowPages: numberAt(at + 24),
    entries: numberAt(at + 32),
    root: big(at + 40) === noPage ? undefined : numberAt(at + 40),
  })
  return { free: treeAt(48), main: treeAt(96), lastPage: numberAt(144), transaction: numberAt(152) }
}

/** MDB_NOSUBDIR and, of the free tree's keys, MDB_INTEGERKEY. */
const freeTreeFlags = 0x4008
