import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServiceError } from '../../../src/core/errors.ts'
import { ExpressionContext } from '../../../src/core/expression/bind/expression-context.ts'
import { parseCondition, parseProjection, parseUpdate } from '../../../src/core/expression/parse.ts'
import { conditions, write } from './conditions.ts'

/** What the parser refuses although it can be written: operands of wrong types, upside-down ranges, twins. */
const refusedOnPurpose = /Incorrect operand type|BETWEEN operator requires|must be distinct/

test('a condition written as an expression is parsed to the same condition', () => {
  fc.assert(
    fc.property(conditions, (given) => {
      const { text, names, values } = write(given)
      const context = new ExpressionContext({ names, values })
      try {
        expect(parseCondition(text, 'FilterExpression', context)).toEqual(given)
        context.finish()
      } catch (error) {
        if (!(error instanceof ServiceError) || !refusedOnPurpose.test(error.message)) throw error
      }
    }),
    { numRuns: 1000 },
  )
})

const pieces = fc.constantFrom(
  ...'a SET REMOVE ADD DELETE #n :v ( ) [ ] 0 . , = < <> + - AND OR NOT BETWEEN IN size contains name _ " \0 𐀀'.split(
    ' ',
  ),
  'if_not_exists',
  'list_append',
)

test('whatever is sent as an expression is parsed or refused as a ValidationException', () => {
  const text = fc.oneof(
    fc.array(pieces, { minLength: 1, maxLength: 12 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary', minLength: 1 }),
  )
  fc.assert(
    fc.property(text, (expression) => {
      for (const parse of [
        (context: ExpressionContext) => parseCondition(expression, 'ConditionExpression', context),
        (context: ExpressionContext) => parseUpdate(expression, context),
        (context: ExpressionContext) => parseProjection(expression, context),
      ])
        try {
          parse(new ExpressionContext({ names: { '#n': 'n' }, values: { ':v': { N: '1' } } }))
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError)
          expect((error as ServiceError).code).toBe('ValidationException')
        }
    }),
    { numRuns: 1000 },
  )
})
