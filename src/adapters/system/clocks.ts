/** The machine's own clocks. Tests and the simulator bring theirs; whatever needs time takes a `Clock`. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../ports/clock.ts'

export const systemClock: Clock = clockAhead(() => 0)

/**
 * A wall clock that a drill may step: it is ahead by what the file says, `{"offsetMs": 90000, "untilMs": 1767225600000}`,
 * until that moment of the machine's clock, or until the file is gone. A program that can write there owns the region's disk anyway.
 */
export function steppedClock(path: string, onStep: (offsetMs: number) => void): Clock {
  let offsetMs = 0
  const look = (): void => {
    const before = offsetMs
    offsetMs = offsetIn(path)
    if (offsetMs !== before) onStep(offsetMs)
  }
  look()
  setInterval(look, lookEveryMs).unref()
  return clockAhead(() => offsetMs)
}

const lookEveryMs = 200

function clockAhead(offsetMs: () => number): Clock {
  return {
    wallMs: () => Date.now() + offsetMs(),
    monotonicMs: () => performance.now(),
    after: (ms, work) => {
      const timer = setTimeout(work, ms)
      return () => clearTimeout(timer)
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        // A timer takes a millisecond at least.
        if (ms <= 0) setImmediate(resolve)
        else setTimeout(resolve, ms)
      }),
  }
}

function offsetIn(path: string): number {
  try {
    const { offsetMs, untilMs } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    return Number.isFinite(offsetMs) && Number(untilMs) > Date.now() ? Math.trunc(Number(offsetMs)) : 0
  } catch {
    return 0
  }
}
