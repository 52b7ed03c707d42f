import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../../src/ports/clock.ts'
import { Loop } from '../../../../../src/readers/replication/flow/loop.ts'

function clockOf(): Clock & { readonly due: (() => void)[] } {
  const due: (() => void)[] = []
  const after: Clock['after'] = (_, work) => {
    due.push(work)
    return () => void due.splice(due.indexOf(work), 1)
  }
  return { due, after, wallMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() }
}

describe('a loop', () => {
  it('keeps a ring that nobody waited for', async () => {
    const loop = new Loop(clockOf())
    loop.ring()
    await loop.wait()
    expect(loop.stopped).toBe(false)
  })

  it('does not end a pause for a ring, but keeps the ring', async () => {
    const clock = clockOf()
    const loop = new Loop(clock)
    let ended = false
    const pause = loop.pause(10).then(() => (ended = true))
    loop.ring()
    await Promise.resolve()
    expect(ended).toBe(false)
    clock.due.shift()?.()
    await pause
    await loop.wait()
  })

  it('ends every wait when it is stopped, and leaves no timer', async () => {
    const clock = clockOf()
    const loop = new Loop(clock)
    const waits = [loop.pause(10), loop.wait(10)]
    loop.stop()
    await Promise.all(waits)
    expect(clock.due).toEqual([])
  })
})
