/**
 * Expressions from their text, in two stages: the syntax, which the text alone decides and which is kept, and its
 * binding to the names and values of one request. A ServiceError in AWS's words where the text is wrong.
 *
 * A request makes one ExpressionContext, parses its expressions in DynamoDB's order (update, condition, key condition,
 * filter, projection) and then calls `context.finish()`.
 */
import { validationError } from '../errors.ts'
import { expressionSizeBytesMax } from '../limits.ts'
import { Binder } from './binder.ts'
import { bindCondition } from './condition-binder.ts'
import { parseConditionSyntax } from './condition-parser.ts'
import type { Condition } from './condition.ts'
import type { ExpressionContext } from './expression-context.ts'
import { requirePathsApart } from './paths-apart.ts'
import { parseProjectionSyntax } from './projection-parser.ts'
import type { Projection } from './projection.ts'
import { SyntaxCache } from './syntax-cache.ts'
import type { ExpressionKind } from './syntax.ts'
import { bindUpdate } from './update-binder.ts'
import { parseUpdateSyntax } from './update-parser.ts'
import type { Update } from './update.ts'

export type ConditionKind = 'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression'

const conditions = {
  ConditionExpression: new SyntaxCache((text) => parseConditionSyntax('ConditionExpression', text)),
  FilterExpression: new SyntaxCache((text) => parseConditionSyntax('FilterExpression', text)),
  KeyConditionExpression: new SyntaxCache((text) => parseConditionSyntax('KeyConditionExpression', text)),
}
const updates = new SyntaxCache(parseUpdateSyntax)
const projections = new SyntaxCache(parseProjectionSyntax)

export function parseCondition(text: string, kind: ConditionKind, context: ExpressionContext): Condition {
  checkText(kind, text)
  const syntax = conditions[kind].syntaxOf(text)
  const binder = new Binder(kind, context)
  binder.checkForm(syntax)
  return bindCondition(binder, syntax.tree)
}

export function parseUpdate(text: string, context: ExpressionContext): Update {
  checkText('UpdateExpression', text)
  const syntax = updates.syntaxOf(text)
  const binder = new Binder('UpdateExpression', context)
  binder.checkForm(syntax)
  return bindUpdate(binder, syntax.tree)
}

export function parseProjection(text: string, context: ExpressionContext): Projection {
  checkText('ProjectionExpression', text)
  const syntax = projections.syntaxOf(text)
  const binder = new Binder('ProjectionExpression', context)
  for (const path of syntax.tree) binder.checkReserved(path)
  const paths = syntax.tree.map((path) => binder.path(path))
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
