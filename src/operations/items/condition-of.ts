/** The condition of a write, from whichever parameters say it. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { ExpressionContext } from '../../core/expression/expression-context.ts'
import { parseCondition } from '../../core/expression/parse.ts'

export type Conditional = {
  readonly ConditionExpression?: string | undefined
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

export const placeholdersOf = (input: Omit<Conditional, 'ConditionExpression'>): ExpressionContext =>
  new ExpressionContext({ names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues })

/** As a part of a Write, for spreading. Placeholders that nothing used are refused here. */
export function conditionOf(input: Conditional): { readonly condition?: Condition } {
  if (input.ConditionExpression === undefined) return {}
  const context = placeholdersOf(input)
  const condition = parseCondition(input.ConditionExpression, 'ConditionExpression', context)
  context.finish()
  return { condition }
}
