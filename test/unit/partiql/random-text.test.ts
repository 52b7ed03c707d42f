/** Whatever a client sends as a statement, the parser answers with a statement or with an error that AWS gives. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeValue } from '../../../src/core/attribute/value.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { parseStatement } from '../../../src/core/partiql/parser.ts'

const texts = [
  "^Statement wasn't well formed, can't be processed: (Unexpected (token after expression|term|keyword|operator)|Missing right-hand side expression of infix operator|Expected (identifier for simple path|type name|data manipulation|'='|FROM after DELETE|FROM after SELECT list|expression after AND)|Invalid path dot component)$",
  '^Aliasing is not supported$',
  '^Empty bags are not supported$',
  "^Number of parameters in request and statement don't match.$",
  '^Unsupported operation: (IsType|Like|Inserting multiple items in a single statement is not supported, use "INSERT INTO tableName VALUE item" instead)$',
  '^Unrecognized function: [\\w$" ]+ at \\d+:\\d+:\\d+$',
  '^Operator or function requires a document path; operator or function: ',
  '^Incorrect (number of operands|operand type) for operator or function; operator or function: ',
  '^Where clause does not contain a mandatory equality on all key attributes$',
  '^Nesting Levels have exceeded supported limits: ',
  '^Invalid attribute type name found; type: ',
  '^The first argument to SET_(ADD|DELETE) must equal the assignment value at \\d+:\\d+:\\d+$',
  '^(Number (over|under)flow\\.|Attempting to store more than 38 significant digits in a Number|The parameter cannot be converted to a numeric value).* under root',
  '^(One or more parameter values were invalid: )?Input collection ',
  '^Invalid UpdateExpression: Two document paths ',
]

function answer(text: string, parameters: readonly AttributeValue[] = []): string {
  try {
    return parseStatement(text, parameters).kind
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'ValidationException') throw error
    return error.message
  }
}

const known = new RegExp([...texts, '^(select|insert|update|delete|exists)$'].join('|'), 's')

test('random characters', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', 'SELECT ', 'UPDATE t SET '),
      (text, start) => {
        expect(answer(start + text)).toMatch(known)
      },
    ),
    { numRuns: 500 },
  )
})

const pieces =
  `SELECT * FROM t WHERE a = 1 AND OR NOT ( ) [ ] << >> { } , . : ; ? 'x' 1e200 "q" IN IS MISSING NULL BOOL LIKE BETWEEN < <> != + - || SET REMOVE
  UPDATE DELETE INSERT INTO VALUE VALUES RETURNING ALL OLD set_add( list_append( size( attribute_exists( begins_with( f( ORDER BY AS key EXISTS true /* */ --`.split(
    /\s+/,
  )

test('random sequences of tokens', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'SELECT * FROM t WHERE', 'UPDATE t SET a =', "INSERT INTO t VALUE {'a':", 'DELETE FROM t'),
      fc.array(fc.constantFrom(...pieces), { maxLength: 30 }),
      (start, words) => {
        expect(answer([start, ...words].join(' '), [{ N: '1' }])).toMatch(known)
      },
    ),
    { numRuns: 2000 },
  )
})

test.each([
  '(',
  '[',
  '<<',
  "{'a':",
  'NOT ',
  '- ',
  '/*',
  "'",
  '"',
  'a = 1 AND ',
  'a.',
  'a[',
  'size(',
  '1 + ',
  'a IS NULL IS ',
])('as long as a statement can be of %j', (piece) => {
  const rest = piece.repeat(8192 / piece.length)
  for (const start of ['SELECT * FROM t WHERE ', 'UPDATE t SET a = ', 'INSERT INTO t VALUE ', ''])
    expect(answer(start + rest)).toMatch(known)
})
