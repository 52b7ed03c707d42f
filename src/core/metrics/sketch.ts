/**
 * A distribution in little room, from which percentiles are taken: counts by the logarithm of the value, so that each percentile is exact to a part
 * of its value (sketchAccuracy). When there are too many buckets, the least values share one.
 */
import { sketchAccuracy, sketchBucketsMax } from '../limits/metric-limits.ts'

/** Bucket and count, in the order of the buckets. */
export type SketchPairs = readonly (readonly [bucket: number, count: number])[]

const gamma = (1 + sketchAccuracy) / (1 - sketchAccuracy)
const logGamma = Math.log(gamma)
/** Values nearer to zero count as zero. */
const least = 1e-9
/** Zero has a bucket of its own; those of negative values mirror the positive ones. */
const offset = 100_000

export class Sketch {
  readonly #counts: Map<number, number>
  /** The least bucket while there is no room for a further one. Nothing below it is kept apart. */
  #lowest: number | undefined

  constructor(pairs: SketchPairs = []) {
    this.#counts = new Map(pairs)
  }

  add(value: number, count = 1): void {
    this.#addTo(bucketOf(value), count)
  }

  merge(pairs: SketchPairs): void {
    for (const [bucket, count] of pairs) this.#addTo(bucket, count)
  }

  pairs(): SketchPairs {
    return [...this.#counts].toSorted(([a], [b]) => a - b)
  }

  /** Called for each request: what is below the lowest bucket goes into it without a search. */
  #addTo(bucket: number, count: number): void {
    const into = this.#lowest !== undefined && bucket < this.#lowest ? this.#lowest : bucket
    this.#counts.set(into, (this.#counts.get(into) ?? 0) + count)
    if (this.#counts.size > sketchBucketsMax) this.#collapse()
  }

  /** The lowest becomes one with the next. */
  #collapse(): void {
    const [lowest, next] = leastTwo(this.#counts.keys())
    this.#counts.set(next, (this.#counts.get(next) ?? 0) + (this.#counts.get(lowest) ?? 0))
    this.#counts.delete(lowest)
    this.#lowest = next
  }
}

function leastTwo(buckets: Iterable<number>): readonly [number, number] {
  let [lowest, next] = [Infinity, Infinity]
  for (const bucket of buckets)
    if (bucket < lowest) [lowest, next] = [bucket, lowest]
    else if (bucket < next) next = bucket
  return [lowest, next]
}

function bucketOf(value: number): number {
  const size = Math.abs(value)
  if (size < least) return 0
  const rank = Math.ceil(Math.log(size) / logGamma) + offset
  return value > 0 ? rank : -rank
}

/** The middle of a bucket's values. */
export function valueOf(bucket: number): number {
  if (bucket === 0) return 0
  const value = (2 * gamma ** (Math.abs(bucket) - offset)) / (gamma + 1)
  return bucket > 0 ? value : -value
}
