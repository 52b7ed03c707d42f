import { expect, it } from 'vitest'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import { silenceMsMaxOf } from '../../../../../src/readers/replication/talk/silence.ts'

it('a silence is a cut after at most ten seconds, however narrow and long the line is', () => {
  const pace = new Pace()
  expect(silenceMsMaxOf(pace)).toBe(3500)
  pace.pinged(2000, 0)
  expect(silenceMsMaxOf(pace)).toBe(7500)
  for (let nowMs = 0; nowMs <= 2000; nowMs += 500) pace.note({ nowMs, receivedBytes: nowMs * 8 }, true)
  expect(pace.isNarrow).toBe(true)
  expect(silenceMsMaxOf(pace)).toBe(10_000)
})
