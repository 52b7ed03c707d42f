import { expect, it } from 'vitest'
import { durationMs } from '../../../src/process/duration.ts'

it.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1.5h', 5_400_000],
  ['1d', 86_400_000],
  ['PT5M', 300_000],
  ['pt30s', 30_000],
  ['5', undefined],
  ['0s', undefined],
  ['-5m', undefined],
  ['5 minutes', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms)
})
