import { describe, expect, it } from 'vitest'
import { BackOff, spread } from '../../../src/core/back-off.ts'

describe('a back-off', () => {
  it('doubles up to its bound, and starts again when reset', () => {
    const backOff = new BackOff(100, 500)
    expect([backOff.next(), backOff.next(), backOff.next(), backOff.next()]).toEqual([100, 200, 400, 500])
    backOff.reset()
    expect(backOff.next()).toBe(100)
  })

  it('waits no longer than one attempt may, and goes on from there', () => {
    const backOff = new BackOff(100, 5000)
    expect([backOff.next(), backOff.next(), backOff.next(150), backOff.next(), backOff.next()]).toEqual([
      100, 200, 150, 300, 600,
    ])
  })

  it('is spread over its second half', () => {
    expect([spread(400, 0), spread(400, 0.5)]).toEqual([200, 300])
  })
})
