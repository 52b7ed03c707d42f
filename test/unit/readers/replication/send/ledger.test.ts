import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../../../../src/core/change/change.ts'
import { decodeEntry, encodeEntry } from '../../../../../src/core/change/record.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { appliedMsOf } from '../../../../../src/readers/replication/send/outbound.ts'
import { Latencies } from '../../../../../src/readers/replication/send/latencies.ts'
import { Ledger } from '../../../../../src/readers/replication/send/ledger.ts'
import { lackingOf } from '../../../../../src/readers/replication/send/lacking.ts'
import { Watermark } from '../../../../../src/readers/replication/talk/watermark.ts'

/** A log in which a region's own writes and a peer's lie mixed. */
function logOf(own: readonly boolean[], from = 0): Engine {
  const changes = own.map((isOwn, n): Change => {
    const stamp = { wallMs: 1000 + n + 1, counter: 0, region: 1 }
    const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 1, body: Buffer.alloc(0) })
    const position = n + 1
    const cause = isOwn ? 'client' : 'replica'
    return {
      position,
      group: position,
      cause,
      at: stamp.wallMs,
      table: n % 2 === 0 ? 'even' : 'odd',
      ownNumber: isOwn ? 1 : 0,
      key: row,
      row,
    }
  })
  const fake: Partial<Engine> = {
    flushed: () => changes.length,
    oldest: () => from + 1,
    visitOwnLog: ({ after, upTo }, visit) => {
      for (const change of changes.slice(after, Math.min(after + 3, upTo))) {
        const entry = encodeEntry({ ...change, first: change.position }, [change])
        const [head] = decodeEntry(entry)
        if (head === undefined || !visit(head, entry)) return change.position - 1
      }
      return Math.min(after + 3, upTo, changes.length)
    },
    tableWithId: () => ({ replicas: [{}, {}] }) as unknown as ReturnType<Engine['tableWithId']>,
  }
  return fake as Engine
}

function counted(engine: Engine, confirmed: Record<string, number>): Ledger {
  const ledger = new Ledger(engine, new Map(Object.entries(confirmed)))
  while (ledger.readOn());
  return ledger
}

describe('what a peer lacks', () => {
  it('is counted exactly, whatever was confirmed in whatever order', () => {
    const log = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(log, fc.nat(40), fc.array(fc.nat(40)), (own, start, confirmations) => {
        const clamp = (position: number) => Math.min(position, own.length)
        const ledger = counted(logOf(own), { eu: clamp(start), ap: 0 })
        for (const position of confirmations) ledger.confirm('eu', clamp(position))
        const highest = Math.max(start, ...confirmations)
        expect(ledger.pending('eu')).toBe(own.filter((isOwn, n) => isOwn && n + 1 > highest).length)
        expect(ledger.pending('ap')).toBe(own.filter(Boolean).length)
        expect(ledger.pendingOf('ap', 'odd')).toBe(own.filter((isOwn, n) => isOwn && n % 2 === 1).length)
      }),
    )
  })

  it('is as old as its oldest change, and 0 when there is nothing', () => {
    const ledger = counted(logOf([true, false, true]), { eu: 0 })
    expect(ledger.lagMs('eu', 1501)).toBe(500)
    ledger.confirm('eu', 1)
    expect(ledger.lagMs('eu', 1503)).toBe(500)
    ledger.confirm('eu', 3)
    expect(ledger.lagMs('eu', 9999)).toBe(0)
  })

  it('stays counted when the log lets go of it, until the peer has the state instead', () => {
    const ledger = counted(logOf([true, true, true, true]), { eu: 0, ap: 4 })
    ledger.trimmed(2)
    expect(ledger.pending('eu')).toBe(4)
    expect(ledger.lagMs('eu', 1101)).toBe(100)
    expect(ledger.isAtMost('eu')).toBe(false)
    ledger.confirm('eu', 1)
    expect([ledger.pending('eu'), ledger.isAtMost('eu')]).toEqual([4, true])
    ledger.confirm('eu', 2)
    expect([ledger.pending('eu'), ledger.isAtMost('eu')]).toEqual([2, false])
  })
})

describe('from where on it is counted what a peer lacks', () => {
  it('is what it has confirmed, or the start of a log that was trimmed further before this process', () => {
    const ledger = counted(logOf([true, true, true, true], 2), { eu: 1, ap: 3 })
    expect([ledger.countedFrom('eu'), ledger.countedFrom('ap')]).toEqual([2, 3])
    ledger.trimmed(3)
    expect([ledger.countedFrom('eu'), ledger.pending('eu')]).toEqual([2, 2])
    ledger.confirm('eu', 4)
    expect(ledger.countedFrom('eu')).toBe(4)
  })

  it('is not known before the log has been read for a peer that has lost its disk', () => {
    const ledger = counted(logOf([true, true, true, true]), { eu: 4, ap: 4 })
    ledger.reset('eu')
    expect(ledger.countedFrom('eu')).toBeUndefined()
    while (ledger.readOn());
    expect([ledger.countedFrom('eu'), ledger.pending('eu')]).toEqual([0, 4])
  })
})

it('nothing is announced as missing before what an earlier process wrote is counted', () => {
  const log = logOf([true, true, true, true])
  const ledger = new Ledger(log, new Map([['eu', 0]]))
  ledger.readOn()
  expect([ledger.upTo, ledger.hasReadBefore, lackingOf(log, ledger, ['eu'])]).toEqual([3, false, { lacking: [] }])
  ledger.readOn()
  expect([ledger.upTo, ledger.hasReadBefore]).toEqual([4, true])
})

describe('what a peer lacks that has lost its disk', () => {
  it('may be less than what is counted from where the log begins, and that is said', () => {
    const log = logOf([true, true, true, true])
    const ledger = counted(log, { eu: 0, ap: 0 })
    ledger.trimmed(2)
    Object.assign(log, { oldest: () => 3 })
    ledger.reset('eu')
    while (ledger.readOn());
    expect([ledger.countedFrom('eu'), ledger.pending('eu'), ledger.isAtMost('eu')]).toEqual([2, 4, true])
    ledger.confirm('eu', 2)
    expect([ledger.pending('eu'), ledger.isAtMost('eu')]).toEqual([2, false])
  })

  it('is all that the log holds, also what everybody had and was forgotten, and the others lack no more for it', () => {
    const log = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(log, fc.nat(40), fc.nat(40), fc.nat(40), (own, had, others, trimmed) => {
        const clamp = (position: number) => Math.min(position, own.length)
        const from = Math.min(clamp(had), clamp(others), trimmed)
        const beyond = (after: number) => own.filter((isOwn, n) => isOwn && n + 1 > after).length
        const ledger = counted(logOf(own, from), { eu: from, ap: from })
        ledger.confirm('eu', clamp(had))
        ledger.confirm('ap', clamp(others))
        ledger.reset('eu')
        ledger.add('sa')
        while (ledger.readOn());
        expect(ledger.pending('eu')).toBe(beyond(from))
        expect(ledger.pending('sa')).toBe(beyond(from))
        expect(ledger.pending('ap')).toBe(beyond(others))
        ledger.confirm('eu', own.length)
        ledger.confirm('ap', own.length)
        expect([ledger.pending('eu'), ledger.pending('sa'), ledger.pending('ap')]).toEqual([0, beyond(from), 0])
      }),
    )
  })
})

describe('what the log held before a peer came', () => {
  it('is counted right whatever is confirmed, trimmed or comes while it is read, and not said to be counted before', () => {
    const log = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 })
    const moments = fc.array(fc.record({ parts: fc.nat(4), who: fc.constantFrom('eu', 'sa'), at: fc.nat(60) }))
    fc.assert(
      fc.property(log, fc.nat(60), moments, fc.nat(20), (own, had, meanwhile, again) => {
        const clamp = (position: number) => Math.min(position, own.length)
        const reached: Record<string, number> = { eu: clamp(had), sa: 0, ap: own.length }
        const ledger = counted(logOf(own), { eu: 0, ap: 0 })
        ledger.confirm('eu', clamp(had))
        ledger.confirm('ap', own.length)
        ledger.add('sa')
        for (const [n, { parts, who, at }] of meanwhile.entries()) {
          for (let part = 0; part < parts; part++) ledger.readOn()
          if (n === again) {
            ledger.reset('eu')
            reached['eu'] = 0
          }
          ledger.confirm(who, clamp(at))
          reached[who] = Math.max(reached[who] ?? 0, clamp(at))
        }
        while (ledger.readOn());
        for (const [peer, position] of Object.entries(reached)) {
          expect(ledger.isCounted(peer)).toBe(true)
          expect(ledger.pending(peer)).toBe(own.filter((isOwn, n) => isOwn && n + 1 > position).length)
        }
        for (const peer of Object.keys(reached)) ledger.confirm(peer, own.length)
        expect(ledger.size).toBe(0)
      }),
    )
  })

  it('is read in parts, never in the turn in which the peer comes', () => {
    let parts = 0
    const engine = logOf(Array.from({ length: 30 }, () => true))
    const ledger = counted(engine, { eu: 0 })
    ledger.confirm('eu', 30)
    const visitOwnLog = engine.visitOwnLog.bind(engine)
    engine.visitOwnLog = (bounds, visit) => {
      parts++
      return visitOwnLog(bounds, visit)
    }
    ledger.add('sa')
    expect([parts, ledger.isCounted('sa'), ledger.isCounted('eu')]).toEqual([0, false, true])
    ledger.readOn()
    expect(parts).toBeLessThan(4)
    while (ledger.readOn());
    expect([ledger.isCounted('sa'), ledger.pending('sa')]).toEqual([true, 30])
  })
})

describe('what a peer lacks of a table that it has paused', () => {
  it('is counted from where the table stands, whatever the cursor says, and kept in the log from there', () => {
    const log = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(log, fc.nat(40), fc.nat(40), (own, position, pausedPositionsNote) => {
        const confirmed = Math.min(position, own.length)
        const at = Math.min(pausedPositionsNote, confirmed)
        const ledger = counted(logOf(own), { eu: 0 })
        ledger.confirm('eu', confirmed, { paused: new Map([['odd', at]]) })
        const beyond = (after: number, rest: number) =>
          own.filter((isOwn, n) => isOwn && n % 2 === rest && n + 1 > after).length
        expect(ledger.pendingOf('eu', 'odd')).toBe(beyond(at, 1))
        expect(ledger.pendingOf('eu', 'even')).toBe(beyond(confirmed, 0))
        expect(ledger.pending('eu')).toBe(beyond(at, 1) + beyond(confirmed, 0))
        expect(ledger.needed('eu')).toBe(at)
        ledger.confirm('eu', confirmed)
        expect(ledger.pendingOf('eu', 'odd')).toBe(beyond(confirmed, 1))
        expect(ledger.needed('eu')).toBe(confirmed)
      }),
    )
  })
})

describe('the latency', () => {
  it('is that of the last minute', () => {
    const latencies = new Latencies()
    latencies.add(1_000_000, 500)
    expect(latencies.lastMinute(1_000_000)).toEqual({ averageMs: 500, minimumMs: 500, maximumMs: 500, samples: 1 })
    latencies.add(1_050_000, 100)
    expect(latencies.lastMinute(1_050_000)).toEqual({ averageMs: 300, minimumMs: 100, maximumMs: 500, samples: 2 })
    expect(latencies.lastMinute(1_090_000)).toMatchObject({ samples: 1, averageMs: 100 })
    expect(latencies.lastMinute(1_200_000)).toBeUndefined()
  })

  it('is told by both clocks, less the way between them', () => {
    // The peer's clock is 1,000 ahead, the way takes 50 each way: it is seen as 950 ahead, and sees ours 1,050 behind.
    const applied = { wallMs: 11_000, skewMs: -1050 }
    const confirmation = { say: 'confirm', region: 'eu', epoch: 'e', position: 1, applied } as const
    expect(appliedMsOf(confirmation, 950, 20_000)).toBe(10_000)
    expect(appliedMsOf(confirmation, undefined, 20_000)).toBe(20_000)
  })
})

describe('the watermark', () => {
  const promise = (watermark: Watermark, position: number, wallMs: number): void =>
    watermark.promise({ position, clock: { wallMs, counter: 0 }, seen: undefined })

  it('is the last clock whose position has been reached', () => {
    const watermark = new Watermark()
    promise(watermark, 5, 50)
    promise(watermark, 9, 90)
    watermark.reach(8)
    expect(watermark.clock.wallMs).toBe(50)
    watermark.reach(9)
    expect(watermark.clock.wallMs).toBe(90)
  })

  it('stays for a table that waits where it was, and goes on with the others when the table has caught up', () => {
    const watermark = new Watermark()
    for (let n = 1; n <= 3; n++) promise(watermark, n, n * 10)
    watermark.reach(1)
    watermark.reach(2, ['t'])
    expect(watermark.clock.wallMs).toBe(20)
    expect(watermark.waiting).toEqual([{ table: 't', clock: { wallMs: 10, counter: 0 } }])
    watermark.reach(3, [])
    expect(watermark.waiting).toEqual([])
    expect(watermark.clock.wallMs).toBe(30)
  })

  it('never claims more than was promised, however many promises it had to forget', () => {
    const watermark = new Watermark()
    for (let n = 1; n <= 5000; n++) promise(watermark, n, n)
    for (let cursor = 0; cursor <= 5000; cursor += 7) {
      watermark.reach(cursor)
      expect(watermark.clock.wallMs).toBeLessThanOrEqual(cursor)
    }
    watermark.reach(5000)
    expect(watermark.clock.wallMs).toBe(5000)
  })
})
