import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  receive,
  tick,
  type ClockState,
  clockZero,
  stampOf,
} from '../../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { compareStamps, everyRegion, type Stamp } from '../../../src/core/hybrid-logical-clock/stamp.ts'
import { encodeRow, type Row } from '../../../src/core/item/row.ts'
import { isCausal, reconcile, type Reconciled, seenBy } from '../../../src/core/reconcile/reconcile.ts'
import { differs } from '../../differences/difference.ts'

const stamp = (wallMs: number, region: number, counter = 0): Stamp => ({ wallMs, counter, region })
const row = (own: Stamp, seen: readonly Stamp[] = [], tombstone = false): Row => ({
  stamp: own,
  seen,
  tombstone,
  itemSizeBytes: 0,
  body: Buffer.from(`${own.wallMs}.${own.counter}@${own.region}`),
})

describe('reconcile', () => {
  it('takes what it has nothing of', () => {
    const incoming = row(stamp(5, 1))
    expect(reconcile(undefined, incoming)).toEqual({ result: 'applied', row: incoming })
  })

  it('ignores what it has, and what it has seen', () => {
    const local = row(stamp(9, 2), [stamp(5, 1)])
    expect(reconcile(local, local)).toEqual({ result: 'ignored' })
    expect(reconcile(local, row(stamp(5, 1)))).toEqual({ result: 'ignored' })
    expect(reconcile(local, row(stamp(4, 1)))).toEqual({ result: 'ignored' })
  })

  it('lets a write replace what its writer had seen, without a conflict', () => {
    const incoming = row(stamp(9, 2), [stamp(5, 1)])
    expect(reconcile(row(stamp(5, 1)), incoming)).toEqual({ result: 'applied', row: incoming })
  })

  it('calls two writes that knew nothing of each other a conflict, and lets the greater stamp win', () => {
    const [older, newer] = [row(stamp(5, 1)), row(stamp(6, 2))]
    const merged = { ...newer, seen: [older.stamp] }
    expect(reconcile(older, newer)).toEqual({ result: 'conflict', winner: 'incoming', row: merged })
    expect(reconcile(newer, older)).toEqual({ result: 'conflict', winner: 'local', row: merged })
  })

  it(differs('tie-of-clocks'), () => {
    const result = reconcile(row(stamp(5, 1)), row(stamp(5, 2)))
    expect(result).toMatchObject({ result: 'conflict', winner: 'incoming' })
  })

  it('ignores a delete that is older than the stored stamp, once that had seen it', () => {
    const local = row(stamp(8, 1), [stamp(7, 2)])
    expect(reconcile(local, row(stamp(7, 2), [], true))).toEqual({ result: 'ignored' })
  })

  it('lets a concurrent delete with the greater stamp win and stay', () => {
    const tombstone = row(stamp(7, 2), [], true)
    expect(reconcile(row(stamp(6, 1)), tombstone)).toMatchObject({ result: 'conflict', row: { tombstone: true } })
  })

  it('takes over what the incoming row had won against, without another conflict', () => {
    const local = row(stamp(6, 2))
    const merged = row(stamp(6, 2), [stamp(5, 1)])
    expect(reconcile(local, merged)).toEqual({ result: 'seen', row: merged })
    expect(reconcile(merged, row(stamp(5, 1)))).toEqual({ result: 'ignored' })
  })

  it('knows a write over a forgotten tombstone for a causal one', () => {
    const tombstone = row(stamp(7, 2), [], true)
    const fresh = row(stamp(20, 1), seenBy(undefined, 1, stamp(10, everyRegion)))
    expect(reconcile(tombstone, fresh)).toMatchObject({ result: 'applied' })
    expect(reconcile(fresh, tombstone)).toEqual({ result: 'ignored' })
    expect(reconcile(row(stamp(11, 2), [], true), fresh)).toMatchObject({ result: 'conflict' })
  })

  it('gives the same row where the tombstone was forgotten and where it was not', () => {
    const tombstone = row(stamp(7, 2), [stamp(6, 3)], true)
    const fresh = row(stamp(20, 1), seenBy(undefined, 1, stamp(10, everyRegion)))
    expect(reconcile(tombstone, fresh)).toEqual({ result: 'applied', row: fresh })
    const later = row(stamp(12, 3), [stamp(11, 2)], true)
    const [one, other] = [reconcile(later, fresh), reconcile(fresh, later)]
    expect(one).toMatchObject({
      result: 'conflict',
      row: { seen: [stamp(11, 2), stamp(12, 3), stamp(10, everyRegion)] },
    })
    expect(other).toMatchObject({ row: 'row' in one ? one.row : undefined })
  })

  it('does not trust a row that claims to have seen what is later than itself', () => {
    expect(isCausal(row(stamp(5, 1), [stamp(4, 2), stamp(5, 3)]))).toBe(true)
    expect(isCausal(row(stamp(5, 1), [stamp(6, 2)]))).toBe(false)
    expect(isCausal(row(stamp(5, 1), [stamp(4, 1)]))).toBe(false)
    expect(isCausal(row(stamp(5, 1), [stamp(4, 3), stamp(4, 2)]))).toBe(false)
  })
})

/**
 * Regions that write one item and hear of each other in any order. Beside the rows, the test keeps what each write
 * really knew (the set of writes in its past), which is what the vectors must agree with.
 */
type Region = {
  readonly number: number
  clock: ClockState
  row: Row | undefined
  readonly known: Set<string>
}

type Step =
  | { readonly do: 'write'; readonly region: number; readonly wall: number }
  | { readonly do: 'deliver'; readonly region: number; readonly write: number; readonly wall: number }
  | { readonly do: 'snapshot'; readonly region: number; readonly from: number; readonly wall: number }

const regions = 4
const nameOf = (at: Stamp): string => `${at.wallMs}.${at.counter}@${at.region}`
const any = fc.nat({ max: 1000 })
const region = fc.nat({ max: regions - 1 })
const wall = fc.nat({ max: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), region, wall }),
  fc.record({ do: fc.constant('deliver' as const), region, write: any, wall }),
  fc.record({ do: fc.constant('deliver' as const), region, write: any, wall }),
  fc.record({ do: fc.constant('snapshot' as const), region, from: region, wall }),
)

class World {
  readonly regions: Region[] = Array.from({ length: regions }, (_, number) => ({
    number: number + 1,
    clock: clockZero,
    row: undefined,
    known: new Set<string>(),
  }))
  readonly writes: { readonly row: Row; readonly past: ReadonlySet<string> }[] = []

  run(steps: readonly Step[]): void {
    for (const each of steps) {
      const at = this.regions[each.region] as Region
      if (each.do === 'write') this.write(at, each.wall)
      else if (each.do === 'deliver') this.deliver(at, each.write, each.wall)
      else this.snapshot(at, this.regions[each.from] as Region, each.wall)
    }
  }

  write(at: Region, wallMs: number): void {
    at.clock = tick(at.clock, wallMs)
    const own = stampOf(at.clock, at.number)
    const next = row(own, seenBy(at.row, at.number, undefined), own.counter % 3 === 0)
    expect(isCausal(next)).toBe(true)
    at.row = next
    at.known.add(nameOf(own))
    this.writes.push({ row: next, past: new Set(at.known) })
  }

  /** The same origin's writes come in their order in reality; reordering them is harder, and must do as well. */
  deliver(at: Region, which: number, wallMs: number): void {
    const write = this.writes[which % Math.max(1, this.writes.length)]
    if (write !== undefined) this.merge(at, write.row, write.past, wallMs)
  }

  snapshot(at: Region, from: Region, wallMs: number): void {
    if (from.row !== undefined) this.merge(at, from.row, new Set(from.known), wallMs)
  }

  merge(at: Region, incoming: Row, past: ReadonlySet<string>, wallMs: number): void {
    const result = reconcile(at.row, incoming)
    if (at.row !== undefined) this.check(at, at.row, incoming, past, result)
    at.clock = receive(at.clock, incoming.stamp, wallMs)
    if (result.result !== 'ignored') at.row = result.row
    for (const name of past) at.known.add(name)
  }

  check(at: Region, local: Row, incoming: Row, past: ReadonlySet<string>, result: Reconciled): void {
    const knewIncoming = at.known.has(nameOf(incoming.stamp))
    const knewLocal = past.has(nameOf(local.stamp))
    const expected = knewIncoming ? ['ignored', 'seen'] : knewLocal ? ['applied'] : ['conflict']
    expect(expected).toContain(result.result)
  }
}

describe('reconcile, with any number of regions', () => {
  it('calls exactly the concurrent writes conflicts, whatever the order of arrival', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => new World().run(steps)),
      { numRuns: 600 },
    )
  })

  it('gives every region the same bytes once all have heard of everything', () => {
    const order = fc.array(any, { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), order, (steps, shuffle) => {
        const world = new World()
        world.run(steps)
        for (const [number, at] of world.regions.entries()) {
          const rest = world.writes.map((_, index) => index)
          while (rest.length > 0) {
            const [which] = rest.splice((shuffle[(rest.length + number) % shuffle.length] ?? 0) % rest.length, 1)
            world.deliver(at, which ?? 0, 0)
          }
        }
        const bytes = world.regions.map((at) => (at.row === undefined ? 'none' : encodeRow(at.row).toString('hex')))
        expect(new Set(bytes).size).toBe(1)
        const latest = world.writes
          .map((write) => write.row.stamp)
          .toSorted(compareStamps)
          .at(-1)
        expect(world.regions[0]?.row?.stamp).toEqual(latest)
      }),
      { numRuns: 400 },
    )
  })

  it('merges idempotently, commutatively and associatively', () => {
    const merge = (a: Row, b: Row): Row => {
      const result = reconcile(a, b)
      return result.result === 'ignored' ? a : result.row
    }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), any, any, any, (steps, x, y, z) => {
        const world = new World()
        world.run(steps)
        const rows = [...world.writes.map((write) => write.row), ...world.regions.flatMap((at) => at.row ?? [])]
        if (rows.length === 0) return
        const [a, b, c] = [x, y, z].map((index) => rows[index % rows.length] as Row) as [Row, Row, Row]
        expect(encodeRow(merge(a, a))).toEqual(encodeRow(a))
        expect(encodeRow(merge(a, b))).toEqual(encodeRow(merge(b, a)))
        expect(encodeRow(merge(merge(a, b), c))).toEqual(encodeRow(merge(a, merge(b, c))))
      }),
      { numRuns: 400 },
    )
  })
})
