import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linkInFlightBytesMax, linkShareBytes, linkWaitingMax } from '../../../../src/core/limits/link-limits.ts'
import { type Content, Flow, LinkBudget } from '../../../../src/links/lane/flow.ts'
import { Line } from '../../../../src/links/lane/line.ts'
import { plainShape, type Shape } from '../../../../src/links/lane/link-shape.ts'

type WorldOptions = { readonly flows?: number; readonly random?: () => number; readonly budget?: LinkBudget }

/** Flows on one line in a time of our own: what is put when, and what comes out when. */
class World {
  readonly line: Line
  readonly flows: readonly Flow[]
  readonly arrived: { readonly flow: number; readonly content: Content; readonly atMs: number }[] = []
  nowMs = 0

  constructor(shape: Partial<Shape>, { flows = 1, random = () => 0.5, budget = new LinkBudget() }: WorldOptions = {}) {
    this.line = new Line({ ...plainShape, ...shape }, random)
    this.flows = Array.from({ length: flows }, () => new Flow(this.line, () => {}, budget))
  }

  put(content: Content, flow = 0): void {
    this.flows[flow]?.put(content, this.nowMs)
    this.line.serve(this.nowMs)
  }

  /** Everything that happens up to then, each thing at its moment. */
  runUntil(endMs: number): void {
    for (;;) {
      const next = Math.min(this.line.nextMs ?? Infinity, ...this.flows.map((flow) => flow.nextMs ?? Infinity))
      if (next > endMs) break
      this.nowMs = Math.max(this.nowMs, next)
      this.line.serve(this.nowMs)
      for (const [index, flow] of this.flows.entries())
        for (let content = flow.take(this.nowMs); content !== undefined; content = flow.take(this.nowMs)) {
          this.arrived.push({ flow: index, content, atMs: this.nowMs })
          this.line.serve(this.nowMs)
        }
    }
    this.nowMs = endMs
  }

  bytesArrived(flow = 0): number {
    return this.arrived
      .filter((one) => one.flow === flow)
      .reduce((sum, { content }) => sum + (typeof content === 'string' ? 0 : content.length), 0)
  }
}

const shapes = fc.record({
  roundTripMs: fc.nat(200),
  jitterMs: fc.nat(50),
  bandwidthBitsPerSecond: fc.option(fc.integer({ min: 8000, max: 1e9 })),
  stall: fc.option(fc.record({ percent: fc.nat(100), ms: fc.integer({ min: 1, max: 300 }) })),
})
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ put: fc.integer({ min: 1, max: 70_000 }), flow: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ waitMs: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ shape: shapes, state: fc.constantFrom('up' as const, 'down' as const) }) },
  ),
  { maxLength: 60 },
)

describe('a flow over a line', () => {
  test('loses nothing, repeats nothing and keeps the order, however the line changes meanwhile', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (list, chances) => {
        const world = new World({}, { flows: 3, random: () => chances.next().value ?? 0 })
        const said = ['', '', '']
        let count = 0
        for (const step of list) {
          if ('put' in step) {
            const text = `${count++},`.repeat(Math.ceil(step.put / 4)).slice(0, step.put)
            said[step.flow] += text
            world.put(Buffer.from(text), step.flow)
          } else if ('waitMs' in step) world.runUntil(world.nowMs + step.waitMs)
          else {
            world.line.shape = { ...step.shape, state: step.state }
            world.line.serve(world.nowMs)
          }
        }
        world.flows.forEach((_, flow) => world.put('end', flow))
        world.line.shape = plainShape
        world.line.serve(world.nowMs)
        world.runUntil(world.nowMs + 1e9)
        for (const [flow, text] of said.entries()) {
          const heard = world.arrived.filter((one) => one.flow === flow).map(({ content }) => content)
          expect(heard.at(-1)).toBe('end')
          expect(heard.slice(0, -1).map(String).join('') === text).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('brings nothing before its delay is over, and by itself exactly then', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ waitMs: fc.nat(40), size: fc.integer({ min: 1, max: 60_000 }) })),
        fc.nat(200),
        (puts, roundTripMs) => {
          const world = new World({ roundTripMs })
          const due = puts.map(({ waitMs, size }) => {
            world.runUntil(world.nowMs + waitMs)
            world.put(Buffer.alloc(size))
            return world.nowMs + roundTripMs / 2
          })
          world.runUntil(world.nowMs + roundTripMs)
          expect(world.arrived.map(({ atMs }) => atMs)).toEqual(due)
        },
      ),
    )
  })

  test('draws the delay evenly from the half round trip, less and more half of the jitter', () => {
    const draws = [0, 0.25, 0.5, 0.999]
    const world = new World({ roundTripMs: 100, jitterMs: 20 }, { random: () => draws.shift() ?? 0 })
    for (const sentMs of [0, 100, 200, 300]) {
      world.runUntil(sentMs)
      world.put(Buffer.alloc(1))
    }
    world.runUntil(1000)
    expect(world.arrived.map(({ atMs }, n) => Math.round(atMs - n * 100))).toEqual([40, 45, 50, 60])
  })

  test('carries what its bandwidth lets through, and a burst of no more than five milliseconds of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64_000, max: 1e9 }), (bits) => {
        const world = new World({ bandwidthBitsPerSecond: bits })
        const seconds = 0.5
        const flow = world.flows[0] as Flow
        world.runUntil(50)
        while (world.nowMs < 50 + seconds * 1000) {
          while (!flow.isHigh) world.put(Buffer.alloc(20_000))
          world.runUntil(world.nowMs + 1)
        }
        const wanted = (bits / 8) * seconds
        expect(world.bytesArrived()).toBeLessThan(wanted * 1.012 + 1460)
        expect(world.bytesArrived()).toBeGreaterThan(wanted * 0.98 - 1460)
      }),
      { numRuns: 25 },
    )
  })

  test('has at most a quarter of a second of the line waiting, and at least 2 KB of room, and is never idle for it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8000, max: 8e6 }), fc.integer({ min: 1, max: 65_536 }), (bits, readBytes) => {
        const world = new World({ bandwidthBitsPerSecond: bits })
        const flow = world.flows[0] as Flow
        const most = Math.max(2048, bits / 32)
        let reading = true
        world.runUntil(50)
        while (world.nowMs < 2050) {
          reading = flow.isLow || (reading && !flow.isHigh)
          for (let left = reading ? readBytes : 0; left > 0 && flow.roomBytes > 0;) {
            const size = Math.floor(Math.min(left, Math.max(1, flow.roomBytes)))
            world.put(Buffer.alloc(size))
            left -= size
          }
          // What was taken has been given to the line, or waits; a piece or two are on the line itself.
          expect(flow.waitingBytes).toBeLessThanOrEqual(most)
          world.runUntil(world.nowMs + 10)
        }
        if (readBytes > bits / 400) expect(world.bytesArrived()).toBeGreaterThan((bits / 8) * 2 * 0.9 - 2 * 1460)
      }),
      { numRuns: 20 },
    )
  })

  test('shares the bandwidth evenly between connections, however many chunks each has waiting', () => {
    const world = new World({ bandwidthBitsPerSecond: 8e6 }, { flows: 2 })
    for (let n = 0; n < 20; n++) world.put(Buffer.alloc(50_000), 0)
    for (let n = 0; n < 2; n++) world.put(Buffer.alloc(50_000), 1)
    world.runUntil(100)
    // But for what the line took before the other came: its burst, and what it is filled ahead with.
    expect(Math.abs(world.bytesArrived(0) - world.bytesArrived(1))).toBeLessThan(15_000)
  })

  test('follows a change of the bandwidth within milliseconds, also for what was waiting', () => {
    const world = new World({ bandwidthBitsPerSecond: 8000 })
    world.put(Buffer.alloc(200_000))
    world.runUntil(10)
    expect(world.bytesArrived()).toBeLessThan(2000)
    world.line.shape = plainShape
    world.line.serve(world.nowMs)
    world.runUntil(world.nowMs + 1500)
    expect(world.bytesArrived()).toBe(200_000)
  })

  test('holds up a chunk that is struck, and what is behind it on its connection, and draws nothing more meanwhile', () => {
    const draws = [0.01, 0.99]
    let drawn = 0
    const random = (): number => draws[drawn++] ?? 0.99
    const world = new World({ stall: { percent: 5, ms: 300 } }, { flows: 2, random })
    world.put(Buffer.from('struck'))
    world.put(Buffer.from('behind it'))
    expect(drawn).toBe(1)
    world.put(Buffer.from('beside it'), 1)
    world.runUntil(1000)
    expect(world.arrived.map(({ content, atMs }) => [String(content), atMs])).toEqual([
      ['beside it', 0],
      ['struck', 300],
      ['behind it', 300],
    ])
  })

  test('stalls the share of chunks that it was given', () => {
    let state = 1
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    const world = new World({ stall: { percent: 5, ms: 10 } }, { random })
    for (let n = 0; n < 4000; n++) {
      world.put(Buffer.alloc(1))
      world.runUntil(world.nowMs + 20)
    }
    const late = world.arrived.filter(({ atMs }) => atMs % 20 !== 0).length
    expect(late / 4000).toBeGreaterThan(0.035)
    expect(late / 4000).toBeLessThan(0.065)
  })

  test('keeps what is on its way while the line is cut, and what comes after, and brings all when it is up again', () => {
    const world = new World({ roundTripMs: 100 })
    world.put(Buffer.from('a'))
    world.runUntil(20)
    world.line.shape = { ...plainShape, roundTripMs: 100, state: 'down' }
    world.put(Buffer.from('b'))
    world.runUntil(5000)
    expect(world.arrived).toEqual([])
    world.line.shape = { ...plainShape, roundTripMs: 100 }
    world.line.serve(world.nowMs)
    world.runUntil(6000)
    expect(world.arrived.map(({ content, atMs }) => [String(content), atMs])).toEqual([
      ['a', 5000],
      ['b', 5050],
    ])
  })

  test('is bounded: it says when it is high, on a cut line and on a long one, and a small entry counts too', () => {
    const cut = new World({ state: 'down' })
    for (let n = 0; n < 2000; n++) cut.put(Buffer.alloc(1))
    expect(cut.flows[0]?.isHigh).toBe(true)
    const long = new World({ roundTripMs: 60_000 })
    const flow = long.flows[0] as Flow
    while (!flow.isHigh) long.put(Buffer.alloc(60_000))
    expect(flow.sizeBytes).toBeLessThan(linkInFlightBytesMax.most + linkWaitingMax.most + 200_000)
    long.runUntil(40_000)
    expect(flow.isLow).toBe(true)
  })
})

test('all flows together hold no more than the budget and a share each, and bring everything in order', () => {
  const bytesMax = 4 * 1024 * 1024
  const budget = new LinkBudget(bytesMax)
  const flows = 20
  const world = new World({ roundTripMs: 2000 }, { flows, budget })
  const piece = 8 * 1024
  const sent = Array.from({ length: flows }, () => 0)
  let most = 0
  for (let second = 0; second < 40; second++) {
    for (let flow = 0; flow < flows; flow++)
      while ((world.flows[flow]?.roomBytes ?? 0) > 0 && (sent[flow] ?? 0) < 200) {
        world.put(Buffer.alloc(piece, flow), flow)
        sent[flow] = (sent[flow] ?? 0) + 1
      }
    most = Math.max(most, budget.heldBytes)
    world.runUntil(second * 1000)
  }
  world.runUntil(1e9)
  const share = linkShareBytes.waiting + linkShareBytes.inFlight + 4 * piece
  expect(most).toBeLessThan(bytesMax + flows * share)
  expect(most).toBeGreaterThan(bytesMax / 2)
  for (const [flow, count] of sent.entries()) {
    expect(count).toBeGreaterThan(1)
    expect(world.arrived.filter((each) => each.flow === flow)).toHaveLength(count)
  }
  expect(budget.heldBytes).toBe(0)
})
