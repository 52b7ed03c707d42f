import { describe, expect, test } from 'vitest'
import { bandwidthFrom, bandwidthText, changeText, delayFrom, stallFrom } from '../../../../src/links/quantities.ts'
import { selects } from '../../../../src/links/control/link-selection.ts'

test.each([
  ['120ms', 120],
  ['1.5s', 1500],
  ['0', 0],
  ['69.6ms', 69.6],
  ['61s', undefined],
  ['-1ms', undefined],
  ['fast', undefined],
])('a delay of %s', (text, ms) => expect(delayFrom(text)).toBe(ms))

test.each([
  ['50mbit', 50e6],
  ['1.5gbit', 1.5e9],
  ['800kbit/s', 800e3],
  ['none', null],
  ['50MB', undefined],
  ['1bit', undefined],
  ['900gbit', undefined],
])('a bandwidth of %s', (text, bits) => expect(bandwidthFrom(text)).toBe(bits))

test.each([
  ['5%/300ms', { percent: 5, ms: 300 }],
  ['0.5 % / 1s', { percent: 0.5, ms: 1000 }],
  ['0%/300ms', null],
  ['none', null],
  ['101%/1s', undefined],
  ['5%', undefined],
])('stalls of %s', (text, stall) => expect(stallFrom(text)).toEqual(stall))

test('a change is told as it is written', () => {
  expect(
    changeText({ roundTripMs: 120, jitterMs: 10, bandwidthBitsPerSecond: 50e6, stall: { percent: 5, ms: 300 } }),
  ).toBe('rtt 120ms, jitter 10ms, bandwidth 50mbit, stall 5%/300ms')
  expect(changeText({ state: 'down', bandwidthBitsPerSecond: null })).toBe('down, bandwidth unlimited')
  expect(bandwidthText(1.5e9)).toBe('1.5gbit')
})

describe('which links are meant', () => {
  const all = ['a', 'b', 'c'].flatMap((from) => ['a', 'b', 'c'].filter((to) => to !== from).map((to) => ({ from, to })))
  const meant = (text: string): readonly string[] | undefined => {
    const selector = selects(text)
    return selector === undefined ? undefined : all.filter(selector).map(({ from, to }) => from + to)
  }

  test.each([
    ['a..b', ['ab', 'ba']],
    ['a>b', ['ab']],
    ['a..*', ['ab', 'ac', 'ba', 'ca']],
    ['a>all', ['ab', 'ac']],
    ['*>a', ['ba', 'ca']],
    ['*', ['ab', 'ac', 'ba', 'bc', 'ca', 'cb']],
    ['a..x', []],
    ['a', undefined],
    ['a...b', undefined],
    ['a..b..c', undefined],
  ])('%s', (text, names) => expect(meant(text)).toEqual(names))
})
