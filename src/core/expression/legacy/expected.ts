/** Expected with its ConditionalOperator: the condition of a write before there were condition expressions. */
import type { AttributeValue } from '../../attribute/value.ts'
import type { Condition } from '../condition.ts'
import {
  checkComparison,
  checkConditionalOperator,
  combine,
  type ComparisonOperator,
  type ConditionalOperator,
  invalid,
  lowerComparison,
} from './comparison.ts'

export type ExpectedAttribute = {
  readonly Value?: AttributeValue | undefined
  readonly Exists?: boolean | undefined
  readonly ComparisonOperator?: ComparisonOperator | undefined
  readonly AttributeValueList?: readonly AttributeValue[] | undefined
}

export type Expected = Readonly<Record<string, ExpectedAttribute>>

/** undefined: nothing is expected. */
export function lowerExpected(
  expected: Expected | undefined,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  const attributes = Object.entries(expected ?? {})
  for (const [name, attribute] of attributes) checkExpected(name, attribute)
  checkConditionalOperator(operator, attributes.length)
  return combine(
    attributes.map(([name, attribute]) => lowerExpectedAttribute(name, attribute)),
    operator,
  )
}

function checkExpected(name: string, attribute: ExpectedAttribute): void {
  const { Value, AttributeValueList, ComparisonOperator } = attribute
  if (Value !== undefined && AttributeValueList !== undefined)
    throw invalid(`Value and AttributeValueList cannot be used together for Attribute: ${name}`)
  if (ComparisonOperator !== undefined) checkCompared(name, attribute, ComparisonOperator)
  else if (AttributeValueList !== undefined)
    throw invalid(`AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`)
  else checkExists(name, attribute)
}

function checkCompared(name: string, attribute: ExpectedAttribute, operator: ComparisonOperator): void {
  if (attribute.Exists !== undefined)
    throw invalid(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`)
  const needsValue = operator !== 'NULL' && operator !== 'NOT_NULL'
  if (needsValue && attribute.Value === undefined && attribute.AttributeValueList === undefined)
    throw invalid(
      `Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${name}`,
    )
  checkComparison({ operator, values: valuesOf(attribute) })
}

function checkExists(name: string, { Exists, Value }: ExpectedAttribute): void {
  if (Exists !== false && Value === undefined)
    throw invalid(`Value must be provided when Exists is ${Exists ?? 'null'} for Attribute: ${name}`)
  if (Exists === false && Value !== undefined)
    throw invalid(`Value cannot be used when Exists is false for Attribute: ${name}`)
}

function lowerExpectedAttribute(name: string, attribute: ExpectedAttribute): Condition {
  const values = valuesOf(attribute)
  if (attribute.ComparisonOperator !== undefined)
    return lowerComparison(name, { operator: attribute.ComparisonOperator, values })
  return lowerComparison(name, { operator: attribute.Exists === false ? 'NULL' : 'EQ', values })
}

function valuesOf({ Value, AttributeValueList }: ExpectedAttribute): readonly AttributeValue[] {
  return AttributeValueList ?? (Value === undefined ? [] : [Value])
}
