/**
 * Bytes to bytes in key order, for the store that lives in memory: sorted leaves of bounded length, found by binary
 * search over their first keys. Insertions move at most one leaf, so 100,000 entries stay cheap without a tree.
 */
import type { Entry, Range } from '../ports/store.ts'

type Leaf = { readonly keys: Buffer[]; readonly values: Buffer[] }

const leafEntriesMax = 256

export class OrderedMap {
  #leaves: Leaf[] = [{ keys: [], values: [] }]
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: Uint8Array): Buffer | undefined {
    const leaf = this.#leafFor(key)
    const at = firstNotBelow(leaf.keys, key)
    const found = leaf.keys[at]
    return found !== undefined && Buffer.compare(found, key) === 0 ? leaf.values[at] : undefined
  }

  set(key: Buffer, value: Buffer): void {
    const leafAt = this.#leafIndexFor(key)
    const leaf = this.#leaves[leafAt] as Leaf
    const at = firstNotBelow(leaf.keys, key)
    const found = leaf.keys[at]
    if (found !== undefined && Buffer.compare(found, key) === 0) {
      leaf.values[at] = value
      return
    }
    leaf.keys.splice(at, 0, key)
    leaf.values.splice(at, 0, value)
    this.#size++
    if (leaf.keys.length > leafEntriesMax) this.#split(leafAt, leaf)
  }

  delete(key: Uint8Array): boolean {
    const leafAt = this.#leafIndexFor(key)
    const leaf = this.#leaves[leafAt] as Leaf
    const at = firstNotBelow(leaf.keys, key)
    const found = leaf.keys[at]
    if (found === undefined || Buffer.compare(found, key) !== 0) return false
    leaf.keys.splice(at, 1)
    leaf.values.splice(at, 1)
    this.#size--
    if (leaf.keys.length === 0 && this.#leaves.length > 1) this.#leaves.splice(leafAt, 1)
    return true
  }

  /** The entries themselves, not copies. The map must not change while they are walked. */
  *entries(range: Range): Generator<Entry> {
    let left = range.limit ?? Infinity
    const walk = range.reverse === true ? this.#backward(range.from, range.to) : this.#forward(range.from, range.to)
    for (const entry of walk) {
      if (left-- <= 0) return
      yield entry
    }
  }

  *#forward(from: Uint8Array, to: Uint8Array): Generator<Entry> {
    const start = this.#leafIndexFor(from)
    for (let leafAt = start; leafAt < this.#leaves.length; leafAt++) {
      const { keys, values } = this.#leaves[leafAt] as Leaf
      for (let at = leafAt === start ? firstNotBelow(keys, from) : 0; at < keys.length; at++) {
        const key = keys[at] as Buffer
        if (Buffer.compare(key, to) >= 0) return
        yield { key, value: values[at] as Buffer }
      }
    }
  }

  *#backward(from: Uint8Array, to: Uint8Array): Generator<Entry> {
    const start = this.#leafIndexFor(to)
    for (let leafAt = start; leafAt >= 0; leafAt--) {
      const { keys, values } = this.#leaves[leafAt] as Leaf
      for (let at = (leafAt === start ? firstNotBelow(keys, to) : keys.length) - 1; at >= 0; at--) {
        const key = keys[at] as Buffer
        if (Buffer.compare(key, from) < 0) return
        yield { key, value: values[at] as Buffer }
      }
    }
  }

  #split(leafAt: number, leaf: Leaf): void {
    const middle = leaf.keys.length >> 1
    const upper = { keys: leaf.keys.splice(middle), values: leaf.values.splice(middle) }
    this.#leaves.splice(leafAt + 1, 0, upper)
  }

  #leafFor(key: Uint8Array): Leaf {
    return this.#leaves[this.#leafIndexFor(key)] as Leaf
  }

  /** The last leaf whose first key is not above `key`; the first leaf for keys below everything. */
  #leafIndexFor(key: Uint8Array): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const first = (this.#leaves[middle] as Leaf).keys[0]
      if (first !== undefined && Buffer.compare(first, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

function firstNotBelow(keys: readonly Buffer[], key: Uint8Array): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (Buffer.compare(keys[middle] as Buffer, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
