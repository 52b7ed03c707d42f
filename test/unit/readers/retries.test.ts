import { expect, it } from 'vitest'
import { InvariantViolation } from '../../../src/core/assert.ts'
import { Retries } from '../../../src/readers/retries.ts'
import type { Log } from '../../../src/ports/log.ts'

function scene() {
  const warned: (readonly [string, unknown])[] = []
  const counted: unknown[] = []
  const log = { warn: (event: string, fields: unknown) => void warned.push([event, fields]) } as unknown as Log
  const meter = { count: (...of: unknown[]) => void counted.push(of) } as never
  const clock = { monotonicMs: () => 0 } as never
  return { retries: new Retries({ log, meter, clock }), warned, counted }
}

it('a broken invariant is thrown on: it is never tried again', () => {
  const { retries, warned, counted } = scene()
  const broken = new InvariantViolation('head: the clock only goes forward')
  expect(() => retries.note('join', broken, 'join waits')).toThrow(broken)
  expect([warned, counted]).toEqual([[], []])
})

it('every other failure is counted each time, and told as a warning now and then', () => {
  const { retries, warned, counted } = scene()
  for (let n = 0; n < 3; n++) retries.note('join', new TypeError('x is not a function'), 'join waits', { table: 't' })
  retries.note('join', new TypeError('x is not a function'), 'join waits', { table: 'u' })
  expect(counted).toEqual(Array.from({ length: 4 }, () => ['longitude_retries_total', { work: 'join' }]))
  expect(warned).toEqual([
    ['join waits', { table: 't', error: 'x is not a function', times: 1 }],
    ['join waits', { table: 't', error: 'x is not a function', times: 2 }],
    ['join waits', { table: 'u', error: 'x is not a function', times: 1 }],
  ])
})
