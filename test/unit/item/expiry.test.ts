import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expiredSeconds, expirySecond, expirySecondMax } from '../../../src/core/item/item-expiry.ts'

describe('the second at which an item expires', () => {
  it.each([
    [{ N: '1700000000' }, 1_700_000_000],
    [{ N: '1700000000.9' }, 1_700_000_000],
    [{ N: '0' }, 0],
    [{ N: '1.7e9' }, 1_700_000_000],
    [{ N: '-1' }, undefined],
    [{ N: '1e300' }, undefined],
    [{ S: '1700000000' }, undefined],
    [{ NS: ['1700000000'] }, undefined],
    [{ M: { N: { N: '5' } } }, undefined],
  ])('%j: %s', (value, second) => {
    expect(expirySecond({ pk: { S: 'a' }, expires: value }, 'expires')).toBe(second)
  })

  it('is none where the attribute is missing, or is one inside another', () => {
    expect(expirySecond({ 'a.b': { N: '5' }, a: { M: { b: { N: '6' } } } }, 'expires')).toBeUndefined()
    expect(expirySecond({ a: { M: { b: { N: '6' } } } }, 'a.b')).toBeUndefined()
  })

  it('is a whole number that an entry of the index can hold, whatever the number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (number) => {
        const second = expirySecond({ expires: { N: String(number) } }, 'expires')
        if (number < 0 || number >= expirySecondMax + 1) expect(second).toBeUndefined()
        else expect(second).toEqual(Math.floor(number) + 0)
      }),
    )
  })
})

it('what lies more than five years back is no time of expiry', () => {
  const now = 1_800_000_000
  const { from, to } = expiredSeconds(now)
  expect([now - from, to]).toEqual([5 * 365 * 86_400, now])
  expect(expiredSeconds(60)).toEqual({ from: 0, to: 60 })
})
