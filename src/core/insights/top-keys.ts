/**
 * The keys with the greatest sums of a stream, in bounded memory (Space-Saving): a key that has no counter takes the least one's, and goes on from its sum. So
 * a sum may be too great by as much as the least counter, and never too small; a key with more than its share of the whole is always found.
 */
export type KeySum = { readonly key: string; readonly sum: number }

export class TopKeys {
  readonly #max: number
  readonly #sums = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  add(key: string, by: number): void {
    const known = this.#sums.get(key)
    if (known !== undefined || this.#sums.size < this.#max) {
      this.#sums.set(key, (known ?? 0) + by)
      return
    }
    let least: KeySum = { key: '', sum: Infinity }
    for (const [each, sum] of this.#sums) if (sum < least.sum) least = { key: each, sum }
    this.#sums.delete(least.key)
    this.#sums.set(key, least.sum + by)
  }

  /** The greatest first. */
  top(count: number): readonly KeySum[] {
    const all = [...this.#sums].map(([key, sum]) => ({ key, sum }))
    return all.toSorted((a, b) => b.sum - a.sum).slice(0, count)
  }
}
