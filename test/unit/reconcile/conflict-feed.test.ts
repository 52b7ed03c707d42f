/**
 * The conflict feed against an oracle that knows everything: what each write had seen, and over which write it was made.
 * Regions write one item, hear of each other's logs in any interleaving (each log in its own order), and now and then take a
 * snapshot of each other, as when they join or come back.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ClockState,
  clockZero,
  receive,
  stampOf,
  tick,
} from '../../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { compareStamps } from '../../../src/core/hybrid-logical-clock/stamp.ts'
import type { Row } from '../../../src/core/item/row.ts'
import { reconcile, seenBy } from '../../../src/core/reconcile/reconcile.ts'
import { differs } from '../../differences/difference.ts'

type Written = {
  readonly id: number
  readonly row: Row
  /** Every write that its region knew, whether it had won there or lost. */
  readonly past: ReadonlySet<number>
  /** The write that its region showed and that it was made over. */
  readonly over: number | undefined
}

type Entry = { readonly lost: number; readonly won: number }

class Region {
  readonly number: number
  readonly log: Written[] = []
  readonly heard = new Map<number, number>()
  readonly known = new Set<number>()
  readonly feed: Entry[] = []
  clock: ClockState = clockZero
  row: Row | undefined

  constructor(number: number) {
    this.number = number
  }
}

const idOf = (row: Row): number => Number(row.body.toString())

class World {
  readonly writes: Written[] = []
  readonly regions: Region[]

  constructor(count: number) {
    this.regions = Array.from({ length: count }, (_, index) => new Region(index + 1))
  }

  write(at: Region, wallMs: number): void {
    at.clock = tick(at.clock, wallMs)
    const id = this.writes.length
    const over = at.row === undefined ? undefined : idOf(at.row)
    const row: Row = {
      stamp: stampOf(at.clock, at.number),
      seen: seenBy(at.row, at.number, undefined),
      tombstone: id % 3 === 0,
      itemSizeBytes: 0,
      body: Buffer.from(String(id)),
    }
    const written = { id, row, past: new Set(at.known), over }
    this.writes.push(written)
    at.log.push(written)
    at.known.add(id)
    at.row = row
  }

  /** The next of `from`'s log; false when there is none. */
  deliver(at: Region, from: Region, wallMs: number): boolean {
    const next = from.log[at.heard.get(from.number) ?? 0]
    if (next === undefined) return false
    at.heard.set(from.number, (at.heard.get(from.number) ?? 0) + 1)
    this.merge(at, next.row, [next.id, ...next.past], wallMs, true)
    return true
  }

  snapshot(at: Region, from: Region, wallMs: number): void {
    if (from.row !== undefined) this.merge(at, from.row, [...from.known], wallMs, false)
  }

  merge(at: Region, incoming: Row, knows: readonly number[], wallMs: number, isLog: boolean): void {
    const local = at.row
    const result = reconcile(local, incoming)
    const arrived = this.writes[idOf(incoming)] as Written
    if (local !== undefined && isLog) {
      const shown = idOf(local)
      const met = !at.known.has(arrived.id) && !arrived.past.has(shown)
      expect(result.result === 'conflict').toBe(met)
    }
    if (result.result === 'conflict' && local !== undefined) {
      const [won, lost] = result.winner === 'local' ? [local, incoming] : [incoming, local]
      at.feed.push({ won: idOf(won), lost: idOf(lost) })
    }
    at.clock = receive(at.clock, incoming.stamp, wallMs)
    if (result.result !== 'ignored') at.row = result.row
    for (const id of knows) at.known.add(id)
  }

  settle(order: () => number): void {
    const ways = this.regions.flatMap((at) =>
      this.regions.filter((from) => from !== at).map((from) => [at, from] as const),
    )
    const open = [...ways]
    while (open.length > 0) {
      const which = order() % open.length
      const [at, from] = open[which] as (typeof open)[number]
      if (!this.deliver(at, from, 0)) open.splice(which, 1)
    }
  }

  /** The write and those under it: each was made over the next, by somebody who saw it as the item. */
  line(id: number | undefined): Set<number> {
    const line = new Set<number>()
    for (let at = id; at !== undefined; at = this.writes[at]?.over) line.add(at)
    return line
  }
}

type Step =
  | { readonly do: 'write'; readonly at: number; readonly wall: number }
  | { readonly do: 'deliver' | 'snapshot'; readonly at: number; readonly from: number; readonly wall: number }

const which = fc.nat({ max: 3 })
const wall = fc.nat({ max: 8 })
const write: fc.Arbitrary<Step> = fc.record({ do: fc.constant('write' as const), at: which, wall })
const deliver: fc.Arbitrary<Step> = fc.record({ do: fc.constant('deliver' as const), at: which, from: which, wall })
const snapshot: fc.Arbitrary<Step> = fc.record({ do: fc.constant('snapshot' as const), at: which, from: which, wall })

const runs = { numRuns: 1000 }

function worlds(check: (world: World) => void, snapshots: boolean): void {
  const step = fc.oneof(
    { weight: 3, arbitrary: write },
    { weight: 5, arbitrary: deliver },
    ...(snapshots ? [{ weight: 1, arbitrary: snapshot }] : []),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
      (count, steps, order) => {
        const world = new World(count)
        for (const each of steps) {
          const at = world.regions[each.at % count] as Region
          if (each.do === 'write') world.write(at, each.wall)
          else {
            const from = world.regions[each.from % count] as Region
            if (from !== at) world[each.do](at, from, each.wall)
          }
        }
        let turn = 0
        world.settle(() => order[turn++ % order.length] as number)
        check(world)
      },
    ),
    runs,
  )
}

describe.each([
  ['by the logs alone', false],
  ['by logs and snapshots', true],
])('the conflict feed, %s', (_, snapshots) => {
  it('never calls a causal overwrite a conflict, and has each lost write once', () => {
    worlds((world) => {
      for (const { feed } of world.regions) {
        for (const { lost, won } of feed) {
          const [loser, winner] = [world.writes[lost], world.writes[won]] as [Written, Written]
          expect(winner.past.has(lost)).toBe(false)
          expect(loser.past.has(won)).toBe(false)
          expect(compareStamps(loser.row.stamp, winner.row.stamp)).toBeLessThan(0)
        }
        expect(new Set(feed.map(({ lost }) => lost)).size).toBe(feed.length)
      }
    }, snapshots)
  })

  it(differs('lost-writes-are-kept'), () => {
    worlds((world) => {
      const last = world.regions[0]?.row
      if (last === undefined) return
      const kept = world.line(idOf(last))
      const told = new Set<number>()
      for (const { feed } of world.regions) for (const { lost } of feed) for (const id of world.line(lost)) told.add(id)
      const missed = world.writes.filter(({ id }) => !kept.has(id) && !told.has(id))
      expect(missed.map(({ id }) => id)).toEqual([])
    }, snapshots)
  })
})
