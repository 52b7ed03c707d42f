/** QueryFilter and ScanFilter with their ConditionalOperator, and KeyConditions, which have the same form. */
import type { AttributeValue } from '../../attribute/value.ts'
import type { Condition } from '../condition.ts'
import {
  checkComparison,
  checkConditionalOperator,
  combine,
  type Comparison,
  type ComparisonOperator,
  type ConditionalOperator,
  lowerComparison,
} from './comparison.ts'

export type LegacyCondition = {
  readonly ComparisonOperator: ComparisonOperator
  readonly AttributeValueList?: readonly AttributeValue[] | undefined
}

export type LegacyConditions = Readonly<Record<string, LegacyCondition>>

/** undefined: nothing is filtered. */
export function lowerFilter(
  filter: LegacyConditions | undefined,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  const comparisons = comparisonsOf(filter ?? {})
  checkConditionalOperator(operator, comparisons.length)
  return combine(
    comparisons.map(([name, comparison]) => lowerComparison(name, comparison)),
    operator,
  )
}

/** Checked, in the order given. */
export function comparisonsOf(conditions: LegacyConditions): readonly (readonly [string, Comparison])[] {
  return Object.entries(conditions).map(([name, { ComparisonOperator: operator, AttributeValueList }]) => {
    const comparison = { operator, values: AttributeValueList ?? [] }
    checkComparison(comparison)
    return [name, comparison] as const
  })
}
