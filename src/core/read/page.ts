/**
 * The rules of a page, fed with rows in the order of the walk. Limit counts the rows looked at, before the filter; a page
 * also ends with the row that takes what was looked at to 1 MB. Whoever stops at a row says so, even
 * if it happened to be the last one: then the next page is empty. That is how DynamoDB does it. Tombstones count for nothing,
 * but after many of them the page ends too, with a token that is a deleted item's key: others want their turn.
 */
import type { Item } from '../attribute/value.ts'
import { decodeItem, encodeItem } from '../item/item-bytes.ts'
import { pageSizeBytesMax, pageTombstonesMax } from '../limits/limits.ts'
import { PageText } from './page-text.ts'
import type { Page } from './read-plan.ts'

export type PageRules = {
  /** Rows to look at. */
  readonly limit?: number
  readonly countOnly: boolean
  /** The filter; absent when every row belongs to the answer, and then no row is parsed. */
  readonly matches?: (item: Item) => boolean
  readonly project?: (item: Item) => Item
}

/** A row of the table or index, and the table's item when a local index had to fetch it. Where every row belongs to the answer, its bytes are copied. */
export type ScannedRow = {
  readonly body: Buffer
  readonly sizeBytes: number
  readonly fetched?: { readonly body: Buffer; readonly sizeBytes: number }
}

type Built = Omit<Page, 'items' | 'lastItem'> & { readonly lastItem: Buffer | undefined }

/** It is a class, since V8 is slow with object literals that have a getter. */
class BuiltPage implements Page {
  readonly text: PageText
  readonly count: number
  readonly scannedCount: number
  readonly scannedSizeBytes: number
  readonly fetchedSizesBytes: readonly number[]
  declare readonly lastItem?: Buffer

  constructor(of: Built) {
    this.text = of.text
    this.count = of.count
    this.scannedCount = of.scannedCount
    this.scannedSizeBytes = of.scannedSizeBytes
    this.fetchedSizesBytes = of.fetchedSizesBytes
    if (of.lastItem !== undefined) this.lastItem = of.lastItem
  }

  get items(): readonly Buffer[] {
    return this.text.list()
  }
}

export class PageBuilder {
  readonly #rules: PageRules
  readonly #text = new PageText()
  readonly #fetchedSizesBytes: number[] = []
  #count = 0
  #scannedCount = 0
  #scannedSizeBytes = 0
  #readSizeBytes = 0
  #skipped = 0
  #lastItem: Buffer | undefined
  /** Looked at or walked past last; undefined: the last item of the text, if there is one. */
  #last: Buffer | undefined

  constructor(rules: PageRules) {
    this.#rules = rules
  }

  /** False when the page is full: this row was the last to be looked at. */
  add(row: ScannedRow): boolean {
    this.#measure(row)
    this.#last = this.#take(row.fetched?.body ?? row.body) && row.fetched === undefined ? undefined : row.body
    const full = this.#scannedCount === this.#rules.limit || this.#readSizeBytes >= pageSizeBytesMax
    if (full) this.interrupt()
    return !full
  }

  /** A deleted item's key on the way: not looked at, but walked past, and a walk past very many ends the page. */
  skip(keyBody: Buffer): boolean {
    this.#skipped++
    this.#last = Buffer.from(keyBody)
    const full = this.#skipped >= pageTombstonesMax
    if (full) this.interrupt()
    return !full
  }

  /** The page ends here, whatever may follow. */
  interrupt(): this {
    this.#lastItem = this.#last ?? this.#text.last()
    return this
  }

  finish(): Page {
    return new BuiltPage({
      text: this.#text,
      count: this.#count,
      scannedCount: this.#scannedCount,
      scannedSizeBytes: this.#scannedSizeBytes,
      fetchedSizesBytes: this.#fetchedSizesBytes,
      lastItem: this.#lastItem,
    })
  }

  #measure(row: ScannedRow): void {
    this.#scannedCount++
    this.#scannedSizeBytes += row.sizeBytes
    this.#readSizeBytes += row.sizeBytes + (row.fetched?.sizeBytes ?? 0)
    if (row.fetched !== undefined) this.#fetchedSizesBytes.push(row.fetched.sizeBytes)
  }

  /** True when the body itself stands in the text now. */
  #take(body: Buffer): boolean {
    const { matches, project, countOnly } = this.#rules
    const wanted = project === undefined || countOnly ? undefined : project
    const item = matches === undefined && wanted === undefined ? undefined : decodeItem(body)
    if (item !== undefined && matches !== undefined && !matches(item)) return false
    this.#count++
    if (countOnly) return false
    const isWhole = item === undefined || wanted === undefined
    this.#text.add(isWhole ? body : encodeItem(wanted(item)))
    return isWhole
  }
}
