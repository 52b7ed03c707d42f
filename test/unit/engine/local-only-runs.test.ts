import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LocalOnlyRuns } from '../../../src/engine/tables/local-only-runs.ts'

describe('what the log has that stays', () => {
  it('is found from any position, whatever was cut off and written again', () => {
    const steps = fc.array(fc.oneof(fc.boolean(), fc.nat({ max: 30 })), { maxLength: 80 })
    fc.assert(
      fc.property(steps, (log) => {
        const runs = new LocalOnlyRuns()
        const foreign: boolean[] = []
        for (const step of log)
          if (typeof step === 'boolean') {
            foreign.push(step)
            if (step) runs.add(foreign.length)
          } else {
            foreign.length = Math.min(foreign.length, step)
            runs.cut(foreign.length)
          }
        for (let position = 1; position <= foreign.length; position++) {
          const run = runs.at(position)
          const first = foreign.indexOf(true, position - 1) + 1
          if (first === 0) expect(run).toBeUndefined()
          else expect(Math.max(position, run?.first ?? 0)).toBe(first)
          if (run !== undefined) expect([foreign[run.last - 1], foreign[run.last] ?? false]).toEqual([true, false])
        }
      }),
    )
  })
})
