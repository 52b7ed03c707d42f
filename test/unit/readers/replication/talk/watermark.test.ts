import { expect, test } from 'vitest'
import { Watermark } from '../../../../../src/readers/replication/talk/watermark.ts'

const promiseAt = (position: number, wallMs: number) => ({ position, clock: { wallMs, counter: 0 }, seen: undefined })

test('follows what the peer has said, as far as its log is here', () => {
  const watermark = new Watermark()
  watermark.promise(promiseAt(10, 1000))
  watermark.promise(promiseAt(20, 2000))
  watermark.reach(10)
  expect(watermark.clock.wallMs).toBe(1000)
  watermark.reach(25)
  expect(watermark.clock.wallMs).toBe(2000)
})

test('is not stopped by a word in the name of the peer that claims an absurd end', () => {
  const watermark = new Watermark()
  watermark.promise(promiseAt(1_000_000_010, 1000))
  watermark.promise(promiseAt(20, 2000))
  watermark.reach(20)
  expect(watermark.clock.wallMs).toBe(2000)
})
