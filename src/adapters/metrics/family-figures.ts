/** The figures of a family of metrics, for protocols other than Prometheus' text. */
import type { Labels } from '../../ports/meter.ts'

export type FamilyFigures = {
  readonly name: string
  readonly help: string
} & (
  | {
      readonly kind: 'counter' | 'gauge'
      readonly series: readonly { readonly labels: Labels; readonly value: number }[]
    }
  | {
      readonly kind: 'histogram'
      readonly bounds: readonly number[]
      /** `counts` has one more than there are bounds. */
      readonly series: readonly { readonly labels: Labels; readonly counts: Float64Array; readonly sum: number }[]
    }
)
