/** Two processes that speak for one region at once are told apart from one that follows another. */
import { expect, it } from 'vitest'
import { Voices } from '../../../../../src/readers/replication/prove/voices.ts'

const scene = (): { readonly voices: Voices; readonly pass: (ms: number, ...speaking: readonly string[]) => void } => {
  let nowMs = 0
  const voices = new Voices({ monotonicMs: () => nowMs })
  const pass = (ms: number, ...speaking: readonly string[]): void => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 500) for (const start of speaking) voices.heard('us', start)
  }
  return { voices, pass }
}

it('a process that follows another is no second one, also when the first is heard for some time longer', () => {
  const { voices, pass } = scene()
  pass(60_000, 'first')
  pass(8000, 'first', 'second')
  pass(60_000, 'second')
  expect(voices.later()).toEqual([])
})

it('of two that go on to speak, the later is named', () => {
  const { voices, pass } = scene()
  pass(3000, 'first')
  pass(9500, 'first', 'second')
  expect(voices.later()).toEqual([])
  pass(2000, 'first', 'second')
  expect(voices.later()).toEqual(['second'])
  expect(voices.laterOf('us')).toEqual(['second'])
  expect(voices.laterOf('eu')).toEqual([])
})

it('once the earlier one is silent, nobody is named', () => {
  const { voices, pass } = scene()
  pass(15_000, 'first', 'second')
  expect(voices.later()).toEqual(['second'])
  pass(6000, 'second')
  expect(voices.later()).toEqual([])
})

it('a few words that come very late name nobody', () => {
  const { voices, pass } = scene()
  pass(1000, 'first')
  pass(20_000, 'second')
  pass(1500, 'first', 'second')
  expect(voices.later()).toEqual([])
})

it('however many processes there were, only the last few are told apart', () => {
  const { voices, pass } = scene()
  for (let n = 0; n < 1000; n++) pass(500, `process ${n}`)
  pass(30_000, 'process 998', 'process 999')
  expect(voices.later()).toEqual(['process 999'])
})
