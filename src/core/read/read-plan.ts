/**
 * A read of more than one item, as data: Query, Scan and PartiQL's SELECT come down to it. The engine walks the
 * range; what a row is worth to the answer is decided purely (core/read).
 */
import type { Condition } from '../expression/condition.ts'
import type { Projection as ProjectionPaths } from '../expression/projection.ts'
import type { Index, Table } from '../table/table.ts'
import type { PageText } from './page-text.ts'

/** Bounds on key bytes without the table's or index's prefix. */
export type KeyRange = { readonly from: Buffer; readonly to: Buffer }

export type ReadPlan = {
  readonly table: Table
  readonly index?: Index
  readonly range: KeyRange
  readonly forward: boolean
  /** Key bytes of ExclusiveStartKey: the walk starts after it. */
  readonly after?: Buffer
  /** Items to look at, before the filter. */
  readonly limit?: number
  readonly filter?: Condition
  readonly projection?: ProjectionPaths
  /** COUNT: no items in the answer. */
  readonly countOnly: boolean
  /** A local index asked for attributes that it does not hold: each row's item is fetched from the table. */
  readonly fetchWhole: boolean
}

export type Page = {
  /** The items' JSON, ready to be spliced into the reply. */
  readonly text: PageText
  /** Each item's JSON by itself: cut out of the text when it is asked for. */
  readonly items: readonly Buffer[]
  readonly count: number
  readonly scannedCount: number
  /** Sum of DynamoDB's sizes of what was looked at: what capacity is computed from. */
  readonly scannedSizeBytes: number
  /** Sizes of the table items fetched for a local index, each rounded by the capacity rule on its own. */
  readonly fetchedSizesBytes: readonly number[]
  /** The last item looked at, when there may be more: LastEvaluatedKey is its key attributes. */
  readonly lastItem?: Buffer
}
