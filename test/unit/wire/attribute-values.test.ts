import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../../src/core/attribute/value.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { checkAttributeValues, checkValue } from '../../../src/core/wire/attribute-values.ts'
import { inputOf } from '../../../src/core/wire/model/shapes.ts'

function problem(value: unknown): string | undefined {
  try {
    checkValue(value as AttributeValue)
    return undefined
  } catch (error) {
    if (error instanceof ServiceError) return error.message
    throw error
  }
}

const invalid = 'One or more parameter values were invalid: '

/** [value, AWS's message] */
const problems: readonly (readonly [unknown, string])[] = [
  [{}, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
  [
    { S: 'a', N: '1' },
    'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
  ],
  [{ NULL: false }, `${invalid}Null attribute value types must have the value of true`],
  [{ N: '' }, 'The parameter cannot be converted to a numeric value'],
  [{ N: 'b' }, 'The parameter cannot be converted to a numeric value: b'],
  [{ S: 'a', N: 'b' }, 'The parameter cannot be converted to a numeric value: b'],
  [{ SS: [] }, `${invalid}An string set  may not be empty`],
  [{ NS: [] }, `${invalid}An number set  may not be empty`],
  [{ BS: [] }, `${invalid}Binary sets should not be empty`],
  [{ SS: ['a', null] }, `${invalid}An string set may not have a empty string as a member`],
  [{ BS: ['AA==', null] }, `${invalid}Binary sets may not contain null or empty values`],
  [{ NS: ['1', 'b'] }, 'The parameter cannot be converted to a numeric value: b'],
  [{ SS: ['a', 'a'] }, `${invalid}Input collection [a, a] contains duplicates.`],
  [{ NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
  [{ BS: ['AA==', 'AA=='] }, `${invalid}Input collection [AA==, AA==]of type BS contains duplicates.`],
  [{ L: [{ S: 'a' }, {}] }, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
  [{ M: { a: { NS: [] } } }, `${invalid}An number set  may not be empty`],
]

describe('attribute values', () => {
  test.each(problems)('%j is refused: %s', (value, message) => {
    expect(problem(value)).toBe(message)
  })

  test.each([
    { SS: ['a', ''] },
    { BS: ['AA==', ''] },
    { S: '' },
    { B: '' },
    { NULL: true },
    { L: [] },
    { M: {} },
    { BOOL: false },
  ])('%j is fine', (value) => {
    expect(problem(value)).toBeUndefined()
  })

  test('numbers become canonical in place, wherever they are', () => {
    const value = { M: { a: { N: '1.00' }, b: { L: [{ NS: ['02', '1e1'] }] } } }
    expect(problem(value)).toBeUndefined()
    expect(value).toEqual({ M: { a: { N: '1' }, b: { L: [{ NS: ['2', '10'] }] } } })
    expect(problem(value)).toBeUndefined()
  })

  test('31 levels may be around a scalar, and 32 may not', () => {
    const nested = (levels: number): unknown => (levels === 0 ? { S: 'a' } : { M: { a: nested(levels - 1) } })
    expect(problem(nested(31))).toBeUndefined()
    expect(problem(nested(32))).toBe(
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    )
  })

  test('a wrong expression value is named', () => {
    const input = { ExpressionAttributeValues: { ':a': { S: 'a' }, ':b': {} } }
    expect(() => checkAttributeValues(inputOf('PutItem'), input)).toThrow(
      'ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b',
    )
  })

  test('values are found at any place of an input', () => {
    const wrong = { a: { NS: [] } }
    for (const [operation, input] of [
      ['PutItem', { Item: wrong }],
      ['BatchWriteItem', { RequestItems: { abc: [{ PutRequest: { Item: wrong } }] } }],
      ['BatchGetItem', { RequestItems: { abc: { Keys: [wrong] } } }],
      ['Query', { KeyConditions: { a: { AttributeValueList: [wrong.a] } } }],
      ['TransactWriteItems', { TransactItems: [{ Update: { Key: wrong } }] }],
      ['ExecuteStatement', { Parameters: [wrong.a] }],
    ] as const)
      expect(() => checkAttributeValues(inputOf(operation), input), operation).toThrow('may not be empty')
  })
})
