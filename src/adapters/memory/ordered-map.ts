/**
 * Bytes to bytes in key order, for the store that lives in memory. Keys are looked up as latin1 text, which has the order of
 * the bytes and is compared without leaving JavaScript. The entries stand in sorted leaves of bounded length, found by binary
 * search over their first keys, so that an insertion moves at most one leaf and 100,000 entries stay cheap without a tree.
 *
 * A copy shares the leaves. Either of the two maps copies a leaf before it changes it, so a copy costs a pointer a leaf.
 */
import type { Entry, Range } from '../../ports/store.ts'

const leafKeysMax = 256

type Leaf = {
  readonly texts: string[]
  readonly entries: Entry[]
  /** Who may change it in place. */
  readonly owner: object
}

export class OrderedMap {
  #leaves: Leaf[]
  #owner: object
  #size: number

  constructor() {
    this.#owner = {}
    this.#leaves = [{ texts: [], entries: [], owner: this.#owner }]
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  /** The same entries, changed independently from now on. */
  copy(): OrderedMap {
    const copy = new OrderedMap()
    copy.#leaves = [...this.#leaves]
    copy.#size = this.#size
    // Neither of the two owns what both have.
    this.#owner = {}
    return copy
  }

  get(key: Uint8Array): Buffer | undefined {
    const text = textOf(key)
    const leaf = this.#leaves[this.#leafIndexFor(text)] as Leaf
    const at = firstNotBelow(leaf.texts, text)
    return leaf.texts[at] === text ? leaf.entries[at]?.value : undefined
  }

  set(key: Buffer, value: Buffer): void {
    const text = textOf(key)
    const leafAt = this.#leafIndexFor(text)
    const leaf = this.#ownLeaf(leafAt)
    const at = firstNotBelow(leaf.texts, text)
    if (leaf.texts[at] === text) {
      leaf.entries[at] = { key: (leaf.entries[at] as Entry).key, value }
      return
    }
    leaf.texts.splice(at, 0, text)
    leaf.entries.splice(at, 0, { key, value })
    this.#size++
    if (leaf.texts.length > leafKeysMax) this.#split(leafAt, leaf)
  }

  delete(key: Uint8Array): boolean {
    const text = textOf(key)
    const leafAt = this.#leafIndexFor(text)
    const at = firstNotBelow((this.#leaves[leafAt] as Leaf).texts, text)
    if ((this.#leaves[leafAt] as Leaf).texts[at] !== text) return false
    const leaf = this.#ownLeaf(leafAt)
    leaf.texts.splice(at, 1)
    leaf.entries.splice(at, 1)
    this.#size--
    if (leaf.texts.length === 0 && this.#leaves.length > 1) this.#leaves.splice(leafAt, 1)
    return true
  }

  /** The entries themselves, not copies. The map must not change while they are walked. */
  entries({ from, to, limit = Infinity, reverse = false }: Range): Iterable<Entry> {
    return reverse ? this.#backward(textOf(from), textOf(to), limit) : this.#forward(textOf(from), textOf(to), limit)
  }

  *#forward(from: string, to: string, limit: number): Generator<Entry> {
    const start = this.#leafIndexFor(from)
    let left = limit
    for (let leafAt = start; leafAt < this.#leaves.length; leafAt++) {
      const { texts, entries } = this.#leaves[leafAt] as Leaf
      for (let at = leafAt === start ? firstNotBelow(texts, from) : 0; at < texts.length; at++) {
        if ((texts[at] as string) >= to || left-- <= 0) return
        yield entries[at] as Entry
      }
    }
  }

  *#backward(from: string, to: string, limit: number): Generator<Entry> {
    const start = this.#leafIndexFor(to)
    let left = limit
    for (let leafAt = start; leafAt >= 0; leafAt--) {
      const { texts, entries } = this.#leaves[leafAt] as Leaf
      for (let at = (leafAt === start ? firstNotBelow(texts, to) : texts.length) - 1; at >= 0; at--) {
        if ((texts[at] as string) < from || left-- <= 0) return
        yield entries[at] as Entry
      }
    }
  }

  #ownLeaf(leafAt: number): Leaf {
    const leaf = this.#leaves[leafAt] as Leaf
    if (leaf.owner === this.#owner) return leaf
    const own = { texts: [...leaf.texts], entries: [...leaf.entries], owner: this.#owner }
    this.#leaves[leafAt] = own
    return own
  }

  #split(leafAt: number, { texts, entries }: Leaf): void {
    const half = texts.length >> 1
    const upper = { texts: texts.splice(half), entries: entries.splice(half), owner: this.#owner }
    this.#leaves.splice(leafAt + 1, 0, upper)
  }

  /** The last leaf whose first key is not above `text`; the first leaf for keys below everything. */
  #leafIndexFor(text: string): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const first = (this.#leaves[middle] as Leaf).texts[0]
      if (first !== undefined && first <= text) low = middle
      else high = middle - 1
    }
    return low
  }
}

function textOf(key: Uint8Array): string {
  const bytes = Buffer.isBuffer(key) ? key : Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  return bytes.toString('latin1')
}

function firstNotBelow(keys: readonly string[], text: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < text) low = middle + 1
    else high = middle
  }
  return low
}
