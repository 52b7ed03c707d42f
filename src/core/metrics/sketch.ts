/**
 * A distribution in little room, from which percentiles are taken: counts by the logarithm of the value, so that each percentile is exact to a part
 * of its value (sketchAccuracy). When there are too many buckets, the least values share one.
 */
import { sketchAccuracy, sketchBucketsMax } from '../metric-limits.ts'

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

  constructor(pairs: SketchPairs = []) {
    this.#counts = new Map(pairs)
  }

  add(value: number, count = 1): void {
    const bucket = bucketOf(value)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    if (this.#counts.size > sketchBucketsMax) this.#collapse()
  }

  merge(pairs: SketchPairs): void {
    for (const [bucket, count] of pairs) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    while (this.#counts.size > sketchBucketsMax) this.#collapse()
  }

  pairs(): SketchPairs {
    return [...this.#counts].toSorted(([a], [b]) => a - b)
  }

  /** The two lowest become one. */
  #collapse(): void {
    const [lowest, next] = [...this.#counts.keys()].toSorted((a, b) => a - b)
    if (lowest === undefined || next === undefined) return
    this.#counts.set(next, (this.#counts.get(next) ?? 0) + (this.#counts.get(lowest) ?? 0))
    this.#counts.delete(lowest)
  }
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
