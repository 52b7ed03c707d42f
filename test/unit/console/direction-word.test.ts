import { describe, expect, test } from 'vitest'
import { lagText, sentenceOf, toneOf, wordOf } from '../../../src/console/model/direction-word.ts'
import { spreadOf } from '../../../src/console/model/figure-text.ts'
import type { CarriedLink, Direction } from '../../../src/console/model/console-state.ts'

const link: CarriedLink = {
  roundTripMs: 70,
  configuredMs: 70,
  jitterMs: 0,
  bandwidthBitsPerSecond: null,
  stall: null,
  state: 'up',
  faults: [],
  bytesPerSecond: 0,
}
const fault = { id: 'a', owner: 'ann', what: 'rtt 250ms', startedAt: '2026-11-30T20:00:00.000Z', endsAt: null }
const live: Direction = { from: 'us', to: 'eu', state: 'live', received: 'live', pending: 0, lagMs: 0, link }

describe('the word for a direction', () => {
  test.each([
    ['live', live],
    ['idle', { ...live, state: 'idle' }],
    ['cut', { ...live, link: { ...link, state: 'down' } }],
    ['cut', { ...live, state: 'cut' }],
    ['reset', { ...live, link: { ...link, state: 'reset' } }],
    ['slow', { ...live, link: { ...link, roundTripMs: 250, faults: [fault] } }],
    ['paused', { ...live, pausedUntilMs: 5 }],
    ['held', { ...live, received: 'held' }],
    ['fetching', { ...live, received: 'resync' }],
    ['refused', { ...live, received: 'refused' }],
    ['unknown', { ...live, state: 'unknown' }],
    ['unknown', { from: 'us', to: 'eu', state: 'something new', received: 'unknown' }],
  ] as const)('%s', (word, direction) => {
    expect(wordOf(direction)).toBe(word)
    expect(toneOf[wordOf(direction)]).toBeDefined()
  })
})

describe('how far a region is behind', () => {
  test('is never a bare 0, and is unknown where the sender does not say it', () => {
    expect(lagText(live)).toBe('all there')
    expect(lagText({ ...live, state: 'cut', pending: 3, lagMs: 2100 })).toBe('3 pending, 2.1 s old')
    expect(lagText({ from: 'us', to: 'eu', state: 'unknown', received: 'live' })).toBe('unknown')
    expect(lagText({ ...live, state: 'unknown' })).toBe('unknown')
    expect(sentenceOf({ ...live, link: { ...link, faults: [fault] } })).toContain('rtt 250ms by ann, until healed')
  })

  test('has percentiles only of what was seen', () => {
    expect(spreadOf([])).toBeUndefined()
    expect(spreadOf([4, 1, 3, 2])).toEqual({ p50: 3, p99: 4, max: 4 })
  })
})
