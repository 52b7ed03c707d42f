/** The first check of operations with expressions: how these, their placeholders and the older parameters go together. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import {
  checkExpressionParameters,
  checkSubstitutionSizes,
  expressionParametersOf,
} from '../../core/expression/parameters.ts'
import { checkExpressionValues } from '../../core/wire/attribute-values.ts'

type Valued = {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

export function expressionParameters(operation: keyof typeof expressionParametersOf): (input: object & Valued) => void {
  const parameters = expressionParametersOf[operation]
  return (input) => {
    checkExpressionParameters(input, parameters)
    if (input.ExpressionAttributeValues !== undefined) checkExpressionValues(input.ExpressionAttributeValues)
    checkSubstitutionSizes(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
  }
}
