import { expect, it } from 'vitest'
import type { Rows } from '../../../../../src/core/change/rows.ts'
import { joinBytesUnderWayMax, snapshotTargetBytes } from '../../../../../src/core/limits/limits.ts'
import type { Clock } from '../../../../../src/ports/clock.ts'
import type { Places, Questions } from '../../../../../src/readers/replication/talk/questions.ts'
import { type Source, Sources } from '../../../../../src/readers/replication/replicas/copy-sources.ts'

const scene = () => {
  const state = { nowMs: 0 }
  return { state, sources: new Sources({ monotonicMs: () => state.nowMs } as Clock) }
}
const sourceIn = (region: string, questions: Partial<Questions> = {}): Source => ({
  region,
  questions: questions as Questions,
})

it('a question that several joins have is asked once more after all of them wanted to know', async () => {
  const { sources } = scene()
  const answers: ((places: Places) => void)[] = []
  const places = () => new Promise<Places>((resolve) => answers.push(resolve))
  const source = sourceIn('us', { places })
  const first = sources.places(source)
  await Promise.resolve()
  // The first question is under way: it may have been answered before these wanted to know.
  const later = [sources.places(source), sources.places(source)]
  await Promise.resolve()
  expect(answers.length).toBe(1)
  const [old, fresh] = [{ epoch: 'old' }, { epoch: 'new' }] as unknown as [Places, Places]
  answers[0]?.(old)
  expect(await first).toBe(old)
  await new Promise((resolve) => setImmediate(resolve))
  expect(answers.length).toBe(2)
  answers[1]?.(fresh)
  expect(await Promise.all(later)).toEqual([fresh, fresh])
})

it('parts of tables with items are few at a time from one source; those of empty tables do not wait for each other', async () => {
  const { sources } = scene()
  const ends: (() => void)[] = []
  let [underWay, most] = [0, 0]
  const ask = async (): Promise<Rows> => {
    most = Math.max(most, ++underWay)
    await new Promise<void>((resolve) => ends.push(resolve))
    underWay--
    return { rows: [], done: true }
  }
  const asked = async (items: number | undefined): Promise<number> => {
    most = 0
    const parts = Array.from({ length: 10 }, () => sources.part(sourceIn('us'), { isAhead: false, next: ask }, items))
    for (let turn = 0; turn < 30; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      ends.shift()?.()
    }
    await Promise.all(parts)
    return most
  }
  expect(await asked(undefined)).toBe(joinBytesUnderWayMax / snapshotTargetBytes)
  expect(await asked(1000)).toBe(joinBytesUnderWayMax / snapshotTargetBytes)
  expect(await asked(0)).toBe(10)
})

it('a source that has not answered is asked after the others for a while', () => {
  const { sources, state } = scene()
  const all = [sourceIn('us'), sourceIn('eu')]
  const order = () => sources.sorted(all).map(({ region }) => region)
  sources.noteSilent('us')
  expect(order()).toEqual(['eu', 'us'])
  state.nowMs = 60_000
  expect(order()).toEqual(['us', 'eu'])
})
