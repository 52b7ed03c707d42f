/**
 * Checks a whole LMDB file before LMDB opens it: both meta pages, the tree, the free list, and that each page belongs to exactly
 * one of them. A file that passes gives LMDB no number that leads astray. The free list matters as much as the tree: a
 * page that is in use and listed as free would be written over later.
 */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { Damage, damageUnless, type Meta, metaIn, PageFile, type Value } from './lmdb-pages.ts'
import { TreeWalk, type WalkOptions } from './lmdb-walk.ts'

export type CheckOptions = {
  readonly path: string
  readonly pageSizeBytes: number
  /** Leaves are read until then, by `performance.now()`; all of them when it is left out. Branches and the free list always are. */
  readonly untilMs?: number
  /** Lets others work; called every few milliseconds with how much is done. */
  readonly pause: (pagesRead: number, pages: number) => Promise<void>
}

export type Checked = {
  /** What is wrong; undefined when nothing is. */
  readonly damage?: string
  /** Whether every page was read. */
  readonly whole: boolean
  readonly pages: number
}

const turnMs = 20
/** The last pages may be free and never written, so the file may be shorter than the meta page says; each one that is used is read. */
const unwrittenPagesMax = 2 ** 20

export async function checkFile(options: CheckOptions): Promise<Checked> {
  const descriptor = openIfThere(options.path)
  if (descriptor === undefined) return { whole: true, pages: 0 }
  try {
    const { size } = fstatSync(descriptor)
    if (size === 0) return { whole: true, pages: 0 }
    const pagesMax = Math.floor(size / options.pageSizeBytes) + unwrittenPagesMax
    return await new FileCheck(new PageFile(descriptor, options.pageSizeBytes), pagesMax, options).run()
  } catch (error) {
    if (error instanceof Damage) return { damage: error.message, whole: false, pages: 0 }
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The meta page that LMDB would take. Transaction n writes meta page n mod 2, so the two differ by one: otherwise the newer one
 * is damaged, and LMDB would silently go back to the older one.
 */
export function newestMeta(file: PageFile): Meta {
  const page = file.page()
  const [first, second] = [0, 1].map((number) => metaIn(file.read(number, page), file.pageSizeBytes)) as [Meta, Meta]
  const isNew = first.transaction === 0 && second.transaction === 0
  damageUnless(
    isNew || Math.abs(first.transaction - second.transaction) === 1,
    0,
    'its transaction does not follow that of the other meta page',
  )
  const newest = first.transaction >= second.transaction ? first : second
  damageUnless(
    isNew || newest.transaction % 2 === (newest === first ? 0 : 1),
    newest === first ? 0 : 1,
    'its transaction belongs to the other meta page',
  )
  checkRoots(file, newest, (root) => root === newest.transaction)
  const older = newest === first ? second : first
  checkRoots(file, older, (root) => root <= older.transaction)
  return newest
}

/**
 * A transaction writes the root again, so a root tells its transaction a second time: the number in a meta page that leads
 * to it may have lost a bit, and still follow the other one. Pages of the transaction before are never written over.
 */
function checkRoots(file: PageFile, meta: Meta, isRight: (transaction: number) => boolean): void {
  const roots = [meta.main.root, meta.free.root].flatMap((root) => (root === undefined ? [] : [root]))
  if (meta.main.root === undefined) return
  const page = file.page()
  const latest = Math.max(...roots.map((root) => file.read(root, page).transaction()))
  damageUnless(isRight(latest), meta.main.root, 'it is of another transaction than its meta page says')
}

/** The order of our keys, and of LMDB's free list, whose keys are numbers. */
export const byBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b)
const byNumber = (a: Buffer, b: Buffer): number => {
  if (a.length !== 8 || b.length !== 8) throw new Damage('the free list: a key that is no number')
  const [one, other] = [a.readBigUInt64LE(0), b.readBigUInt64LE(0)]
  return one < other ? -1 : one > other ? 1 : 0
}

class FileCheck {
  readonly #file: PageFile
  readonly #options: CheckOptions
  readonly #meta: Meta
  /** One bit for each page. */
  readonly #claimed: Uint8Array
  #read = 0
  #turnEndMs = 0

  constructor(file: PageFile, pagesMax: number, options: CheckOptions) {
    this.#file = file
    this.#options = options
    this.#meta = newestMeta(file)
    const pages = this.#meta.lastPage + 1
    damageUnless(pages <= pagesMax, 0, 'it speaks of pages far behind the end of the file')
    this.#claimed = new Uint8Array(Math.ceil(pages / 8))
  }

  async run(): Promise<Checked> {
    const { free, main, lastPage } = this.#meta
    const branches = new TreeWalk({ ...this.#walk(main, byBytes), branchesOnly: true })
    await this.#finish(branches)
    this.#claimed.fill(0)
    const freeList = new TreeWalk({ ...this.#walk(free, byNumber), onEntry: (_, value) => this.#takeFree(value) })
    await this.#finish(freeList)
    checkCounts(freeList, free, 'the free list')
    damageUnless(branches.leafPages === main.leafPages, main.root ?? 0, 'its tree has lost or gained leaves')
    const whole = new TreeWalk(this.#walk(main, byBytes))
    if (!(await this.#finish(whole, this.#options.untilMs))) return { whole: false, pages: lastPage + 1 }
    checkCounts(whole, main, 'the tree')
    return { whole: true, pages: lastPage + 1 }
  }

  #walk(tree: Meta['main'], compare: WalkOptions['compare']): WalkOptions {
    return { file: this.#file, meta: this.#meta, tree, compare, claim: (page, pages) => this.#claim(page, pages) }
  }

  /** False when the time was over before. */
  async #finish(walk: TreeWalk, untilMs = Infinity): Promise<boolean> {
    while (walk.step()) {
      this.#read++
      if ((this.#read & 0xf) !== 0) continue
      const nowMs = performance.now()
      if (nowMs > untilMs) return false
      if (nowMs < this.#turnEndMs) continue
      await this.#options.pause(this.#read, this.#meta.lastPage + 1)
      this.#turnEndMs = performance.now() + turnMs
    }
    return true
  }

  #claim(page: number, pages: number): void {
    const end = page + pages
    damageUnless(page >= 2 && end <= this.#meta.lastPage + 1, page, 'it lies behind the last page')
    for (let n = page; n < end; n++) {
      const [byte, bit] = [n >> 3, 1 << (n & 7)]
      const before = this.#claimed[byte] ?? 0
      damageUnless((before & bit) === 0, n, 'it is used twice')
      this.#claimed[byte] = before | bit
    }
  }

  /** A list of numbers, its length first: a page, or a negative count and the first of so many pages; 0 is an empty place. */
  #takeFree(value: Value): void {
    const bytes = 'page' in value ? this.#file.readValue(value.page, value.sizeBytes) : value.bytes
    const count = bytes.length < 8 ? -1 : Number(bytes.readBigInt64LE(0))
    if (count < 0 || 8 + 8 * count > bytes.length) throw new Damage('the free list: an entry has no right length')
    for (let n = 1; n <= count; n++) {
      const entry = Number(bytes.readBigInt64LE(8 * n))
      if (entry === 0) continue
      if (entry > 0) this.#claim(entry, 1)
      else if (++n > count) throw new Damage('the free list: an entry has no right length')
      else this.#claimFree(Number(bytes.readBigInt64LE(8 * n)), -entry)
    }
  }

  #claimFree(page: number, pages: number): void {
    // Before anything is counted: it may be any number.
    damageUnless(pages <= this.#meta.lastPage, page, 'the free list has more pages than there are')
    this.#claim(page, pages)
  }
}

function checkCounts(walk: TreeWalk, tree: Meta['main'], what: string): void {
  const { branchPages, leafPages, overflowPages, entries } = walk
  const isSame =
    branchPages === tree.branchPages &&
    leafPages === tree.leafPages &&
    overflowPages === tree.overflowPages &&
    entries === tree.entries
  if (!isSame)
    throw new Damage(
      `${what} has ${entries} entries on ${leafPages} pages and should have ${tree.entries} on ${tree.leafPages}`,
    )
}
