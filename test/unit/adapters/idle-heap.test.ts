import { expect, it } from 'vitest'
import { IdleHeap, idleLookMs } from '../../../src/adapters/system/idle-heap.ts'

const megabyte = 1024 * 1024

/** Time that passes only when the test says so. A collection leaves 20 MB. */
function world() {
  let [nowMs, cpuMs, heldBytes, collections] = [0, 0, 0, 0]
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
    heldBytes: () => heldBytes,
    collect: () => {
      collections++
      heldBytes = 20 * megabyte
    },
  })
  idle.start()
  const pass = (ms: number, share: number, megabytes = 0): number => {
    heldBytes += megabytes * megabyte
    for (let passed = 0; passed < ms; passed += idleLookMs) {
      nowMs += idleLookMs
      cpuMs += idleLookMs * share
      due?.()
    }
    return collections
  }
  return { idle, pass, isWatching: () => due !== undefined }
}

it('what a start has left is collected once the process is idle', () => {
  const { pass } = world()
  expect(pass(60_000, 0.5, 40)).toBe(0)
  expect(pass(10_000, 0.01)).toBe(1)
})

it('a heap that has not grown is not collected again, however long the process is idle', () => {
  const { pass } = world()
  expect(pass(3_600_000, 0.01, 40)).toBe(1)
  expect(pass(3_600_000, 0.01, 5)).toBe(1)
})

it('a burst of work is followed by another collection, and an hour of growth by no more than one a minute', () => {
  const { pass } = world()
  pass(60_000, 0.01, 40)
  expect(pass(600_000, 0.9, 300)).toBe(1)
  expect(pass(60_000, 0.01)).toBe(2)
  for (let minute = 0; minute < 60; minute++) for (let n = 0; n < 12; n++) pass(idleLookMs, 0.01, 10)
  expect(pass(0, 0)).toBeLessThanOrEqual(62)
})

it('a short lull is not waited for, and nothing is done once it is stopped', () => {
  const { idle, pass, isWatching } = world()
  for (let n = 0; n < 20; n++) {
    pass(idleLookMs, 0.01, 10)
    pass(idleLookMs, 0.3)
  }
  expect(pass(0, 0)).toBe(0)
  idle.stop()
  expect(isWatching()).toBe(false)
})
