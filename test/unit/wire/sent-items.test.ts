import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import type { Item } from '../../../src/core/attribute/value.ts'
import { SentItem } from '../../../src/core/item/sent-item.ts'
import { checkAttributeValues } from '../../../src/core/wire/attribute-values.ts'
import { readInput } from '../../../src/core/wire/input.ts'
import { bodyNamedMembersMax, bodyValuesWithItemsMax } from '../../../src/core/limits/limits.ts'
import { checkBodyScan, exceeds } from '../../../src/core/wire/body-scan.ts'
import { parseAroundItems } from '../../../src/core/wire/sent-items.ts'
import { inputOf } from '../../../src/core/wire/model/shapes.ts'
import { item } from '../attribute/values.ts'

const around = (operation: string, input: unknown): unknown =>
  parseAroundItems(operation, Buffer.from(typeof input === 'string' ? input : JSON.stringify(input)))

const plain: Item = { pk: { S: 'p' }, map: { M: { Item: { M: { a: { S: 'x' } } } } } }
const some: Item = { pk: { S: 'p' }, text: { S: 'a "quoted" \\ text ünd 🚀' }, n: { N: '-12.5' } }

describe('a body with items to put', () => {
  it('is the same as parsed whole, wherever anything is told of it', () => {
    let told = 0
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), fc.string(), (items, table) => {
        const input = { RequestItems: { [table]: items.map((Item) => ({ PutRequest: { Item } })), 7: [] } }
        const found = around('BatchWriteItem', input)
        if (found === undefined) return
        told++
        expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(input)))
      }),
      { numRuns: 500 },
    )
    expect(told).toBeGreaterThan(100)
  })

  it.each([
    ['PutItem', { Item: some, TableName: 'abc' }],
    ['PutItem', { TableName: 'abc', Item: some, ExpressionAttributeValues: { ':x': { M: { Item: plain } } } }],
    ['BatchWriteItem', { RequestItems: { abc: [{ DeleteRequest: { Key: plain } }, { PutRequest: { Item: some } }] } }],
    ['TransactWriteItems', { TransactItems: [{ Delete: { Key: plain } }, { Put: { Item: some, TableName: 'abc' } }] }],
  ])('of %s has them in their places, with size and text', (operation, input) => {
    const found = around(operation, input)
    expect(JSON.stringify(found)).toBe(JSON.stringify(input))
    const [sent] = sentIn(found)
    expect(sent?.sizeBytes).toBe(sizeOfItem(some))
    expect(sent?.body.toString()).toBe(JSON.stringify(some))
    expect(sent?.keyBy({ partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'n', type: 'N' }] })).toEqual({
      pk: some['pk'],
      n: some['n'],
    })
    expect(sent?.keyBy({ partition: [{ name: 'pk', type: 'N' }], sort: [] })).toBeUndefined()
  })

  const text = JSON.stringify(some)
  it.each([
    ['no items', 'PutItem', '{"TableName":"abc"}'],
    ['another operation', 'UpdateItem', `{"Item":${text}}`],
    ['blanks', 'PutItem', `{"Item": ${text}}`],
    ['what is no item', 'PutItem', '{"Item":{"a":"x"}}'],
    ['a number in the place of an item', 'PutItem', '{"Item":0}'],
    ['two items in one place', 'PutItem', `{"Item":${text},"Item":${text}}`],
    ['an item and a number in one place', 'PutItem', `{"Item":${text},"Item":0}`],
    ['an item and a number in one place, with a blank', 'PutItem', `{"Item":${text},"Item" :0}`],
    ['an item and a number in one place, spelt otherwise', 'PutItem', `{"Item":${text},"\\u0049tem":0}`],
    ['an item that is not to be put', 'TransactWriteItems', `{"TransactItems":[{"Update":{"Item":${text}}}]}`],
    ['more than one value', 'PutItem', `{"Item":${text}}{"Item":${text}}`],
    ['a body that is cut', 'PutItem', `{"Item":${text}`],
    ['a string that is cut', 'PutItem', `{"Item":${text},"Table`],
    [
      'an item with more levels than may be',
      'PutItem',
      `{"Item":{"a":${'{"L":['.repeat(40)}{"S":"x"}${']}'.repeat(40)}}}`,
    ],
    ['an item of more than 400 KB', 'PutItem', `{"Item":{"a":{"S":"${'x'.repeat(410_000)}"}}}`],
  ])('is not told of with %s', (_, operation, body) => {
    expect(around(operation, body)).toBeUndefined()
  })
})

it('a body with more values in its items than a parser is given is not told of', () => {
  // Two values each: the element, and its type.
  const elements = 190_000
  const large = `{"pk":{"S":"p"},"list":{"L":[${'{"NULL":true},'.repeat(elements - 1)}{"NULL":true}]}}`
  const body = (items: number): string =>
    `{"RequestItems":{"abc":[${Array.from({ length: items }, () => `{"PutRequest":{"Item":${large}}}`).join(',')}]}}`
  const fitting = Math.floor(bodyValuesWithItemsMax / (2 * elements))
  expect(sentIn(around('BatchWriteItem', body(fitting)))).toHaveLength(fitting)
  expect(around('BatchWriteItem', body(fitting + 1))).toBeUndefined()
  expect(() => checkBodyScan('BatchWriteItem', Buffer.from(body(fitting)))).not.toThrow()
  expect(() => checkBodyScan('BatchWriteItem', Buffer.from(body(fitting + 1)))).toThrow()
})

it('what stands around the items is scanned before it is parsed', () => {
  const names = Array.from({ length: bodyNamedMembersMax + 1 }, (_, n) => `"#${n}":"a"`).join(',')
  const body = `{"Item":${JSON.stringify(some)},"ExpressionAttributeNames":{${names}}}`
  expect(around('PutItem', body)).toBeUndefined()
  expect(around('PutItem', body.replace('"#0":"a",', ''))).toBeDefined()
})

/** Items right and wrong: any text where a value may be, any type with any content. */
const words = fc.constantFrom(
  '',
  'a',
  'pk',
  'x'.repeat(300),
  'ü',
  '__proto__',
  '0',
  '1',
  '1.0',
  '-0',
  '1e3',
  '12.5',
  '1e126',
  'AA==',
  'AB==',
  'AAAA',
)
const texts = fc.oneof(words, fc.string({ maxLength: 4 }), fc.double().map(String), fc.bigInt().map(String))
const types = fc.constantFrom('S', 'N', 'B', 'SS', 'NS', 'BS', 'L', 'M', 'BOOL', 'NULL', 'X')
const { any } = fc.letrec<{ any: unknown; content: unknown }>((tie) => ({
  any: fc.oneof(
    { weight: 9, arbitrary: fc.tuple(types, tie('content')).map(([type, content]) => ({ [type]: content })) },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom('S', 'N', 'B'), texts).map(([type, text]) => ({ [type]: text })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom('SS', 'NS', 'BS'), fc.array(texts, { maxLength: 3 }))
        .map(([type, list]) => ({ [type]: list })),
    },
    { weight: 2, arbitrary: fc.array(tie('any'), { maxLength: 3 }).map((L) => ({ L })) },
    { weight: 2, arbitrary: fc.dictionary(texts, tie('any'), { maxKeys: 3 }).map((M) => ({ M })) },
    { weight: 1, arbitrary: fc.constantFrom({ NULL: false }, { NULL: true }, { BOOL: false }, {}, null, 'S') },
  ),
  content: fc.oneof(
    { maxDepth: 6 },
    texts,
    fc.boolean(),
    fc.array(texts, { maxLength: 3 }),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(texts, tie('any'), { maxKeys: 3 }),
  ),
}))
const levels = fc
  .tuple(any, fc.nat(40), fc.constantFrom('L', 'M'))
  .map(([value, depth, type]) =>
    Array.from({ length: depth }).reduce<unknown>(
      (inner) => (type === 'L' ? { L: [inner] } : { M: { a: inner } }),
      value,
    ),
  )

it('an item that is not parsed is one that parsing would take, as it is', () => {
  let told = 0
  fc.assert(
    fc.property(fc.dictionary(texts, fc.oneof({ weight: 3, arbitrary: any }, levels), { maxKeys: 3 }), (members) => {
      const text = JSON.stringify(members)
      const sent = SentItem.at(Buffer.from(text), 0)
      if (sent === undefined) return
      told++
      const input = readInput('PutItem', { TableName: 'abc', Item: JSON.parse(text) as unknown })
      checkAttributeValues(inputOf('PutItem'), input)
      expect(JSON.stringify(input['Item'])).toBe(text)
      expect(sent.sizeBytes).toBe(sizeOfItem(input['Item'] as Item))
      // The root of what is scanned counts too. So that no item is too short to be looked at, blanks follow.
      const scanned = Buffer.from(text.padEnd(100))
      expect(exceeds(scanned, { depthMax: 50, valuesMax: sent.values + 1 })).toBe(false)
      expect(exceeds(scanned, { depthMax: 50, valuesMax: sent.values })).toBe(true)
    }),
    { numRuns: 4000 },
  )
  expect(told).toBeGreaterThan(400)
})

function sentIn(value: unknown): SentItem[] {
  if (value instanceof SentItem) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(sentIn) : []
}
