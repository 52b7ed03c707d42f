/** How a cache is to be. */
import type { Clock } from '../../ports/clock.ts'

export type CacheMode = 'dax' | 'coherent'

export type CacheOptions = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly mode: CacheMode
  /** 0: until something else ends it. */
  readonly itemTtlMs: number
  /** 0: queries are not kept. */
  readonly queryTtlMs: number
  /** Half for items, half for queries. */
  readonly memoryBytes: number
}
