import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ClockState,
  clockZero,
  isAfter,
  receive,
  tick,
} from '../../../../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Seen } from '../../../../../src/core/change/control.ts'
import { horizonOf } from '../../../../../src/readers/replication/prove/horizon.ts'
import { Watermark } from '../../../../../src/readers/replication/talk/watermark.ts'

type Write = { readonly origin: number; readonly clock: ClockState; readonly knew: readonly number[] }
type Word = { readonly position: number; readonly clock: ClockState; readonly seen: readonly Seen[] }

const count = 3
const regions = Array.from({ length: count }, (_, n) => n)
const replicas = regions.map((n) => ({ region: String(n), status: 'ACTIVE' as const }))

/** Regions that write, speak and listen; words and writes take their own time, each kind in its order. */
class Region {
  clock = clockZero
  readonly log: Write[] = []
  /** Of each region, how much of its log is here, and how many of its words are. */
  readonly cursors = regions.map(() => 0)
  readonly heard = regions.map(() => 0)
  readonly words: Word[] = []
  readonly watermarks = regions.map(() => new Watermark())
  readonly number: number

  constructor(number: number) {
    this.number = number
  }

  write(nowMs: number): void {
    this.clock = tick(this.clock, nowMs)
    this.log.push({ origin: this.number, clock: this.clock, knew: [...this.cursors] })
    this.cursors[this.number] = this.log.length
  }

  speak(): void {
    const seen = this.others().map((n) => ({ region: String(n), clock: this.#watermark(n).clock }))
    this.words.push({ position: this.log.length, clock: this.clock, seen })
  }

  apply(from: Region, nowMs: number): void {
    const write = from.log[this.#cursor(from.number)]
    if (write === undefined) return
    this.clock = receive(this.clock, write.clock, nowMs)
    this.cursors[from.number] = this.#cursor(from.number) + 1
    this.#watermark(from.number).reach(this.#cursor(from.number))
  }

  hear(from: Region): void {
    const word = from.words[this.heard[from.number] as number]
    if (word === undefined) return
    this.heard[from.number] = (this.heard[from.number] as number) + 1
    this.#watermark(from.number).promise(word)
    this.#watermark(from.number).reach(this.#cursor(from.number))
  }

  horizon(): ClockState | undefined {
    const told = this.others().map((n) => ({ region: String(n), watermark: this.#watermark(n) }))
    return horizonOf({ id: 't', replicas }, { region: String(this.number), clock: this.clock }, told)
  }

  others(): number[] {
    return regions.filter((n) => n !== this.number)
  }

  #cursor(of: number): number {
    return this.cursors[of] as number
  }

  #watermark(of: number): Watermark {
    return this.watermarks[of] as Watermark
  }
}

const step = fc.record({
  does: fc.constantFrom('write', 'speak', 'speak', 'apply', 'apply', 'hear', 'hear'),
  who: fc.nat(count - 1),
  from: fc.nat(count - 1),
  times: fc.integer({ min: 1, max: 5 }),
  nowMs: fc.nat(30),
})

const own = { region: 'a', clock: { wallMs: 9, counter: 0 } }
const table = { id: 't', replicas: [] }
const word = (...of: readonly string[]) => ({
  clock: { wallMs: 8, counter: 0 },
  waiting: [],
  seen: of.map((region) => ({ region, clock: { wallMs: 7, counter: 0 } })),
})
const inTwo = [{ region: 'b', watermark: word('a', 'c') }]

describe('the horizon', () => {
  it('passes a write only when all have it, and nothing that was written without it is still to arrive here', () => {
    let passed = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 300, size: 'max' }), (steps) => {
        const world = regions.map((n) => new Region(n))
        for (const { does, who, from, times, nowMs } of steps) {
          const [region, other] = [world[who], world[from]] as [Region, Region]
          if (does === 'write') region.write(nowMs)
          else if (does === 'speak') region.speak()
          else if (who !== from)
            for (let n = 0; n < times; n++)
              if (does === 'apply') region.apply(other, nowMs)
              else region.hear(other)
          passed += checkHorizon(region, world)
        }
      }),
      { numRuns: 200 },
    )
    expect(passed).toBeGreaterThan(1000)
  })

  it('is not known before every region that is met has spoken of every other', () => {
    expect(horizonOf(table, own, inTwo)).toEqual({ wallMs: 7, counter: 0 })
    expect(horizonOf(table, own, [...inTwo, { region: 'c', watermark: word('a') }])).toBeUndefined()
    const silent = { region: 'c', watermark: { ...word(), seen: undefined } }
    expect(horizonOf(table, own, [...inTwo, silent])).toBeUndefined()
    expect(horizonOf({ ...table, replicas: [{ region: 'c', status: 'ACTIVE' }] }, own, inTwo)).toBeUndefined()
    expect(horizonOf({ ...table, replicas: [{ region: 'b', status: 'CREATING' }] }, own, inTwo)).toBeUndefined()
  })

  it('is not known of a table that waits here or elsewhere, and is known of the others', () => {
    const waiting = [{ table: 't', clock: { wallMs: 1, counter: 0 } }]
    const here = [{ region: 'b', watermark: { ...word('a'), waiting } }]
    const there = [{ region: 'b', watermark: { ...word(), seen: [{ ...own, waiting }] } }]
    for (const told of [here, there]) {
      expect(horizonOf(table, own, told)).toBeUndefined()
      expect(horizonOf({ ...table, id: 'u' }, own, told)).toBeDefined()
    }
  })
})

/** How many writes it has passed. */
function checkHorizon(region: Region, world: readonly Region[]): number {
  const horizon = region.horizon()
  if (horizon === undefined) return 0
  let passed = 0
  for (const { log, number: origin } of world)
    for (const [n, { clock }] of log.entries()) {
      if (isAfter(clock, horizon)) break
      passed++
      for (const other of world) {
        expect(other.cursors[origin]).toBeGreaterThan(n)
        const onItsWay = other.log.slice(region.cursors[other.number])
        for (const { knew } of onItsWay) if (other.number !== origin) expect(knew[origin]).toBeGreaterThan(n)
      }
    }
  return passed
}
