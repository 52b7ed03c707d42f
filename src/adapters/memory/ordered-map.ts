/**
 * Bytes to bytes in key order, for the store that lives in memory. Keys are looked up as latin1 text, which has the order of
 * the bytes and is compared without leaving JavaScript; the texts stand in sorted leaves of bounded length, found by binary
 * search over their first keys, so that an insertion moves at most one leaf and 100,000 entries stay cheap without a tree.
 */
import type { Entry, Range } from '../../ports/store.ts'

const leafKeysMax = 256

export class OrderedMap {
  readonly #entries = new Map<string, Entry>()
  #leaves: string[][] = [[]]

  get size(): number {
    return this.#entries.size
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#entries.get(textOf(key))?.value
  }

  set(key: Buffer, value: Buffer): void {
    const text = textOf(key)
    const known = this.#entries.get(text)
    this.#entries.set(text, { key: known?.key ?? key, value })
    if (known === undefined) this.#insert(text)
  }

  delete(key: Uint8Array): boolean {
    const text = textOf(key)
    if (!this.#entries.delete(text)) return false
    const leafAt = this.#leafIndexFor(text)
    const leaf = this.#leaves[leafAt] as string[]
    leaf.splice(firstNotBelow(leaf, text), 1)
    if (leaf.length === 0 && this.#leaves.length > 1) this.#leaves.splice(leafAt, 1)
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
      const leaf = this.#leaves[leafAt] as string[]
      for (let at = leafAt === start ? firstNotBelow(leaf, from) : 0; at < leaf.length; at++) {
        const text = leaf[at] as string
        if (text >= to || left-- <= 0) return
        yield this.#entries.get(text) as Entry
      }
    }
  }

  *#backward(from: string, to: string, limit: number): Generator<Entry> {
    const start = this.#leafIndexFor(to)
    let left = limit
    for (let leafAt = start; leafAt >= 0; leafAt--) {
      const leaf = this.#leaves[leafAt] as string[]
      for (let at = (leafAt === start ? firstNotBelow(leaf, to) : leaf.length) - 1; at >= 0; at--) {
        const text = leaf[at] as string
        if (text < from || left-- <= 0) return
        yield this.#entries.get(text) as Entry
      }
    }
  }

  #insert(text: string): void {
    const leafAt = this.#leafIndexFor(text)
    const leaf = this.#leaves[leafAt] as string[]
    leaf.splice(firstNotBelow(leaf, text), 0, text)
    if (leaf.length > leafKeysMax) this.#leaves.splice(leafAt + 1, 0, leaf.splice(leaf.length >> 1))
  }

  /** The last leaf whose first key is not above `text`; the first leaf for keys below everything. */
  #leafIndexFor(text: string): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const first = (this.#leaves[middle] as string[])[0]
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
