/** What is kept of the values of one minute, and what several minutes come to together. */
import { Sketch, type SketchPairs } from './sketch.ts'

export type StatisticSet = {
  readonly count: number
  readonly sum: number
  readonly minimum: number
  readonly maximum: number
  /** Absent where all values are one, or where only their sum is known. */
  readonly sketch?: SketchPairs
}

/** As it is stored: count, sum, and what cannot be told from these. */
export type StatisticTuple = readonly [number, number, number?, number?, SketchPairs?]

export class StatisticSum {
  #count = 0
  #sum = 0
  #minimum = Infinity
  #maximum = -Infinity
  #sketch: Sketch | undefined
  /** A part of the values is only known by their sum. */
  #isVague = false

  add(value: number, count = 1): void {
    // One value, however often, needs no sketch.
    if (this.#sketch === undefined && !this.#isVague && this.#count > 0 && value !== this.#minimum) this.#begin()
    this.#sketch?.add(value, count)
    this.#take(count, value * count, value, value)
  }

  addSet(set: StatisticSet): void {
    const { count, sum, minimum, maximum, sketch } = set
    if (count === 0) return
    const isKnown = sketch !== undefined || minimum === maximum
    if (!isKnown) {
      this.#isVague = true
      this.#sketch = undefined
    } else if (!this.#isVague) {
      const isSame = sketch === undefined && (this.#count === 0 || minimum === this.#minimum)
      if (this.#sketch === undefined && !isSame) this.#begin()
      if (sketch === undefined) this.#sketch?.add(minimum, count)
      else this.#sketch?.merge(sketch)
    }
    this.#take(count, sum, minimum, maximum)
  }

  /** Undefined before anything was added. */
  get value(): StatisticSet | undefined {
    if (this.#count === 0) return undefined
    const set = { count: this.#count, sum: this.#sum, minimum: this.#minimum, maximum: this.#maximum }
    return this.#sketch === undefined ? set : { ...set, sketch: this.#sketch.pairs() }
  }

  /** From now on there is more than one value: what there was before goes in first. */
  #begin(): void {
    this.#sketch = new Sketch()
    if (this.#count > 0) this.#sketch.add(this.#minimum, this.#count)
  }

  #take(count: number, sum: number, minimum: number, maximum: number): void {
    this.#count += count
    this.#sum += sum
    this.#minimum = Math.min(this.#minimum, minimum)
    this.#maximum = Math.max(this.#maximum, maximum)
  }
}

export function tupleOf({ count, sum, minimum, maximum, sketch }: StatisticSet): StatisticTuple {
  if (sketch !== undefined) return [count, sum, minimum, maximum, sketch]
  return minimum === maximum && minimum * count === sum ? [count, sum] : [count, sum, minimum, maximum]
}

export function setOf([count, sum, minimum = sum / count, maximum = minimum, sketch]: StatisticTuple): StatisticSet {
  return { count, sum, minimum, maximum, ...(sketch === undefined ? {} : { sketch }) }
}
