import { expect, test } from 'vitest'
import {
  checkExpressionParameters,
  checkSubstitutionSizes,
  expressionParametersOf,
} from '../../../src/core/expression/bind/parameters.ts'
import { substitutionSizeBytesMax } from '../../../src/core/limits/limits.ts'
import { refusal } from './parsing.ts'

type Operation = keyof typeof expressionParametersOf

test.each<[Operation, Record<string, unknown>, string]>([
  [
    'UpdateItem',
    { UpdateExpression: '', AttributeUpdates: {}, Expected: {} },
    'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression}',
  ],
  [
    'PutItem',
    { ConditionExpression: 'a', Expected: {} },
    'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
  ],
  [
    'GetItem',
    { ExpressionAttributeNames: {} },
    'ExpressionAttributeNames can only be specified when using expressions',
  ],
  [
    'GetItem',
    { ProjectionExpression: 'a', ExpressionAttributeNames: {} },
    'ExpressionAttributeNames must not be empty',
  ],
  [
    'GetItem',
    { ProjectionExpression: 'a', ExpressionAttributeNames: { a: 'a' } },
    'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
  ],
  [
    'PutItem',
    { ExpressionAttributeValues: {} },
    'ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null',
  ],
  [
    'UpdateItem',
    { ExpressionAttributeValues: {} },
    'ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null',
  ],
  [
    'Scan',
    { ProjectionExpression: 'a', ExpressionAttributeValues: { ':a': { S: 'a' } } },
    'ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null',
  ],
  [
    'Query',
    { ProjectionExpression: 'a', ExpressionAttributeValues: { ':a': { S: 'a' } } },
    'ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null',
  ],
  ['Scan', { FilterExpression: 'a', ExpressionAttributeValues: {} }, 'ExpressionAttributeValues must not be empty'],
  [
    'Scan',
    { FilterExpression: 'a', ExpressionAttributeValues: { ':': { S: 'a' } } },
    'ExpressionAttributeValues contains invalid key: Syntax error; key: ":"',
  ],
  ['Scan', { FilterExpression: 'a', ExpressionAttributeValues: { ':a_1': { S: 'a' } } }, 'accepted'],
  ['UpdateItem', { AttributeUpdates: {}, Expected: {}, ConditionalOperator: 'OR' }, 'accepted'],
])('%s %j', (operation, input, problem) => {
  expect(refusal(() => checkExpressionParameters(input, expressionParametersOf[operation]))).toBe(problem)
})

test.each([
  ['values of 2 MB with their placeholders are taken', 0, substitutionSizeBytesMax - 2, 'accepted'],
  ['one byte more is refused', 0, substitutionSizeBytesMax - 1, 'ExpressionAttributeValues exceeds max size'],
  ['names of 2 MB are taken', substitutionSizeBytesMax - 2, undefined, 'accepted'],
  ['one byte more is refused', substitutionSizeBytesMax - 1, undefined, 'ExpressionAttributeNames exceeds max size'],
  ['both together are taken up to 2 MB', 1_000_000, substitutionSizeBytesMax - 1_000_004, 'accepted'],
  [
    'and no further',
    1_000_000,
    substitutionSizeBytesMax - 1_000_003,
    'Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size',
  ],
])('what placeholders stand for is bounded: %s', (_, nameBytes, valueBytes, problem) => {
  const names = nameBytes === 0 ? undefined : { '#a': 'a'.repeat(nameBytes) }
  const values = valueBytes === undefined ? undefined : { ':a': { S: 'a'.repeat(valueBytes) } }
  expect(refusal(() => checkSubstitutionSizes(names, values))).toBe(problem)
})
