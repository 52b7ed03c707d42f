import { afterEach, expect, test } from 'vitest'
import { Alarms } from '../../../../src/links/lane/alarms.ts'

const alarms = new Alarms()
afterEach(() => alarms.clear())

test('alarms come in the order of their times, none of them early, and the cancelled ones not at all', async () => {
  const startMs = performance.now()
  const times = Array.from({ length: 300 }, (_, n) => startMs + ((n * 7919) % 300) / 5)
  const came: number[] = []
  const early: number[] = []
  await new Promise<void>((resolve) => {
    const set = times.map((atMs) =>
      alarms.set(atMs, () => {
        came.push(atMs)
        if (performance.now() < atMs - 0.05) early.push(atMs)
      }),
    )
    for (const [n, alarm] of set.entries()) if (n % 3 === 0) alarm.cancel()
    alarms.set(startMs + 61, resolve)
  })
  expect(early).toEqual([])
  expect(came).toEqual(times.filter((_, n) => n % 3 !== 0).toSorted((a, b) => a - b))
})

test('an alarm that is set later but earlier in time comes first', async () => {
  const order: string[] = []
  await new Promise<void>((resolve) => {
    const nowMs = performance.now()
    alarms.set(nowMs + 30, () => {
      order.push('late')
      resolve()
    })
    alarms.set(nowMs + 3, () => {
      order.push('early')
      alarms.set(nowMs + 5, () => order.push('set by the early one'))
    })
  })
  expect(order).toEqual(['early', 'set by the early one', 'late'])
})
