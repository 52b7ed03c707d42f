/** Ion text: items as DynamoDB's exports have them, and what else an import may be given. */
import {
  constantFrom,
  dictionary,
  double,
  integer,
  letrec,
  oneof,
  record,
  sample,
  string,
  uniqueArray,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalNumber } from '../../../../src/core/attribute/number.ts'
import type { AttributeValue, Item } from '../../../../src/core/attribute/value.ts'
import { incrementalLine } from '../../../../src/core/copies/export-lines.ts'
import { ionFields } from '../../../../src/core/copies/ion/ion-reader.ts'
import { BinaryIon, IonSplitter } from '../../../../src/core/copies/ion/ion-splitter.ts'
import { ionDecimal, ionStruct } from '../../../../src/core/copies/ion/ion-writer.ts'

const texts = oneof(
  string({ unit: 'binary' }),
  constantFrom('"', "'", "'''", '\\', '}}', '{{', '//', '/*', '\n', 'null', '$ion_1_0'),
)
const numbers = oneof(
  integer().map(String),
  double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }).map(String),
)
  .map((text) => canonicalNumber(text))
  .filter((text) => typeof text === 'string')
const binaries = string().map((text) => Buffer.from(text).toString('base64'))
const { value: anyValue } = letrec<{ value: AttributeValue }>((tie) => ({
  value: oneof(
    { depthSize: 'small' },
    record({ S: texts }),
    record({ N: numbers }),
    record({ B: binaries }),
    constantFrom<AttributeValue>({ BOOL: true }, { BOOL: false }, { NULL: true }),
    record({ SS: uniqueArray(texts, { minLength: 1 }) }),
    record({ NS: uniqueArray(numbers, { minLength: 1 }) }),
    record({ BS: uniqueArray(binaries, { minLength: 1 }) }),
    record({ L: uniqueArray(tie('value'), { maxLength: 3 }) }),
    record({ M: dictionary(texts, tie('value'), { maxKeys: 3 }) }),
  ),
}))

/** Numbers as an import reads them. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      if (name === 'N' && typeof inner === 'string') return [name, canonicalNumber(inner)]
      if (name === 'NS' && Array.isArray(inner)) return [name, inner.map((each) => canonicalNumber(String(each)))]
      return [name, canonical(inner)]
    }),
  )
}

function split(text: string, pieceBytes: number): readonly string[] {
  const splitter = new IonSplitter()
  const bytes = Buffer.from(text)
  const found: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) found.push(...splitter.add(bytes.subarray(at, at + pieceBytes)))
  return [...found, ...splitter.end()].map(String)
}

const itemOf = (text: string): unknown => Object.fromEntries(ionFields(text))

describe('Ion', () => {
  test('what is written is read again, in pieces of any size', () => {
    const items = sample(dictionary(texts, anyValue, { maxKeys: 4, noNullPrototype: true }), {
      numRuns: 300,
      seed: 3,
    }) as readonly Item[]
    const lines = items.map((item) => `$ion_1_0 {Item:${ionStruct(item)}}\n`)
    for (const pieceBytes of [1, 7, 100_000]) {
      const read = split(lines.join(''), pieceBytes)
      expect(read).toHaveLength(items.length)
      expect(read.map((text) => canonical(itemOf(text)))).toEqual(
        items.map((item) => ({ Item: { M: canonical(item) } })),
      )
    }
  })

  test.each([
    ['103', '103.'],
    ['600', '6d2'],
    ['2000', '2d3'],
    ['1.5', '1.5'],
    ['-0.02', '-0.02'],
    ['0.00000001', '1d-8'],
    ['1E-130', '1d-130'],
    ['0', '0.'],
    ['9.99E+125', '999d123'],
  ])('the number %s is %s, as in exports of AWS', (number, ion) => {
    expect(ionDecimal(number)).toBe(ion)
  })

  test('comments, quoted names, long strings, escapes, annotations and other numbers are read', () => {
    const text = `/* an item */ $ion_1_0 // and another
      app::{ "Item": { 'a b': '''one ''' /* and */ '''two''', "c": "\\x41\\u00e9\\U0001F600\\n", n: [1_000, 0x1F, 0b101, -1.5e2, 12d-1, 3.],
        s: $dynamodb_NS::[1, 2.50], b: {{ aGk= }}, e: {}, l: [], x: null.string, 'null': true, } }`
    expect(split(text, 3)).toHaveLength(1)
    expect(canonical(itemOf(text))).toEqual({
      Item: {
        M: {
          'a b': { S: 'one two' },
          c: { S: 'Aé😀\n' },
          n: { L: ['1000', '31', '5', '-150', '1.2', '3'].map((N) => ({ N })) },
          s: { NS: ['1', '2.5'] },
          b: { B: 'aGk=' },
          e: { M: {} },
          l: { L: [] },
          x: { NULL: true },
          null: { BOOL: true },
        },
      },
    })
  })

  test.each([
    ['{Item:{t:2026-01-01T}}', '2026-01-01T has no type of DynamoDB'],
    ['{Item:{t:symbol}}', 'the symbol symbol has no type of DynamoDB'],
    ['{Item:{t:nan}}', 'a value has no type of DynamoDB'],
    ['{Item:{t:+inf}}', '+inf has no type of DynamoDB'],
    ['{Item:{t:{{"clob"}}}}', 'a clob has no type of DynamoDB'],
    ['{Item:{t:(a b)}}', 'a value has no type of DynamoDB'],
    ['{Item:{t:01}}', '01 has no type of DynamoDB'],
    ['{Item:{t:$dynamodb_SS::[1]}}', '$dynamodb_SS is not before a list of S'],
    ['{Item:{t:"x}}', 'a quote is missing'],
    ['{Item:{t:[1 2]}}', '] is missing'],
    [`{Item:${'['.repeat(200)}`, 'levels deep'],
    ['$ion_2_0 {Item:{}}', '$ion_2_0 is not read'],
    ['{Item:{}} trailing', 'something follows the struct'],
    ['42', '{ is missing'],
  ])('%s is refused: %s', (text, problem) => {
    expect(() => ionFields(text)).toThrow(problem)
  })

  test('a record of an incremental export has the members of the JSON form', () => {
    const key = { partition: [{ name: 'pk', type: 'S' as const }], sort: [] }
    const row = {
      key: () => Buffer.of(1),
      segment: 0,
      before: Buffer.from('{"pk":{"S":"a"},"n":{"N":"1"}}'),
      writtenMs: 1680109764000,
    }
    const lines = incrementalLine(row, { key, view: 'NEW_AND_OLD_IMAGES', format: 'ION' }) ?? []
    expect(Buffer.concat(lines).toString()).toBe(
      '$ion_1_0 {Metadata:{WriteTimestampMicros:1680109764d6},Keys:{pk:"a"},OldImage:{pk:"a",n:1.}}\n',
    )
  })

  test('binary Ion, and a struct that does not end, are told', () => {
    expect(() => [...new IonSplitter().add(Buffer.from([0xe0, 1, 0, 0xea, 0x21, 1]))]).toThrow(BinaryIon)
    expect(split('{a:1} {b:"', 4)).toEqual(['{a:1}', expect.stringContaining(' {b:"')])
    expect(split('$ion_1_0 {a:1}\n// no more\n', 4)).toHaveLength(1)
  })
})
