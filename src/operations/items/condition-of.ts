/** The condition of a write and the projection of a read, from whichever parameters say them. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { ExpressionContext } from '../../core/expression/bind/expression-context.ts'
import { lowerAttributesToGet } from '../../core/expression/legacy/attributes-to-get.ts'
import type { ConditionalOperator } from '../../core/expression/legacy/comparison.ts'
import { type Expected, lowerExpected } from '../../core/expression/legacy/expected.ts'
import { parseCondition, parseProjection } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { checkComparedValues } from '../checks/legacy-values.ts'

type Placeholders = {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

export type Conditional = Placeholders & {
  readonly ConditionExpression?: string | undefined
  readonly Expected?: Expected | undefined
  readonly ConditionalOperator?: ConditionalOperator | undefined
}

export type Projected = Omit<Placeholders, 'ExpressionAttributeValues'> & {
  readonly ProjectionExpression?: string | undefined
  readonly AttributesToGet?: readonly string[] | undefined
}

export const placeholdersOf = (input: Placeholders): ExpressionContext =>
  new ExpressionContext({ names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues })

/** As a part of a Write, for spreading. Placeholders that nothing used are refused here. */
export function conditionOf(input: Conditional): { readonly condition?: Condition } {
  if (input.ConditionExpression === undefined) return expectedOf(input)
  const context = placeholdersOf(input)
  const condition = parseCondition(input.ConditionExpression, 'ConditionExpression', context)
  context.finish()
  return { condition }
}

export function expectedOf({ Expected: expected, ConditionalOperator }: Conditional): {
  readonly condition?: Condition
} {
  if (expected === undefined && ConditionalOperator === undefined) return {}
  // Transactions have no Expected.
  checkComparedValues(expected, 'newer')
  const condition = lowerExpected(expected, ConditionalOperator)
  return condition === undefined ? {} : { condition }
}

/** Of a read that has no other expression. */
export function projectionOf(input: Projected): Projection | undefined {
  if (input.AttributesToGet !== undefined) return lowerAttributesToGet(input.AttributesToGet)
  if (input.ProjectionExpression === undefined) return undefined
  const context = placeholdersOf(input)
  const projection = parseProjection(input.ProjectionExpression, context)
  context.finish()
  return projection
}
