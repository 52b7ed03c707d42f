/** The first check of operations with expressions: how these, their placeholders and the older parameters go together. */
import type { AttributeValue } from '../../core/attribute/value.ts'
import {
  checkExpressionParameters,
  checkSubstitutionSizes,
  expressionParametersOf,
} from '../../core/expression/bind/parameters.ts'
import { checkExpressionValues } from '../../core/wire/attribute-values.ts'
import { layerOf } from '../../core/wire/validation-layers.ts'

type Valued = {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

/** `within`: the operation whose part it is, where it is one of a transaction. */
export function expressionParameters(
  operation: keyof typeof expressionParametersOf,
  within: string = operation,
): (input: object & Valued) => void {
  const parameters = expressionParametersOf[operation]
  const layer = layerOf(within)
  return (input) => {
    checkExpressionParameters(input, parameters, layer)
    if (input.ExpressionAttributeValues !== undefined) checkExpressionValues(input.ExpressionAttributeValues, layer)
    checkSubstitutionSizes(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
  }
}
