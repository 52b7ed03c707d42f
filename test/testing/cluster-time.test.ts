import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { ClusterTime } from '../../src/testing/cluster-time.ts'

test('while time stands, work without end pauses, and goes on when time passes or is asked for', async () => {
  const time = new ClusterTime(new SeededRandom(1), 0)
  let count = 0
  const again = (): void => {
    count++
    time.after(0, again)
  }
  again()
  let before = -1
  while (before !== count) {
    before = count
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(count).toBeGreaterThan(100_000)
  expect(count).toBeLessThan(200_000)
  let isRun = false
  time.admit()
  time.after(0, () => (isRun = true))
  await time.advance(5)
  expect(isRun).toBe(true)
  expect(count).toBeGreaterThan(before)
  expect(time.nowMs).toBe(5)
  time.stop()
})

test('what is due later waits for its time, and the order is that of time', async () => {
  const time = new ClusterTime(new SeededRandom(1), 0)
  const order: number[] = []
  for (const ms of [30, 10, 20]) time.after(ms, () => void order.push(ms))
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toEqual([])
  await time.advance(15)
  expect(order).toEqual([10])
  await time.advance(100, () => order.length === 2)
  expect(order).toEqual([10, 20])
  await time.advance(100)
  expect(order).toEqual([10, 20, 30])
  time.stop()
})
