/**
 * The items of a page as one text, with commas in between, which is what a reply has of them. Rows are copied one behind the other into one place
 * that all pages of this process share. A page takes a copy of its own only when another one needs the place, or its reader wants the items. A page
 * that has been copied into its reply gives the place back, so that the next page causes no copy.
 */
import { assert } from '../assert.ts'

/** Of the place. A page that comes to more is kept in parts. */
export const pageTextBytesShared = 128 * 1024
const shared = Buffer.allocUnsafeSlow(pageTextBytesShared)
const comma = 0x2c

export class PageText {
  /** Whose text the shared place holds. */
  static #owner: PageText | undefined
  readonly #parts: Buffer[] = []
  readonly #lengths: number[] = []
  /** Of the shared place, while it is this page's. */
  #used = 0
  #isReleased = false

  get count(): number {
    return this.#lengths.length
  }

  /** The bytes are copied: they may be gone afterwards. */
  add(item: Buffer): void {
    this.#assertHeld()
    const before = this.#lengths.length === 0 ? 0 : 1
    const needed = before + item.length
    this.#lengths.push(item.length)
    if (needed > shared.length - (PageText.#owner === this ? this.#used : 0)) this.#settle()
    if (needed > shared.length) {
      this.#parts.push(before === 0 ? Buffer.from(item) : Buffer.concat([Buffer.of(comma), item]))
      return
    }
    if (PageText.#owner !== this) {
      const owner = PageText.#owner
      if (owner !== undefined) owner.#settle()
      PageText.#owner = this
    }
    if (before > 0) shared[this.#used++] = comma
    shared.set(item, this.#used)
    this.#used += item.length
  }

  /** Of the text. */
  get sizeBytes(): number {
    this.#assertHeld()
    const last = PageText.#owner === this ? this.#used : 0
    return this.#parts.reduce((sum, { length }) => sum + length, last)
  }

  /** Copies the text to that place, and returns where it ends. */
  copyTo(target: Buffer, start: number): number {
    this.#assertHeld()
    let at = start
    for (const part of this.#parts) at += part.copy(target, at)
    return PageText.#owner === this ? at + shared.copy(target, at, 0, this.#used) : at
  }

  /** A copy of the last item. */
  last(): Buffer | undefined {
    this.#assertHeld()
    const length = this.#lengths.at(-1)
    if (length === undefined) return undefined
    if (PageText.#owner === this) return Buffer.from(shared.subarray(this.#used - length, this.#used))
    const part = this.#parts.at(-1) as Buffer
    return Buffer.from(part.subarray(part.length - length))
  }

  /** Gives the shared place back. The text is lost: its reader has copied it, and asks for nothing more. */
  release(): void {
    this.#isReleased = true
    if (PageText.#owner === this) PageText.#owner = undefined
  }

  /** Each item by itself. */
  list(): readonly Buffer[] {
    this.#assertHeld()
    this.#settle()
    const items: Buffer[] = []
    let [part, at] = [0, 0]
    for (const length of this.#lengths) {
      if (at === this.#parts[part]?.length) [part, at] = [part + 1, 0]
      if (items.length > 0) at++
      items.push((this.#parts[part] as Buffer).subarray(at, at + length))
      at += length
    }
    return items
  }

  #assertHeld(): void {
    assert(!this.#isReleased, 'page text: nothing is asked of it once it has been released')
  }

  #settle(): void {
    if (PageText.#owner !== this) return
    PageText.#owner = undefined
    if (this.#used > 0) this.#parts.push(Buffer.from(shared.subarray(0, this.#used)))
    this.#used = 0
  }
}
