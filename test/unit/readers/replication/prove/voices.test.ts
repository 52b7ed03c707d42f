/** Two processes that speak for one region at once are told apart from one that follows another. */
import { expect, it } from 'vitest'
import { type Told, Voices } from '../../../../../src/readers/replication/prove/voices.ts'

type Scene = {
  readonly voices: Voices
  readonly pass: (ms: number, ...speaking: readonly string[]) => void
  /** The same of one process, which tells each time what is said of this region by then. */
  readonly passTelling: (ms: number, start: string, told: () => Told) => void
  /** The position and the time of the region that hears. */
  readonly here: () => {
    readonly position: number
    readonly clock: { readonly wallMs: number; readonly counter: number }
  }
}

const scene = (): Scene => {
  let nowMs = 0
  const here: Scene['here'] = () => ({ position: nowMs, clock: { wallMs: nowMs, counter: 0 } })
  const engine = { clock: () => here().clock, flushed: () => here().position }
  const voices = new Voices({ clock: { monotonicMs: () => nowMs }, engine })
  const passTelling: Scene['passTelling'] = (ms, start, told) => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 500) voices.heard('us', start, told())
  }
  const pass: Scene['pass'] = (ms, ...speaking) => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 500) for (const start of speaking) voices.heard('us', start)
  }
  return { voices, pass, passTelling, here }
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

it('one that tells of what was said here since the later began is known to run beside it', () => {
  for (const member of ['clock', 'position'] as const) {
    const { voices, passTelling, here } = scene()
    passTelling(3000, 'first', () => ({ [member]: here()[member] }))
    voices.heard('us', 'second')
    passTelling(500, 'first', () => ({ [member]: here()[member] }))
    expect(voices.later()).toEqual([])
    passTelling(500, 'first', () => ({ [member]: here()[member] }))
    expect(voices.later()).toEqual(['second'])
  }
})

it('words that are under way when their process is replaced name nobody, also false ones', () => {
  for (const told of [{ position: 2999 }, { clock: { wallMs: 1e9, counter: 0 } }]) {
    const { voices, pass, passTelling } = scene()
    passTelling(3000, 'first', () => told)
    voices.heard('us', 'second')
    passTelling(4000, 'first', () => told)
    pass(60_000, 'second')
    expect(voices.later()).toEqual([])
  }
})

it('nothing is built on a process while an earlier one is heard', () => {
  const { voices, pass } = scene()
  pass(3000, 'first')
  expect(voices.heard('us', 'second')).toBe(false)
  expect([voices.counts('us', 'first'), voices.counts('us', 'second')]).toEqual([true, false])
  pass(1500, 'second')
  expect(voices.counts('us', 'second')).toBe(false)
  pass(1500, 'second')
  expect([voices.counts('us', 'second'), voices.heard('eu', 'other'), voices.heard('us', undefined)]).toEqual([
    true,
    true,
    true,
  ])
})

it('of nodes that lead one after another the later counts at once, and the earlier no more, however long it does not notice', () => {
  const { voices, pass, passTelling, here } = scene()
  const [former, leader] = ['t7.former', 't8.leader'] as const
  pass(3000, former)
  expect(voices.heard('us', leader)).toBe(true)
  passTelling(30_000, former, () => ({ clock: here().clock, position: here().position }))
  expect([voices.heard('us', former), voices.counts('us', former), voices.heard('us', leader)]).toEqual([
    false,
    false,
    true,
  ])
  expect(voices.later()).toEqual([])
})

it('two processes of one term are told apart as ever', () => {
  const { voices, pass } = scene()
  pass(3000, 't7.one')
  pass(20_000, 't7.one', 't7.copy')
  expect(voices.later()).toEqual(['t7.copy'])
})
