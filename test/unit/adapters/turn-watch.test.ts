import { expect, it } from 'vitest'
import { TurnWatch } from '../../../src/adapters/system/turn-watch.ts'
import { turnLookMs, turnWarningsApartMs } from '../../../src/core/limits/limits.ts'

/** Time that passes only when the test says so; the watch's timer comes when `turn` is over. */
function world() {
  let nowMs = 0
  let due: (() => void) | undefined
  const delays: number[] = []
  const warned: unknown[] = []
  const watch = new TurnWatch({
    clock: {
      monotonicMs: () => nowMs,
      after: (_, work) => {
        due = work
        return () => (due = undefined)
      },
    },
    meter: { observe: (_, value) => void delays.push(Math.round(value * 1000)) },
    log: { warn: (_, fields) => void warned.push(fields) },
  })
  watch.start()
  const turn = (ms: number, what?: string): void => {
    nowMs += turnLookMs
    const work = (): void => void (nowMs += ms)
    if (what === undefined) work()
    else watch.run(what, work)
    due?.()
  }
  return { watch, turn, delays, warned, isWatching: () => due !== undefined }
}

it('a turn is measured by how long others waited for it', () => {
  const { turn, delays, warned } = world()
  for (const ms of [0, 3, 45]) turn(ms)
  expect([delays, warned]).toEqual([[0, 3, 45], []])
})

it('a long turn is warned of with the work that took longest in it', () => {
  const { turn, warned } = world()
  turn(20, 'a scan')
  turn(70, 'a status')
  expect(warned).toEqual([{ ms: 70, longest: 'a status', longestMs: 70, turns: 1 }])
})

it('many long turns are one warning in a while, which says how many there were', () => {
  const { turn, warned } = world()
  for (let n = 0; n < 5; n++) turn(100)
  turn(turnWarningsApartMs)
  expect(warned).toEqual([
    { ms: 100, turns: 1 },
    { ms: turnWarningsApartMs, turns: 5 },
  ])
})

it('nothing is watched after the end, and work that fails is measured too', () => {
  const { watch, isWatching } = world()
  expect(() =>
    watch.run('failing', () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  watch.stop()
  expect(isWatching()).toBe(false)
})
