/** The decisions of a lane, run against a shard that is a list and a function that answers by chance. */
import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Lane, laneFrom, type Outcome, passed, settle } from '../../../src/core/triggers/trigger-lane.ts'
import { type MappingSettings, usualSettings } from '../../../src/core/triggers/mapping.ts'

type Rec = { readonly position: number; readonly atMs: number }
type Run = {
  readonly handled: number[][]
  readonly sent: number[][]
  readonly dropped: { readonly position: number; readonly reason: string }[]
  readonly steps: number
  readonly lane: Lane
}

type Answer = (positions: readonly number[], step: number) => Outcome

/** The shard ends with its last record. */
function run(records: readonly Rec[], settings: MappingSettings, answer: Answer, stepMs = 10): Run {
  const end = records.at(-1)?.position ?? 0
  const [handled, sent, dropped] = [[] as number[][], [] as number[][], [] as Run['dropped'][number][]]
  let lane = laneFrom({ after: 0 })
  let nowMs = 0
  let steps = 0
  for (; steps < 5000; steps++) {
    if (lane.after >= end && lane.window === undefined && lane.pieces.length === 0) break
    const bound = lane.pieces[0]?.upTo ?? end
    const there = records.filter(({ position }) => position > lane.after && position <= bound)
    const gathered = there.slice(0, settings.batchSize)
    const isFull = there.length >= settings.batchSize
    const upTo = there.length > gathered.length ? (there[gathered.length]?.position ?? 0) - 1 : bound
    const decision = decide(lane, { records: gathered, upTo, isFull, isEnd: upTo >= end }, settings, nowMs)
    nowMs += stepMs
    if (decision.kind === 'wait') lane = { ...lane, sinceMs: decision.sinceMs }
    else if (decision.kind === 'pass') lane = passed(lane, decision.upTo)
    else {
      const batch = gathered.slice(0, decision.count)
      const positions = batch.map(({ position }) => position)
      if (decision.kind === 'drop') {
        for (const position of positions) dropped.push({ position, reason: decision.reason })
        lane = passed(lane, decision.upTo)
        continue
      }
      sent.push(positions)
      const outcome = answer(positions, steps)
      if (outcome.kind === 'done') handled.push(positions)
      if (outcome.kind === 'partly') handled.push(positions.slice(0, outcome.from))
      ;({ lane } = settle(lane, { ...decision, records: batch }, outcome, settings))
    }
  }
  return { handled, sent, dropped, steps, lane }
}

const shards = array(integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }).map((gaps) =>
  gaps.reduce<Rec[]>((all, gap) => [...all, { position: (all.at(-1)?.position ?? 0) + gap, atMs: 0 }], []),
)

const settingsOf = record({
  batchSize: integer({ min: 1, max: 12 }),
  retries: constantFrom(-1, 0, 1, 3),
  bisects: boolean(),
})

/** Fails by chance, and succeeds in the end. */
const chances = array(constantFrom('done', 'failed', 'partly', 'unavailable'), { maxLength: 60 })

function answering(script: readonly string[]): Answer {
  let call = 0
  return (positions) => {
    const kind = script[call++] ?? 'done'
    if (kind === 'partly')
      return positions.length > 1 ? { kind, from: Math.floor(positions.length / 2) } : { kind: 'failed' }
    return { kind: kind as 'done' | 'failed' | 'unavailable' }
  }
}

describe('a lane', () => {
  test('handles or gives up every record, whatever the function answers', () => {
    assert(
      property(shards, settingsOf, chances, (records, some, script) => {
        const { handled, dropped, lane } = run(records, { ...usualSettings, ...some }, answering(script))
        const done = new Set([...handled.flat(), ...dropped.map(({ position }) => position)])
        expect([...done].toSorted((a, b) => a - b)).toEqual(records.map(({ position }) => position))
        expect(lane.pieces).toEqual([])
      }),
    )
  })

  test('sends nothing behind a record that is not done: first sendings are in order', () => {
    assert(
      property(shards, settingsOf, chances, (records, some, script) => {
        const settings = { ...usualSettings, ...some }
        const done = new Set<number>()
        run(records, settings, (positions, step) => {
          const [first = 0] = positions
          const before = records.filter(({ position }) => position < first).map(({ position }) => position)
          if (settings.retries < 0) expect(before.every((position) => done.has(position))).toBe(true)
          const outcome = answers(positions, step)
          const count = outcome.kind === 'done' ? positions.length : outcome.kind === 'partly' ? outcome.from : 0
          for (const position of positions.slice(0, count)) done.add(position)
          return outcome
        })
        function answers(positions: readonly number[], step: number): Outcome {
          return (script[step] ?? 'done') === 'failed'
            ? { kind: 'failed' }
            : answering(script.slice(step))(positions, step)
        }
      }),
    )
  })

  test('gives no record up before it was sent as often as it may be', () => {
    assert(
      property(shards, settingsOf, integer({ min: 0, max: 39 }), (records, some, bad) => {
        const settings = { ...usualSettings, ...some, retries: Math.max(0, some.retries), bisects: true }
        const poison = records[bad % records.length]?.position ?? 0
        const { handled, dropped, sent } = run(records, settings, (positions) => ({
          kind: positions.includes(poison) ? 'failed' : 'done',
        }))
        expect(dropped).toEqual([{ position: poison, reason: 'RetryAttemptsExhausted' }])
        expect(sent.filter((batch) => batch.length === 1 && batch[0] === poison).length).toBe(settings.retries + 1)
        expect(handled.flat().length).toBe(records.length - 1)
      }),
    )
  })

  test('sends a batch that could not be delivered as often as it takes: that is no attempt', () => {
    let calls = 0
    const outcome = (): Outcome => (++calls < 50 ? { kind: 'unavailable' } : { kind: 'done' })
    const { dropped, handled } = run([{ position: 1, atMs: 0 }], { ...usualSettings, retries: 0 }, outcome)
    expect([dropped, handled]).toEqual([[], [[1]]])
  })

  test('gives up what becomes too old, also while it is sent again', () => {
    const records = [1, 2, 3].map((position) => ({ position, atMs: position * 100 }))
    const settings = { ...usualSettings, recordAgeSeconds: 60 }
    const { dropped } = run(records, settings, () => ({ kind: 'failed' }), 1000)
    expect(dropped.map(({ position, reason }) => [position, reason])).toEqual([
      [1, 'RecordAgeExceeded'],
      [2, 'RecordAgeExceeded'],
      [3, 'RecordAgeExceeded'],
    ])
  })

  test('never sends records of two windows together, and ends each window once, early at the end of the shard', () => {
    assert(
      property(array(integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 30 }), (gaps) => {
        let atMs = 0
        const records = gaps.map((gap, n) => ({ position: n + 1, atMs: (atMs += gap) }))
        const settings = { ...usualSettings, windowSeconds: 5, batchSize: 7 }
        const ends: boolean[] = []
        const windowOf = (position: number): number => Math.floor((records[position - 1]?.atMs ?? 0) / 5000)
        const { handled } = run(records, settings, (positions) => {
          if (positions.length === 0) ends.push(true)
          expect(new Set(positions.map(windowOf)).size).toBeLessThan(2)
          return { kind: 'done', window: { state: '{}', isTooLarge: false } }
        })
        expect(handled.flat().length).toBe(records.length)
        expect(ends.length).toBe(new Set(records.map(({ position }) => windowOf(position))).size)
      }),
    )
  })
})
