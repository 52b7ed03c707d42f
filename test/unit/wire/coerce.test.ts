import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../../src/core/errors.ts'
import { checkAttributeValues } from '../../../src/core/wire/attribute-values.ts'
import { coerceBody } from '../../../src/core/wire/coerce.ts'
import { inputOf } from '../../../src/core/wire/model/shapes.ts'

/** The message that AWS's parser answers to the body, or undefined when it takes it. */
function complaint(operation: string, body: unknown): string | undefined {
  try {
    coerceBody(inputOf(operation), JSON.parse(JSON.stringify(body)))
    return undefined
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    expect(error.code).toBe('SerializationException')
    return error.message
  }
}

const coerced = (operation: string, body: unknown): unknown =>
  coerceBody(inputOf(operation), JSON.parse(JSON.stringify(body)))

const dynamodb = 'com.amazonaws.dynamodb.v20120810.'
const cast =
  "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')"

/** [operation, body, AWS's message] */
const complaints: readonly (readonly [string, unknown, string])[] = [
  // Strings
  ['GetItem', { TableName: 23 }, 'NUMBER_VALUE cannot be converted to String'],
  ['GetItem', { TableName: true }, 'TRUE_VALUE cannot be converted to String'],
  ['GetItem', { TableName: false }, 'FALSE_VALUE cannot be converted to String'],
  ['GetItem', { TableName: [] }, 'Unrecognized collection type class java.lang.String'],
  ['GetItem', { TableName: {} }, 'Start of structure or map found where not expected'],
  // Whole numbers
  ['Query', { Limit: '23' }, 'STRING_VALUE cannot be converted to Integer'],
  ['Query', { Limit: true }, 'TRUE_VALUE cannot be converted to Integer'],
  ['Query', { Limit: [] }, 'Unrecognized collection type class java.lang.Integer'],
  ['Query', { Limit: {} }, 'Start of structure or map found where not expected'],
  ['CreateTable', { ProvisionedThroughput: { ReadCapacityUnits: 'a' } }, 'STRING_VALUE cannot be converted to Long'],
  // Booleans
  ['GetItem', { ConsistentRead: 'true' }, 'Unexpected token received from parser'],
  ['GetItem', { ConsistentRead: 1 }, 'NUMBER_VALUE cannot be converted to Boolean'],
  ['GetItem', { ConsistentRead: [] }, 'Unrecognized collection type class java.lang.Boolean'],
  ['GetItem', { ConsistentRead: {} }, 'Start of structure or map found where not expected'],
  // Lists
  ['GetItem', { AttributesToGet: 'a' }, 'Unexpected field type'],
  ['GetItem', { AttributesToGet: 1 }, 'Unexpected field type'],
  ['GetItem', { AttributesToGet: {} }, 'Start of structure or map found where not expected'],
  ['GetItem', { AttributesToGet: [1] }, 'NUMBER_VALUE cannot be converted to String'],
  // Maps
  ['GetItem', { Key: 'a' }, 'Unexpected field type'],
  ['GetItem', { Key: [] }, `Unrecognized collection type java.util.Map<java.lang.String, ${dynamodb}AttributeValue>`],
  ['BatchGetItem', { RequestItems: { abc: { Keys: ['a'] } } }, cast],
  [
    'BatchWriteItem',
    { RequestItems: [] },
    `Unrecognized collection type java.util.Map<java.lang.String, java.util.List<${dynamodb}WriteRequest>>`,
  ],
  ['BatchWriteItem', { RequestItems: { abc: 'a' } }, cast],
  ['BatchWriteItem', { RequestItems: { abc: {} } }, 'Start of structure or map found where not expected'],
  ['BatchWriteItem', { RequestItems: { abc: ['a'] } }, 'Unexpected value type in payload'],
  [
    'GetItem',
    { ExpressionAttributeNames: [] },
    'Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>',
  ],
  // Structures
  ['CreateTable', { ProvisionedThroughput: 1 }, 'Unexpected field type'],
  ['CreateTable', { ProvisionedThroughput: [] }, `Unrecognized collection type class ${dynamodb}ProvisionedThroughput`],
  ['CreateTable', { KeySchema: ['a'] }, 'Unexpected value type in payload'],
  ['CreateTable', { KeySchema: [[]] }, `Unrecognized collection type class ${dynamodb}KeySchemaElement`],
  ['GetItem', [], `Unrecognized collection type class ${dynamodb}GetItemInput`],
  // Attribute values
  ['GetItem', { Key: { a: 'b' } }, 'Unexpected value type in payload'],
  ['GetItem', { Key: { a: [] } }, `Unrecognized collection type class ${dynamodb}AttributeValue`],
  ['UpdateItem', { AttributeUpdates: { a: { Value: 'b' } } }, 'Unexpected field type'],
  ['GetItem', { Key: { a: { S: 1 } } }, 'NUMBER_VALUE cannot be converted to String'],
  ['GetItem', { Key: { a: { N: 1 } } }, 'NUMBER_VALUE cannot be converted to String'],
  ['GetItem', { Key: { a: { BOOL: 'a' } } }, 'Unexpected token received from parser'],
  ['GetItem', { Key: { a: { NULL: 'a' } } }, 'Unexpected token received from parser'],
  ['GetItem', { Key: { a: { SS: 'a' } } }, 'Unexpected field type'],
  ['GetItem', { Key: { a: { SS: [1] } } }, 'NUMBER_VALUE cannot be converted to String'],
  ['GetItem', { Key: { a: { NS: [true] } } }, 'TRUE_VALUE cannot be converted to String'],
  ['GetItem', { Key: { a: { M: 'a' } } }, 'Unexpected field type'],
  ['GetItem', { Key: { a: { M: { b: 'a' } } } }, 'Unexpected value type in payload'],
  ['GetItem', { Key: { a: { L: [{ L: 'a' }] } } }, 'Unexpected field type'],
  [
    'GetItem',
    { Key: { a: { M: [] } } },
    `Unrecognized collection type java.util.Map<java.lang.String, ${dynamodb}AttributeValue>`,
  ],
  // Binaries
  ['GetItem', { Key: { a: { B: 1 } } }, 'only base-64-encoded strings are convertible to bytes'],
  ['GetItem', { Key: { a: { B: [] } } }, 'Unrecognized collection type class java.nio.ByteBuffer'],
  ['GetItem', { Key: { a: { B: {} } } }, 'Start of structure or map found where not expected'],
  ['GetItem', { Key: { a: { B: '23456' } } }, 'Base64 encoded length is expected a multiple of 4 bytes but found: 5'],
  ['GetItem', { Key: { a: { B: '=+/=' } } }, 'Invalid last non-pad Base64 character dectected'],
  ['GetItem', { Key: { a: { B: '+/+=' } } }, 'Invalid last non-pad Base64 character dectected'],
  ['GetItem', { Key: { a: { BS: ['+/+='] } } }, 'Invalid last non-pad Base64 character dectected'],
  ['GetItem', { Key: { a: { B: 'ab-_' } } }, "Invalid Base64 character: '-'"],
]

describe('coerce', () => {
  test.each(complaints)('%s %j is refused: %s', (operation, body, message) => {
    expect(complaint(operation, body)).toBe(message)
  })

  test('the first complaint of the body, in its own order, is the one that is made', () => {
    expect(complaint('GetItem', { Key: 'a', TableName: 1 })).toBe('Unexpected field type')
    expect(complaint('GetItem', { TableName: 1, Key: 'a' })).toBe('NUMBER_VALUE cannot be converted to String')
  })

  test('members that the shape does not have are ignored, in attribute values too', () => {
    const body = { TableName: 'abc', Key: { a: { S: 'a', X: {} } }, Surprise: [1] }
    expect(coerced('GetItem', body)).toEqual({ TableName: 'abc', Key: { a: { S: 'a' } } })
  })

  test('null is absence, and an attribute value without a type where one must be', () => {
    const body = { TableName: null, Key: { a: { S: null, N: '1' }, b: null } }
    expect(coerced('GetItem', body)).toEqual({ Key: { a: { N: '1' }, b: {} } })
  })

  test('whole numbers are truncated and cut to their range', () => {
    const limitOf = (limit: string): unknown =>
      (coerceBody(inputOf('Query'), JSON.parse(`{"Limit":${limit}}`)) as { Limit: unknown }).Limit
    expect(limitOf('34.56')).toBe(34)
    expect(limitOf('-34.56')).toBe(-34)
    expect(limitOf('1e400')).toBe(2_147_483_647)
    expect(limitOf('-99999999999999999999')).toBe(-2_147_483_648)
  })

  test('names that Object has are names like any other', () => {
    const text =
      '{"Key":{"__proto__":{"S":"a"},"constructor":null},"constructor":1,"toString":[],"__proto__":{"Key":1}}'
    const input = coerceBody(inputOf('GetItem'), JSON.parse(text)) as { Key: object }
    expect(Object.keys(input)).toEqual(['Key'])
    expect(Object.entries(input.Key)).toEqual([
      ['__proto__', { S: 'a' }],
      ['constructor', {}],
    ])
    expect(Object.getPrototypeOf(input.Key)).toBe(Object.prototype)
  })

  test('a bomb of brackets is refused with the values, without going down', () => {
    const depth = 1_000_000
    const bomb = JSON.parse(`{"Key":{"a":${'{"L":['.repeat(depth)}${']}'.repeat(depth)}}}`)
    const input = coerceBody(inputOf('GetItem'), bomb)
    expect(() => checkAttributeValues(inputOf('GetItem'), input)).toThrow(/^Nesting Levels have exceeded/)
  })

  test('what is well formed comes out as it went in', () => {
    const values = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.record({ S: fc.string() }),
        fc.record({ N: fc.integer().map(String) }),
        fc.record({ B: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')) }),
        fc.record({ BOOL: fc.boolean() }),
        fc.record({ SS: fc.array(fc.string()) }),
        fc.record({ L: fc.array(tie('value')) }),
        fc.record({ M: fc.dictionary(fc.string(), tie('value')) }),
      ),
    })).value
    fc.assert(
      fc.property(fc.dictionary(fc.string(), values), (Item) => {
        const text = JSON.stringify({ TableName: 'abc', Item })
        expect(JSON.stringify(coerceBody(inputOf('PutItem'), JSON.parse(text)))).toBe(text)
      }),
    )
  })

  test('anything at all is either taken or refused as a ServiceError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('PutItem', 'BatchWriteItem', 'CreateTable', 'Query'),
        fc.json(),
        (operation, text) => {
          complaint(operation, JSON.parse(text))
        },
      ),
    )
  })
})
