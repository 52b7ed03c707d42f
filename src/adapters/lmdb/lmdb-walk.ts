/**
 * Walks one tree of an LMDB file, page by page, and checks that its pages hold together: the depth, the order of keys within
 * a page and between pages, large values. One page in memory for each level.
 */
import { Damage, damageUnless, type Meta, type Page, type PageFile, type Tree, type Value } from './lmdb-pages.ts'

export type WalkOptions = {
  readonly file: PageFile
  readonly meta: Meta
  readonly tree: Tree
  readonly compare: (a: Buffer, b: Buffer) => number
  /** Called for each page that belongs to the tree, before it is read; throws Damage for one that cannot. */
  readonly claim: (page: number, pages: number) => void
  /** Leaves are counted and not read. */
  readonly branchesOnly?: boolean
  /** Passes over the keys before this one. */
  readonly from?: Buffer
  /** Views, good for the call. Called for each entry of a leaf whose checks all held. */
  readonly onEntry?: (key: Buffer, value: Value) => void
  /** Goes on behind a damaged page instead of throwing. */
  readonly onDamage?: (damage: Damage, bounds: Bounds) => void
}

/** The keys that the tree would have below a page: from `low` on, before `high`. */
export type Bounds = { readonly low: Buffer | undefined; readonly high: Buffer | undefined }

/** A branch page with the next child to visit, and the bounds of its keys. */
type Frame = { readonly page: Page; next: number; readonly low: Buffer | undefined; readonly high: Buffer | undefined }

const depthMax = 24

export class TreeWalk {
  branchPages = 0
  leafPages = 0
  overflowPages = 0
  entries = 0
  /** The last key of the last leaf read. */
  lastKey: Buffer | undefined
  readonly #options: WalkOptions
  readonly #pages: Page[] = []
  readonly #overflow: Page
  readonly #frames: Frame[] = []
  #started = false

  constructor(options: WalkOptions) {
    this.#options = options
    this.#overflow = options.file.page()
  }

  /** Visits one page more. False when all were visited. Throws Damage. */
  step(): boolean {
    const { root, depth } = this.#options.tree
    if (!this.#started) {
      this.#started = true
      if (this.#options.onDamage === undefined)
        damageUnless(
          depth < depthMax && (root === undefined) === (depth === 0),
          root ?? 0,
          'its tree has no right depth',
        )
      if (root !== undefined) this.#visit(root, undefined, undefined)
    } else this.#advance()
    return this.#frames.length > 0
  }

  #advance(): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return
    const { page, next } = frame
    if (next >= page.count) return void this.#frames.pop()
    frame.next++
    const high = next + 1 < page.count ? page.key(next + 1) : frame.high
    const { from } = this.#options
    if (from !== undefined && high !== undefined && this.#options.compare(high, from) <= 0) return
    this.#visit(page.child(next), next === 0 ? frame.low : page.key(next), high)
  }

  #visit(number: number, low: Buffer | undefined, high: Buffer | undefined): void {
    try {
      this.#options.claim(number, 1)
      if (this.#isLeaf(number)) this.#visitLeaf(number, low, high)
      else this.#visitBranch(number, low, high)
    } catch (error) {
      if (!(error instanceof Damage) || this.#options.onDamage === undefined) throw error
      this.#options.onDamage(error, { low, high })
    }
  }

  /** By the depth of the tree; one that may be damaged itself is asked page by page. */
  #isLeaf(number: number): boolean {
    const level = this.#frames.length + 1
    if (this.#options.onDamage === undefined) return level === this.#options.tree.depth
    damageUnless(level < depthMax, number, 'its tree has no right depth')
    return this.#read(number).looksLikeLeaf()
  }

  #visitBranch(number: number, low: Buffer | undefined, high: Buffer | undefined): void {
    const page = this.#read(number)
    page.checkNodes(false, this.#options.meta)
    // The first key of a branch page stands for everything before the second.
    this.#checkOrder(page, { first: 1, low, high })
    this.branchPages++
    this.#frames.push({ page, next: 0, low, high })
  }

  #visitLeaf(number: number, low: Buffer | undefined, high: Buffer | undefined): void {
    this.leafPages++
    if (this.#options.branchesOnly === true) return
    const page = this.#read(number)
    page.checkNodes(true, this.#options.meta)
    this.#checkOrder(page, { first: 0, low, high })
    for (let n = 0; n < page.count; n++) this.#checkValue(page.value(n))
    this.entries += page.count
    this.lastKey = Buffer.from(page.key(page.count - 1))
    const { onEntry } = this.#options
    if (onEntry !== undefined) for (let n = 0; n < page.count; n++) onEntry(page.key(n), page.value(n))
  }

  #checkValue(value: Value): void {
    if (!('page' in value)) return
    this.#options.claim(value.page, value.pages)
    this.#options.file.read(value.page, this.#overflow).checkOverflow(this.#options.meta, value.pages)
    this.overflowPages += value.pages
  }

  #read(number: number): Page {
    const level = this.#frames.length
    const page = (this.#pages[level] ??= this.#options.file.page())
    return this.#options.file.read(number, page)
  }

  #checkOrder(
    page: Page,
    {
      first,
      low,
      high,
    }: { readonly first: number; readonly low: Buffer | undefined; readonly high: Buffer | undefined },
  ): void {
    const { compare } = this.#options
    let before = low
    for (let n = first; n < page.count; n++) {
      const key = page.key(n)
      // The first key may be the one that its parent has for it.
      const order = before === undefined ? -1 : compare(before, key)
      damageUnless(order < 0 || (order === 0 && n === 0), page.number, 'its keys are out of order')
      before = key
    }
    damageUnless(
      high === undefined || before === undefined || compare(before, high) < 0,
      page.number,
      'its keys are out of order',
    )
  }
}
