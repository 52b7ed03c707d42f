import { describe, expect, test } from 'vitest'
import { appended, marksOf, rowsOf, seriesOf, spansOf } from '../../../src/console/model/past-series.ts'
import type { Note } from '../../../src/console/model/console-state.ts'

const history = {
  from: 'us',
  to: 'eu',
  atMs: [1000, 2000, 3000],
  lagMs: [0, 40, null],
  pending: [0, 2, null],
  safe: [1, 0, null],
}
const direction = { from: 'us', to: 'eu', state: 'live', received: 'live', pending: 1, lagMs: 7, safeToEvacuate: false }

describe('the past of a direction', () => {
  test('goes on with each state, once, and stays bounded', () => {
    const series = appended(seriesOf(history), 4000, direction, 3)
    expect(series).toEqual({ at: [2, 3, 4], lagMs: [40, null, 7], pending: [2, null, 1], safe: [0, null, 0] })
    expect(appended(series, 4000, direction, 3)).toBe(series)
  })

  test('says when it was not safe to evacuate, and when that is not known', () => {
    expect(spansOf(seriesOf(history))).toEqual([
      { from: 2, to: 3, state: 'not safe' },
      { from: 3, to: 3, state: 'unknown' },
    ])
  })

  test('is a table in which what is not known is unknown', () => {
    expect(rowsOf(seriesOf(history), 1)).toEqual([
      { atMs: 3000, lag: 'unknown', pending: 'unknown', safe: 'unknown' },
      { atMs: 2000, lag: '40 ms', pending: '2', safe: 'not safe' },
      { atMs: 1000, lag: 'all there', pending: 'none', safe: 'safe' },
    ])
  })

  test('has the marks of its own regions and its own time', () => {
    const note = (atMs: number, regions: readonly string[]): Note => ({ atMs, kind: 'fault', text: 'down', regions })
    const notes = [note(500, ['us', 'eu']), note(1500, ['us', 'eu']), note(1600, ['ap'])]
    expect(marksOf(seriesOf(history), notes, ['us', 'eu'])).toEqual([notes[1]])
  })
})
