import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addNumbers,
  canonicalNumber,
  compareNumbers,
  numberSizeBytes,
  sortableNumber,
  subtractNumbers,
} from '../../../src/core/attribute/number.ts'

/** The reference model: an integer times 10^-260, which holds every number of the range exactly. */
const modelPlaces = 260

function model(text: string): bigint {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) throw new Error(text)
  const [, minus = '', whole = '', fraction = '', exponent = '0'] = match
  const units = BigInt(whole + fraction) * 10n ** BigInt(modelPlaces - fraction.length + Number(exponent))
  return minus === '-' ? -units : units
}

const sign = (value: bigint): number => (value > 0n ? 1 : value < 0n ? -1 : 0)

const digits = (max: number) => fc.stringMatching(/^[0-9]*$/, { size: 'small' }).map((text) => text.slice(0, max))

/** Numbers in every notation, all within range. */
const notation = fc
  .record({
    sign: fc.constantFrom('', '-', '+'),
    whole: digits(19).map((text) => text || '0'),
    fraction: digits(19),
    exponent: fc.option(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -110, max: 100 }))),
  })
  .map(
    (part) =>
      `${part.sign}${part.whole}${part.fraction === '' ? '' : `.${part.fraction}`}${part.exponent === null ? '' : `e${part.exponent}`}`,
  )

const canonical = fc.oneof(
  notation.map((text) => canonicalNumber(text) as string),
  fc.integer().map(String),
  fc.integer({ min: -200, max: 200 }).map(String),
)

describe('canonical numbers', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.00e7', '0'],
    ['0e125', '0'],
    ['0.0e-129', '0'],
    ['007', '7'],
    ['+7', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1.50', '1.5'],
    ['1E3', '1000'],
    ['-1.2e-3', '-0.0012'],
    ['12.50e1', '125'],
    ['123456789012345678', '123456789012345678'],
    ['1e125', `1${'0'.repeat(125)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['9.9999999999999999999999999999999999999E+125', `${'9'.repeat(38)}${'0'.repeat(88)}`],
    [`${'0'.repeat(50)}1${'0'.repeat(60)}`, `1${'0'.repeat(60)}`],
  ])('%s is kept as %s', (text, expected) => {
    expect(canonicalNumber(text)).toBe(expected)
  })

  it.each(['', ' ', 'x', '-', '.', 'e5', '1e', '1 ', '0x10', 'NaN', 'Infinity', '1_000', '1,5', '--1', '1e1.5'])(
    '"%s" is not a number',
    (text) => {
      const message = 'The parameter cannot be converted to a numeric value'
      expect(canonicalNumber(text)).toEqual({
        problem: 'not-numeric',
        message: text === '' ? message : `${message}: ${text}`,
      })
    },
  )

  it.each([
    ['1e126', 'overflow'],
    ['-1e126', 'overflow'],
    ['10e125', 'overflow'],
    ['1e2147483647', 'overflow'],
    ['1e9223372036854775807', 'overflow'],
    ['1e9223372036854775808', 'not-numeric'],
    ['1e99999999999999999999', 'not-numeric'],
    ['0e126', 'overflow'],
    ['0e-131', 'underflow'],
    ['1e-131', 'underflow'],
    ['-0.1e-130', 'underflow'],
    ['1e-9223372036854775808', 'underflow'],
    ['1e-9223372036854775809', 'not-numeric'],
    ['1'.repeat(39), 'digits'],
    [`0.${'1'.repeat(39)}`, 'digits'],
    [`1${'0'.repeat(37)}1`, 'digits'],
  ])('%s is refused: %s', (text, problem) => {
    expect(canonicalNumber(text)).toMatchObject({ problem })
  })

  it('keep the value of any notation, and are canonical themselves', () => {
    fc.assert(
      fc.property(notation, (text) => {
        const kept = canonicalNumber(text)
        expect(kept).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/)
        expect(model(kept as string)).toBe(model(text))
        expect(canonicalNumber(kept as string)).toBe(kept)
      }),
    )
  })

  it('answers a million digits at once', () => {
    expect(canonicalNumber(`1${'0'.repeat(1_000_000)}`)).toMatchObject({ problem: 'overflow' })
    expect(canonicalNumber(`1${'0'.repeat(500_000)}1e-500000`)).toMatchObject({ problem: 'digits' })
  })
})

describe('number order', () => {
  it('is the order of the values', () => {
    fc.assert(
      fc.property(canonical, canonical, (a, b) => {
        expect(Math.sign(compareNumbers(a, b))).toBe(sign(model(a) - model(b)))
      }),
      { numRuns: 500 },
    )
  })

  it('is the order of the sortable bytes, whatever bytes follow', () => {
    fc.assert(
      fc.property(canonical, canonical, fc.uint8Array(), fc.uint8Array(), (a, b, tailA, tailB) => {
        const left = Buffer.concat([sortableNumber(a), tailA])
        const right = Buffer.concat([sortableNumber(b), tailB])
        if (a === b) expect(sortableNumber(a)).toEqual(sortableNumber(b))
        else expect(Buffer.compare(left, right)).toBe(sign(model(a) - model(b)))
      }),
      { numRuns: 500 },
    )
  })

  it('holds at the ends of the range and around zero', () => {
    const ascending = ['-9.9e125', '-1e125', '-100', '-99', '-1e-129', '-1e-130', '0', '1e-130', '1e-129', '9.9e125']
    const bytes = ascending.map((text) => sortableNumber(canonicalNumber(text) as string))
    expect(bytes.toSorted((a, b) => Buffer.compare(a, b))).toEqual(bytes)
  })
})

describe('number arithmetic', () => {
  it('is exact, or refuses results that no number can hold', () => {
    fc.assert(
      fc.property(canonical, canonical, (a, b) => {
        for (const [result, exact] of [
          [addNumbers(a, b), model(a) + model(b)],
          [subtractNumbers(a, b), model(a) - model(b)],
        ] as const) {
          const significant = String(exact).replace(/^-/, '').replace(/0+$/, '').length
          if (significant > 38) expect(result).toMatchObject({ problem: 'digits' })
          else expect(model(result as string)).toBe(exact)
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['0.1', '0.2', '0.3'],
    ['5', '-5', '0'],
    ['-5', '5', '0'],
    ['999999999999999', '999999999999999', '1999999999999998'],
    ['1.5', '-0.5', '1'],
  ])('%s + %s = %s', (a, b, expected) => {
    expect(addNumbers(a, b)).toBe(expected)
  })

  it('overflows as a stored number does', () => {
    const largest = canonicalNumber('9e125') as string
    expect(addNumbers(largest, largest)).toMatchObject({ problem: 'overflow' })
  })
})

describe('number sizes', () => {
  it.each([
    ['0', 1],
    ['1', 2],
    ['-1', 3],
    ['99', 2],
    ['100', 2],
    ['123', 3],
    ['1.5', 3],
    ['0.0001', 2],
    ['12345678901234567890123456789012345678', 20],
    ['1234567890123456789012345678901234567.8', 21],
    ['-1234567890123456789012345678901234567.8', 21],
  ])('%s counts %i bytes', (text, size) => {
    expect(numberSizeBytes(text)).toBe(size)
  })
})
