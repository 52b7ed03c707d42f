import { expect, test } from 'vitest'
import { checkExpressionParameters, expressionParametersOf } from '../../../src/core/expression/parameters.ts'
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
