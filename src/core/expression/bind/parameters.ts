/**
 * What is checked of a request's expression parameters before any expression is read: expressions and the parameters
 * that came before them are not mixed, and placeholders are given only with expressions and have the form of placeholders.
 * The values themselves are checked by core/wire.
 */
import { sizeOfValue } from '../../attribute/size.ts'
import type { AttributeValue } from '../../attribute/value.ts'
import { type ServiceError, validationError } from '../../errors.ts'
import { placeholderSizeBytesMax, substitutionSizeBytesMax } from '../../limits/limits.ts'
import { checkAttributeName } from '../../wire/attribute-values.ts'
import type { Layer } from '../../wire/validation-layers.ts'

/** The names of an operation's parameters, in the order in which DynamoDB lists them. */
export type ExpressionParameters = {
  readonly expressions: readonly string[]
  readonly legacy: readonly string[]
}

export const expressionParametersOf = {
  PutItem: { expressions: ['ConditionExpression'], legacy: ['Expected', 'ConditionalOperator'] },
  DeleteItem: { expressions: ['ConditionExpression'], legacy: ['Expected', 'ConditionalOperator'] },
  UpdateItem: {
    expressions: ['UpdateExpression', 'ConditionExpression'],
    legacy: ['AttributeUpdates', 'Expected', 'ConditionalOperator'],
  },
  GetItem: { expressions: ['ProjectionExpression'], legacy: ['AttributesToGet'] },
  /** Of each table's keys. */
  BatchGetItem: { expressions: ['ProjectionExpression'], legacy: ['AttributesToGet'] },
  Query: {
    expressions: ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
    legacy: ['AttributesToGet', 'QueryFilter', 'ConditionalOperator', 'KeyConditions'],
  },
  Scan: {
    expressions: ['ProjectionExpression', 'FilterExpression'],
    legacy: ['AttributesToGet', 'ScanFilter', 'ConditionalOperator'],
  },
} as const satisfies Record<string, ExpressionParameters>

const namePattern = /^#[0-9a-zA-Z_]+$/
const valuePattern = /^:[0-9a-zA-Z_]+$/

export function checkExpressionParameters(
  input: Readonly<Record<string, unknown>>,
  parameters: ExpressionParameters,
  layer: Layer = 'older',
): void {
  const given = parameters.expressions.filter((name) => isGiven(input, name))
  checkMixing(given, input, parameters)
  checkNames(input['ExpressionAttributeNames'], given.length > 0)
  checkValues(input['ExpressionAttributeValues'], { taking: valueExpressions(parameters), given, layer })
}

/** What the placeholders stand for, with these: 2 MB each and together (the messages are DynamoDB Local's). The values have been checked. */
export function checkSubstitutionSizes(
  names: Readonly<Record<string, string>> = {},
  values: Readonly<Record<string, AttributeValue>> = {},
): void {
  const ofNames = sizeWithKeys('ExpressionAttributeNames', names, (name) => Buffer.byteLength(name))
  const ofValues = sizeWithKeys('ExpressionAttributeValues', values, sizeOfValue)
  if (ofNames + ofValues > substitutionSizeBytesMax)
    throw validationError('Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size')
}

function sizeWithKeys<Value>(
  parameter: string,
  members: Readonly<Record<string, Value>>,
  sizeOf: (value: Value) => number,
): number {
  let sizeBytes = 0
  for (const key in members) {
    // Keys are short: as placeholders they have been checked.
    sizeBytes += key.length + sizeOf(members[key] as Value)
    if (sizeBytes > substitutionSizeBytesMax) throw validationError(`${parameter} exceeds max size`)
  }
  return sizeBytes
}

function isGiven(input: Readonly<Record<string, unknown>>, name: string): boolean {
  return input[name] !== undefined && input[name] !== null
}

function checkMixing(
  given: readonly string[],
  input: Readonly<Record<string, unknown>>,
  parameters: ExpressionParameters,
): void {
  // KeyConditions may stand beside the newer filters and projections, as long as it is the only condition on the keys.
  const legacy = parameters.legacy.filter(
    (name) => isGiven(input, name) && (name !== 'KeyConditions' || given.includes('KeyConditionExpression')),
  )
  if (given.length === 0 || legacy.length === 0) return
  throw validationError(
    `Can not use both expression and non-expression parameters in the same request: ` +
      `Non-expression parameters: {${legacy.join(', ')}} Expression parameters: {${given.join(', ')}}`,
  )
}

function checkNames(names: unknown, hasExpression: boolean): void {
  if (!isMap(names)) return
  if (!hasExpression) throw validationError('ExpressionAttributeNames can only be specified when using expressions')
  checkKeys('ExpressionAttributeNames', Object.keys(names), namePattern)
  for (const [key, name] of Object.entries(names)) {
    if (typeof name !== 'string') continue
    if (name === '')
      throw validationError(`ExpressionAttributeNames contains invalid value: Empty attribute name for key ${key}`)
    checkAttributeName(name)
  }
}

/** Projections take no values. */
function valueExpressions({ expressions }: ExpressionParameters): readonly string[] {
  return expressions.filter((name) => name !== 'ProjectionExpression')
}

type Taking = {
  /** Expressions of the operation that take values. */
  readonly taking: readonly string[]
  readonly given: readonly string[]
  readonly layer: Layer
}

function checkValues(values: unknown, { taking, given, layer }: Taking): void {
  if (!isMap(values) || taking.length === 0) return
  if (!taking.some((name) => given.includes(name))) {
    const missing = `: ${taking.join(' and ')} ${taking.length > 1 ? 'are' : 'is'} null`
    throw validationError(
      `ExpressionAttributeValues can only be specified when using expressions${layer === 'newer' ? '' : missing}`,
    )
  }
  checkKeys('ExpressionAttributeValues', Object.keys(values), valuePattern)
}

function checkKeys(parameter: string, keys: readonly string[], pattern: RegExp): void {
  if (keys.length === 0) throw validationError(`${parameter} must not be empty`)
  if (keys.some((key) => key.length > placeholderSizeBytesMax))
    throw validationError(
      `${parameter} contains invalid key: The expression attribute map contains a key that is too long`,
    )
  const wrong = keys.find((key) => !pattern.test(key))
  if (wrong !== undefined) throw invalidKey(parameter, wrong)
}

function invalidKey(parameter: string, key: string): ServiceError {
  return validationError(`${parameter} contains invalid key: Syntax error; key: "${key}"`)
}

function isMap(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null
}
