import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fieldsOf,
  type Item,
  itemFromJson,
  itemOf,
  shortText,
  type Value,
} from '../../../src/console/model/edited-values.ts'

const digits = fc.stringMatching(/^-?[1-9]\d{0,37}$/)
const numbers = fc.oneof(
  digits,
  fc.stringMatching(/^0\.\d{1,37}$/),
  fc.stringMatching(/^[1-9](\.\d{1,37})?E[+-]?\d{1,2}$/),
)
const bytes = fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each).toString('base64'))
const lines = fc.string({ minLength: 1 }).filter((text) => !text.includes('\n'))
const set = (elements: fc.Arbitrary<string>) =>
  fc.uniqueArray(
    elements.filter((each) => each !== ''),
    { minLength: 1, maxLength: 5 },
  )

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.record({ S: fc.string() }),
    fc.record({ N: numbers }),
    fc.record({ B: bytes }),
    fc.record({ BOOL: fc.boolean() }),
    fc.constant({ NULL: true }),
    fc.record({ SS: set(lines) }),
    fc.record({ NS: set(numbers) }),
    fc.record({ BS: set(bytes) }),
    fc.record({ L: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ M: fc.dictionary(fc.string(), tie('value'), { maxKeys: 3, noNullPrototype: true }) }),
  ),
}))
const items = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5, noNullPrototype: true })

describe('an item in the editor', () => {
  test('is the same, to the last digit, when nothing is changed', () => {
    fc.assert(
      fc.property(items, (item) => {
        expect(itemOf(fieldsOf(item as Item))).toEqual({ item })
        expect(itemFromJson(JSON.stringify(item))).toEqual({ item })
      }),
    )
  })

  test('keeps 38 digits, sets and bytes', () => {
    const item: Item = {
      id: { S: 'a' },
      big: { N: '12345678901234567890123456789012345678' },
      small: { N: '-0.00000000000000000000000000000000000001' },
      set: { NS: ['9007199254740993', '1'] },
      bytes: { B: 'AAEC/w==' },
      blobs: { BS: ['AQ==', 'Ag=='] },
    }
    const fields = fieldsOf(item).map((field) =>
      field.name === 'set' ? { ...field, text: `${field.text}\n9007199254740995` } : field,
    )
    expect(itemOf(fields)).toEqual({ item: { ...item, set: { NS: ['9007199254740993', '1', '9007199254740995'] } } })
  })

  test.each([
    [{ name: 'n', type: 'N', text: 'twelve' }, 'n: "twelve" is no number'],
    [{ name: 'b', type: 'B', text: 'not base64!' }, 'b: this is no base64'],
    [{ name: 's', type: 'SS', text: '' }, 's: a set has at least one element'],
    [{ name: 's', type: 'NS', text: '1\n1' }, 's: an element is there twice'],
    [{ name: 'm', type: 'M', text: '{"a": {"N": 1}}' }, 'm: numbers are texts: {"N": "1"}'],
    [{ name: 'm', type: 'M', text: '{"a": 1}' }, 'm: 1 is no value with a type'],
    [{ name: 'l', type: 'L', text: '{}' }, 'l: this is not a list'],
    [{ name: '', type: 'S', text: '' }, 'an attribute has no name'],
  ] as const)('is refused with a reason: %j', (field, problem) => {
    expect(itemOf([field])).toEqual({ problems: [problem] })
  })

  test('is refused as JSON that is no item', () => {
    for (const text of ['', '[]', '{"a": 5}', '{"a": {"N": 5}}']) expect(itemFromJson(text)).toHaveProperty('problems')
  })

  test('is one line in a cell, however long it is', () => {
    expect(shortText({ S: 'x'.repeat(1000) }).length).toBeLessThan(70)
    expect(shortText({ L: [{ N: '1' }, { M: { a: { NULL: true } } }] })).toBe('[1, {a: null}]')
  })
})
