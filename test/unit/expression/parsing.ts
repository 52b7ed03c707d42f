/** Short ways to parse in tests. Bare JavaScript strings and numbers stand for S and N. */
import type { AttributeValue } from '../../../src/core/attribute/value.ts'
import type { Condition } from '../../../src/core/expression/condition.ts'
import { ExpressionContext } from '../../../src/core/expression/bind/expression-context.ts'
import { type ConditionKind, parseCondition, parseProjection, parseUpdate } from '../../../src/core/expression/parse.ts'
import type { Projection } from '../../../src/core/expression/projection.ts'
import type { Update } from '../../../src/core/expression/update.ts'

export type Given = {
  readonly names?: Record<string, string>
  readonly values?: Record<string, AttributeValue>
}

export const s = (text: string): AttributeValue => ({ S: text })
export const n = (number: number | string): AttributeValue => ({ N: String(number) })

export function condition(text: string, given: Given = {}, kind: ConditionKind = 'ConditionExpression'): Condition {
  return parseCondition(text, kind, new ExpressionContext(given))
}

export function update(text: string, given: Given = {}): Update {
  return parseUpdate(text, new ExpressionContext(given))
}

export function projection(text: string, given: Given = {}): Projection {
  return parseProjection(text, new ExpressionContext(given))
}

/** The message that the act is refused with. */
export function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}
