import { expect, it } from 'vitest'
import { IdleHeap, idleLookMs } from '../../../src/adapters/system/idle-heap.ts'

const megabyte = 1024 * 1024
const minuteMs = 60_000

/** Time that passes only when the test says so. 20 MB are in use, and a collection leaves 22. */
function world() {
  let [nowMs, cpuMs, totalBytes, collections] = [0, 0, 22 * megabyte, 0]
  let due: (() => void) | undefined
  const idle = new IdleHeap({
    clock: {
      monotonicMs: () => nowMs,
      after: (_, work) => {
        due = work
        return () => (due = undefined)
      },
    },
    cpuMs: () => cpuMs,
    heap: () => ({ totalBytes, usedBytes: 20 * megabyte }),
    collect: () => {
      collections++
      totalBytes = 22 * megabyte
    },
  })
  idle.start()
  /** Returns how many collections there have been. */
  const pass = (ms: number, share: number, grownMegabytes = 0, lateMs = 0): number => {
    totalBytes += grownMegabytes * megabyte
    for (let passed = 0; passed < ms; passed += idleLookMs) {
      nowMs += idleLookMs + lateMs
      cpuMs += idleLookMs * share
      due?.()
    }
    return collections
  }
  return { idle, pass, isWatching: () => due !== undefined }
}

it('what a start or a burst has left is collected once the process is idle', () => {
  const { pass } = world()
  expect(pass(minuteMs, 0.5, 20)).toBe(0)
  expect(pass(minuteMs, 0.01)).toBe(1)
  expect(pass(10 * minuteMs, 0.9, 300)).toBe(1)
  expect(pass(minuteMs, 0.01)).toBe(2)
})

it('a heap that is in use is not collected, however long the process is idle', () => {
  const { pass } = world()
  expect(pass(60 * minuteMs, 0.01, 5)).toBe(0)
})

it('a heap that grows all the time is collected at most once in five minutes', () => {
  const { pass } = world()
  for (let n = 0; n < 60; n++) pass(minuteMs, 0.01, 30)
  expect(pass(0, 0)).toBe(12)
})

it('a process that a busy machine keeps from its work is not idle', () => {
  const { pass } = world()
  expect(pass(10 * minuteMs, 0.01, 30, 200)).toBe(0)
  expect(pass(minuteMs, 0.01)).toBe(1)
})

it('a short lull is not waited for, and nothing is done once it is stopped', () => {
  const { idle, pass, isWatching } = world()
  for (let n = 0; n < 20; n++) {
    pass(2 * idleLookMs, 0.01, 10)
    pass(idleLookMs, 0.3)
  }
  expect(pass(0, 0)).toBe(0)
  idle.stop()
  expect(isWatching()).toBe(false)
})
