import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { assert, constantFrom, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { timings, type Wait, waitRestMs, waits } from '../../../src/core/table/waits.ts'

const names = Object.keys(waits) as Wait[]
const someWait = constantFrom(...names)
const someTime = integer({ min: 0, max: 2 ** 45 })

test('nothing lasts with the instant timing', () => {
  assert(
    property(someWait, someTime, someTime, (wait, beganMs, nowMs) => {
      expect(waitRestMs({ wait, beganMs }, timings.instant, nowMs)).toBe(0)
    }),
  )
})

test('what was begun ends when its time has passed, and lasts no longer than all of it, whatever the clock did', () => {
  assert(
    property(someWait, someTime, integer({ min: -1e10, max: 1e10 }), (wait, beganMs, passedMs) => {
      const { ms } = waits[wait]
      const rest = waitRestMs({ wait, beganMs }, timings.aws, beganMs + passedMs)
      if (passedMs <= 0) expect(rest).toBe(ms)
      else if (passedMs >= ms) expect(rest).toBe(0)
      else expect(rest).toBeCloseTo(ms - passedMs)
    }),
  )
})

test('docs/concepts/timing.md has every wait, and no other', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/concepts/timing.md', import.meta.url)), 'utf8')
  const [, table = ''] = page.split('<!-- waits:')
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what'))
  const inSeconds = (ms: number): string => `${(ms / 1000).toLocaleString('en-US')} s`
  expect(rows).toEqual(names.map((name) => `| ${name} | ${inSeconds(waits[name].ms)} | ${waits[name].seen} |`))
})
