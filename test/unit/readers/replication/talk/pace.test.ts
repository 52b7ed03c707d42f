import { expect, it } from 'vitest'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'

it('the way has become longer once two pings in a row say so, and shorter with the first', () => {
  const pace = new Pace()
  pace.answered({ receivedBytes: 300, tookMs: 70, nowMs: 1000 })
  pace.pinged(2000, 4000)
  expect(pace.roundTripMs).toBe(70)
  pace.pinged(2010, 7000)
  expect(pace.roundTripMs).toBe(2000)
  pace.pinged(80, 10_000)
  expect(pace.roundTripMs).toBe(80)
})

it('one slow ping, of a busy machine, changes nothing', () => {
  const pace = new Pace()
  pace.pinged(70, 1000)
  for (const [n, tookMs] of [900, 75, 800, 72].entries()) pace.pinged(tookMs, 4000 + n * 3000)
  expect(pace.roundTripMs).toBe(70)
})
