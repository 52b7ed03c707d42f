/**
 * The comparisons of the parameters that came before expressions (Expected, QueryFilter, ScanFilter, KeyConditions):
 * an attribute's name, an operator and a list of values. Checked in AWS's words and lowered to the one Condition.
 */
import { required, unreachable } from '../../assert.ts'
import { compareValues } from '../../attribute/value-order.ts'
import { type AttributeType, type AttributeValue, typeOf } from '../../attribute/value.ts'
import { validationError } from '../../errors.ts'
import type { Comparator, Condition } from '../condition.ts'

export type ComparisonOperator =
  | 'EQ'
  | 'NE'
  | 'IN'
  | 'LE'
  | 'LT'
  | 'GE'
  | 'GT'
  | 'BETWEEN'
  | 'NOT_NULL'
  | 'NULL'
  | 'CONTAINS'
  | 'NOT_CONTAINS'
  | 'BEGINS_WITH'

export type Comparison = {
  readonly operator: ComparisonOperator
  readonly values: readonly AttributeValue[]
}

type Rule = {
  readonly valuesMin: number
  readonly valuesMax: number
  /** Types that the operator takes; all, where none are named. */
  readonly types?: ReadonlySet<AttributeType>
}

const scalars: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'N', 'B'])
const prefixes: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'B'])
const oneScalar: Rule = { valuesMin: 1, valuesMax: 1, types: scalars }

const rules: Readonly<Record<ComparisonOperator, Rule>> = {
  EQ: { valuesMin: 1, valuesMax: 1 },
  NE: { valuesMin: 1, valuesMax: 1 },
  IN: { valuesMin: 1, valuesMax: Infinity, types: scalars },
  LE: oneScalar,
  LT: oneScalar,
  GE: oneScalar,
  GT: oneScalar,
  BETWEEN: { valuesMin: 2, valuesMax: 2, types: scalars },
  NOT_NULL: { valuesMin: 0, valuesMax: 0 },
  NULL: { valuesMin: 0, valuesMax: 0 },
  CONTAINS: oneScalar,
  NOT_CONTAINS: oneScalar,
  BEGINS_WITH: { valuesMin: 1, valuesMax: 1, types: prefixes },
}

const comparators: Readonly<Partial<Record<ComparisonOperator, Comparator>>> = {
  EQ: '=',
  NE: '<>',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
}

export function checkComparison({ operator, values }: Comparison): void {
  const rule = rules[operator]
  if (values.length < rule.valuesMin || values.length > rule.valuesMax)
    throw invalid(`Invalid number of argument(s) for the ${operator} ComparisonOperator`)
  checkTypes(operator, values, rule.types)
  const [low, high] = values
  if (operator !== 'BETWEEN' || low === undefined || high === undefined) return
  if ((compareValues(low, high) ?? 0) <= 0) return
  throw validationError(
    'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
  )
}

function checkTypes(
  operator: ComparisonOperator,
  values: readonly AttributeValue[],
  allowed: ReadonlySet<AttributeType> | undefined,
): void {
  const types = values.map(typeOf)
  if (types.some((type) => type !== types[0]))
    throw invalid('AttributeValues inside AttributeValueList must be of same type')
  const wrong = allowed && types.find((type) => !allowed.has(type))
  if (wrong === undefined) return
  throw invalid(`ComparisonOperator ${operator} is not valid for ${wrong} AttributeValue type`)
}

/** Of a comparison that has been checked. The attribute's name is no path: a dot in it is a dot. */
export function lowerComparison(name: string, { operator, values }: Comparison): Condition {
  const operand = { path: [name] } as const
  const operands = values.map((value) => ({ value }))
  const first = (): { readonly value: AttributeValue } => required(operands[0], 'the value compared with')
  switch (operator) {
    case 'NULL':
      return { op: 'attribute_not_exists', path: operand.path }
    case 'NOT_NULL':
      return { op: 'attribute_exists', path: operand.path }
    case 'IN':
      return { op: 'in', operand, list: operands }
    case 'BETWEEN':
      return { op: 'between', operand, low: first(), high: required(operands[1], 'the upper bound') }
    case 'CONTAINS':
      return { op: 'contains', operand, element: first() }
    case 'NOT_CONTAINS':
      // An attribute that is missing meets no comparison but NE.
      return {
        op: 'and',
        of: [
          { op: 'attribute_exists', path: operand.path },
          { op: 'not', of: { op: 'contains', operand, element: first() } },
        ],
      }
    case 'BEGINS_WITH':
      return { op: 'begins_with', operand, prefix: first() }
    case 'EQ':
    case 'NE':
    case 'LE':
    case 'LT':
    case 'GE':
    case 'GT': {
      const comparator = required(comparators[operator], 'the comparator of an operator')
      return { op: 'compare', comparator, left: operand, right: first() }
    }
    default:
      return unreachable(operator)
  }
}

export type ConditionalOperator = 'AND' | 'OR'

/** All or any of them; undefined when there are none. */
export function combine(
  conditions: readonly Condition[],
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  if (conditions.length < 2) return conditions[0]
  return { op: operator === 'OR' ? 'or' : 'and', of: conditions }
}

export function checkConditionalOperator(operator: ConditionalOperator | undefined, conditions: number): void {
  if (operator === undefined) return
  if (conditions === 0) throw validationError('ConditionalOperator cannot be used without Filter or Expected')
  if (conditions === 1)
    throw validationError('ConditionalOperator can only be used when Filter or Expected has two or more elements')
}

export function invalid(problem: string): Error {
  return validationError(`One or more parameter values were invalid: ${problem}`)
}
