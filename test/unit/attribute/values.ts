/** Arbitrary values as DynamoDB's JSON carries them after coercion. */
import * as fc from 'fast-check'
import { canonicalNumber } from '../../../src/core/attribute/number.ts'
import { type AttributeValue, type Item, setAttribute } from '../../../src/core/attribute/value.ts'

export const stringContent = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u0001', 'ÿ', '\ud7ff', '\uffff', '𐀀'), maxLength: 6 }),
)
export const numberContent = fc
  .oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e120, max: 1e120 }).map(String),
  )
  .map((text) => canonicalNumber(text))
  .filter((text) => typeof text === 'string')
export const binaryContent = fc
  .oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 6, max: 1 }))
  .map((bytes) => Buffer.from(bytes).toString('base64'))

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString'),
  fc.string({ maxLength: 5 }),
)
const setOf = (content: fc.Arbitrary<string>) => fc.uniqueArray(content, { minLength: 1, maxLength: 4 })

export const { value, item } = fc.letrec<{ value: AttributeValue; item: Item }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    stringContent.map((S) => ({ S })),
    numberContent.map((N) => ({ N })),
    binaryContent.map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true as const }),
    setOf(stringContent).map((SS) => ({ SS })),
    setOf(numberContent).map((NS) => ({ NS })),
    setOf(binaryContent).map((BS) => ({ BS })),
    fc.array(tie('value'), { maxLength: 4 }).map((L) => ({ L })),
    tie('item').map((M) => ({ M })),
  ),
  item: fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((entries) => {
    const made: Record<string, AttributeValue> = {}
    for (const [key, content] of entries) setAttribute(made, key, content)
    return made
  }),
}))
