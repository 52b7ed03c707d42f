/**
 * Expressions from their text, in two stages: grammar and form, which the text alone decides and which are kept for the
 * next request with that text, and binding to the names and values of one request. A ServiceError in AWS's words where
 * something is wrong.
 *
 * A request makes one ExpressionContext, parses its expressions in DynamoDB's order (update, condition, key condition,
 * filter, projection) and then calls `context.finish()`.
 */
import { validationError } from '../errors.ts'
import { expressionSizeBytesMax } from '../limits/limits.ts'
import { Binder } from './bind/binder.ts'
import { bindCondition } from './bind/condition-binder.ts'
import { parseConditionSyntax } from './syntax/condition-parser.ts'
import type { Condition } from './condition.ts'
import type { ExpressionContext } from './bind/expression-context.ts'
import { wellFormedCondition, wellFormedProjection, wellFormedUpdate } from './syntax/form.ts'
import { requirePathsApart } from './bind/paths-apart.ts'
import { parseProjectionSyntax } from './syntax/projection-parser.ts'
import type { Projection } from './projection.ts'
import { SyntaxCache } from './syntax/syntax-cache.ts'
import type { ExpressionKind } from './syntax/syntax.ts'
import { bindUpdate } from './bind/update-binder.ts'
import { parseUpdateSyntax } from './syntax/update-parser.ts'
import type { Update } from './update.ts'

export type ConditionKind = 'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression'

const conditionTexts = (kind: ConditionKind) =>
  new SyntaxCache((text) => wellFormedCondition(kind, parseConditionSyntax(kind, text)))
const conditions = {
  ConditionExpression: conditionTexts('ConditionExpression'),
  FilterExpression: conditionTexts('FilterExpression'),
  KeyConditionExpression: conditionTexts('KeyConditionExpression'),
}
const updates = new SyntaxCache((text) => wellFormedUpdate(parseUpdateSyntax(text)))
const projections = new SyntaxCache((text) => wellFormedProjection(parseProjectionSyntax(text)))

export function parseCondition(text: string, kind: ConditionKind, context: ExpressionContext): Condition {
  checkText(kind, text)
  return bindCondition(new Binder(kind, context), conditions[kind].syntaxOf(text))
}

export function parseUpdate(text: string, context: ExpressionContext): Update {
  checkText('UpdateExpression', text)
  return bindUpdate(new Binder('UpdateExpression', context), updates.syntaxOf(text))
}

export function parseProjection(text: string, context: ExpressionContext): Projection {
  checkText('ProjectionExpression', text)
  const binder = new Binder('ProjectionExpression', context)
  const paths = projections.syntaxOf(text).map((path) => binder.path(path))
  requirePathsApart(binder, paths)
  return { paths }
}

function checkText(kind: ExpressionKind, text: string): void {
  if (text === '') throw validationError(`Invalid ${kind}: The expression can not be empty;`)
  const size = Buffer.byteLength(text)
  if (size <= expressionSizeBytesMax) return
  throw validationError(
    `Invalid ${kind}: Expression size has exceeded the maximum allowed size; expression size: ${size}`,
  )
}
