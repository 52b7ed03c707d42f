/**
 * How a request's expressions, their placeholders and the older parameters go together: the first thing that DynamoDB
 * looks at once the request's members are in form.
 */
import type { AttributeValue } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { checkExpressionValues } from '../../core/wire/attribute-values.ts'
import type { Check } from '../operation.ts'

type Expression =
  | 'UpdateExpression'
  | 'ConditionExpression'
  | 'ProjectionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'

type Legacy =
  | 'Expected'
  | 'ConditionalOperator'
  | 'AttributeUpdates'
  | 'AttributesToGet'
  | 'QueryFilter'
  | 'ScanFilter'
  | 'KeyConditions'

type Parameters = { readonly [name in Expression | Legacy]?: unknown } & {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

/** Both in the order in which AWS names them. */
export function expressionParameters(expressions: readonly Expression[], legacy: readonly Legacy[]): Check<Parameters> {
  const valued = expressions.filter((name) => name !== 'ProjectionExpression')
  const noValues = `ExpressionAttributeValues can only be specified when using expressions: ${valued.join(' and ')} ${valued.length > 1 ? 'are' : 'is'} null`
  return (input) => {
    const given = expressions.some((name) => input[name] !== undefined)
    if (given) checkNotMixed(input, expressions, legacy)
    if (input.ExpressionAttributeNames !== undefined) {
      if (!given) throw validationError('ExpressionAttributeNames can only be specified when using expressions')
      checkPlaceholders('ExpressionAttributeNames', input.ExpressionAttributeNames, namePlaceholder)
    }
    if (input.ExpressionAttributeValues !== undefined) {
      if (!given) throw validationError('ExpressionAttributeValues can only be specified when using expressions')
      if (valued.every((name) => input[name] === undefined)) throw validationError(noValues)
      checkPlaceholders('ExpressionAttributeValues', input.ExpressionAttributeValues, valuePlaceholder)
      checkExpressionValues(input.ExpressionAttributeValues)
    }
  }
}

const namePlaceholder = /^#[0-9a-zA-Z_]+$/
const valuePlaceholder = /^:[0-9a-zA-Z_]+$/

function checkNotMixed(input: Parameters, expressions: readonly Expression[], legacy: readonly Legacy[]): void {
  // KeyConditions beside a filter or projection expression only is taken for a query of either kind.
  const older = legacy.filter(
    (name) => input[name] !== undefined && (name !== 'KeyConditions' || input.KeyConditionExpression !== undefined),
  )
  if (older.length === 0) return
  const newer = expressions.filter((name) => input[name] !== undefined)
  throw validationError(
    `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${older.join(', ')}} Expression parameters: {${newer.join(', ')}}`,
  )
}

function checkPlaceholders(parameter: string, given: Readonly<Record<string, unknown>>, form: RegExp): void {
  let any = false
  for (const key in given) {
    any = true
    if (!form.test(key)) throw validationError(`${parameter} contains invalid key: Syntax error; key: "${key}"`)
  }
  if (!any) throw validationError(`${parameter} must not be empty`)
}
