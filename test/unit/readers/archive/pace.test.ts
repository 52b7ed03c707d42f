/** Background work leaves clients their time, and takes all of it where there are none. */
import { expect, test } from 'vitest'
import { Pace } from '../../../../src/readers/archive/pace.ts'

/** Others work for a part of the time while we rest; the rest of it the loop is idle. */
function loop(othersShare: number) {
  let [nowMs, busyMs, restedMs] = [0, 0, 0]
  const clock = {
    monotonicMs: () => nowMs,
    busyMs: () => busyMs,
    sleep: (ms: number) => {
      const sleptMs = Math.max(1, ms)
      nowMs += sleptMs
      restedMs += sleptMs
      busyMs += othersShare * sleptMs
      return Promise.resolve()
    },
  }
  return {
    clock,
    work: (ms: number) => {
      nowMs += ms
      busyMs += ms
    },
    share: () => 1 - restedMs / nowMs,
  }
}

test.each([
  [0, 0.6, 0.85],
  [0.3, 0.2, 0.4],
  [1, 0.15, 0.3],
])('while others take %f of the time, its share lies between %f and %f', async (others, least, most) => {
  const { clock, work, share } = loop(others)
  const pace = new Pace(clock)
  for (let n = 0; n < 2000; n++) {
    work(3)
    await pace.rest()
  }
  expect(share()).toBeGreaterThan(least)
  expect(share()).toBeLessThan(most)
})

test('in virtual time nothing is held back', async () => {
  let slept = 0
  const pace = new Pace({ monotonicMs: () => 0, sleep: (ms) => Promise.resolve(void (slept += ms)) })
  for (let n = 0; n < 10; n++) await pace.rest()
  expect(slept).toBe(0)
})
