/** What is said of a stream that is refused, and how often. */
import { beforeEach, describe, expect, it } from 'vitest'
import { refusalLoggedEveryMs, refusedBackOffMsMax } from '../../../../../src/core/limits/limits.ts'
import { StreamRefused } from '../../../../../src/core/stream-refusal.ts'
import { StreamTrouble } from '../../../../../src/readers/replication/send/stream-trouble.ts'

let nowMs = 0
let lines: string[] = []
let counted: unknown[] = []
let trouble: StreamTrouble

const log = {
  debug() {},
  error() {},
  info: (event: string) => void lines.push(event),
  warn: (event: string) => void lines.push(event),
  with: () => log,
}

beforeEach(() => {
  ;[nowMs, lines, counted] = [1_000_000, [], []]
  const clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => () => undefined,
    sleep: () => Promise.resolve(),
  }
  const meter = { count: (...each: unknown[]) => void counted.push(each), gauge() {}, observe() {}, forget() {} }
  const random = { fraction: () => 1 - Number.EPSILON } as never
  trouble = new StreamTrouble({ clock, log, meter, random })
})

const full = new StreamRefused('full', 'no room', { code: 10_047 })

describe('a stream that is refused', () => {
  it('is told with its kind, reason, advice and beginning', () => {
    trouble.met(full, 'end')
    nowMs += 5000
    trouble.met(full, 'end')
    expect(trouble.told).toMatchObject({ kind: 'full', code: 10_047, reason: 'no room', sinceMs: 1_000_000 })
    expect(trouble.told?.advice).not.toBe('')
  })

  it('is counted each time, and logged once a minute', () => {
    for (let n = 0; n < 2 * 60; n++) {
      trouble.met(full, 'end')
      nowMs += refusalLoggedEveryMs / 60
    }
    expect(counted).toHaveLength(120)
    expect(counted[0]).toEqual(['longitude_stream_refusals_total', { kind: 'full' }])
    expect(lines).toEqual(['the stream is refused', 'the stream is refused'])
  })

  it('is logged again when the reason is another', () => {
    trouble.met(full, 'end')
    trouble.met(new StreamRefused('denied', 'no'), 'end')
    expect(lines).toHaveLength(2)
    expect(trouble.told).toMatchObject({ kind: 'denied' })
  })

  it('is tried again at growing distances, up to a bound', () => {
    const pauses = Array.from({ length: 10 }, () => Math.round(trouble.met(full, 'end')))
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800])
    expect(pauses.at(-1)).toBe(refusedBackOffMsMax)
  })
})

describe('a trouble is over', () => {
  it('once the end of the stream can be read, where that was refused', () => {
    trouble.met(full, 'end')
    trouble.over('end')
    expect(trouble.told).toBeUndefined()
    expect(lines.at(-1)).toBe('the stream is taken again')
  })

  it('once a message is stored, where that was refused: reading the end shows nothing', () => {
    trouble.met(full, 'append')
    trouble.over('end')
    expect(trouble.told).toMatchObject({ kind: 'full' })
    trouble.over('append')
    expect(trouble.told).toBeUndefined()
  })
})
