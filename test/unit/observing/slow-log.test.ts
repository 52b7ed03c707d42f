import { describe, expect, test } from 'vitest'
import { SlowLog, slowCauseOf } from '../../../src/node/observing/slow-log.ts'
import { answeredRequest } from './answered.ts'

const parts = { preparingMs: 0, positionMs: 0, runningMs: 0, waitingMs: 0 }

describe('the log of slow requests', () => {
  test('has what took so long, where the time went, and why', () => {
    const lines: unknown[] = []
    const log = { warn: (event: string, fields?: object) => void lines.push({ event, ...fields }) }
    const slow = new SlowLog({ slowMs: 20, log, clock: { monotonicMs: () => 0 } })
    slow.answered(answeredRequest({ tookMs: 19.9 }))
    slow.answered(answeredRequest({ tookMs: 20.04 }))
    expect(lines).toEqual([
      {
        event: 'slow request',
        requestId: 'ID',
        operation: 'PutItem',
        tables: ['Orders'],
        outcome: 'ok',
        cause: 'flush',
        ms: 20,
        preparingMs: 1,
        positionMs: 0,
        runningMs: 2,
        waitingMs: 17,
        units: 1,
        requestBytes: 100,
        replyBytes: 2,
      },
    ])
  })

  test('has ten lines a second, and says how many it left out', () => {
    const lines: { leftOut?: number }[] = []
    let nowMs = 0
    const log = { warn: (_: string, fields?: object) => void lines.push({ ...fields }) }
    const slow = new SlowLog({ slowMs: 1, log, clock: { monotonicMs: () => nowMs } })
    for (let n = 0; n < 25; n++) slow.answered(answeredRequest())
    expect(lines).toHaveLength(10)
    nowMs = 1000
    slow.answered(answeredRequest())
    slow.answered(answeredRequest())
    expect(lines.slice(10).map(({ leftOut }) => leftOut)).toEqual([15, undefined])
  })

  test.each([
    ['throttle', { outcome: 'ThrottlingException' }],
    ['position', { parts: { ...parts, positionMs: 9 } }],
    ['flush', { parts: { ...parts, waitingMs: 9 } }],
    ['elsewhere', { kind: 'read', parts: { ...parts, waitingMs: 9 } }],
    ['lengthy read', { kind: 'read', units: 40, parts: { ...parts, runningMs: 9 } }],
    ['size', { requestBytes: 300_000, parts: { ...parts, preparingMs: 9 } }],
    ['work', { parts: { ...parts, runningMs: 9 } }],
  ] as const)('names %s', (cause, more) => {
    expect(slowCauseOf(answeredRequest(more))).toBe(cause)
  })
})
