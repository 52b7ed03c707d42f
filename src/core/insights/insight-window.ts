/** What one rule has seen in one minute. */
import { contributorsMax, insightCountersMax } from '../limits/insight-limits.ts'
import { Distinct } from './distinct.ts'
import { type KeySum, TopKeys } from './top-keys.ts'

const keyOverheadBytes = 64
const windowOverheadBytes = 512

export class InsightWindow {
  readonly distinct = new Distinct()
  count = 0
  sum = 0
  minimum = Infinity
  maximum = 0
  #counting: TopKeys | undefined = new TopKeys(insightCountersMax)
  #kept: readonly KeySum[] = []

  add(key: string, by: number): void {
    this.#counting?.add(key, by)
    this.distinct.add(key)
    this.count++
    this.sum += by
    this.minimum = Math.min(this.minimum, by)
    this.maximum = Math.max(this.maximum, by)
  }

  /** Once its minute is over: only what is shown is kept. */
  close(): void {
    if (this.#counting === undefined) return
    this.#kept = this.#counting.top(contributorsMax)
    this.#counting = undefined
  }

  get top(): readonly KeySum[] {
    return this.#counting?.top(contributorsMax) ?? this.#kept
  }

  get bytes(): number {
    return this.#kept.reduce((sum, { key }) => sum + key.length + keyOverheadBytes, windowOverheadBytes)
  }
}
