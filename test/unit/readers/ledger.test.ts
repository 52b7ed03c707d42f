import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/core/change/change.ts'
import { encodeRow } from '../../../src/core/item/row.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { Ledger } from '../../../src/readers/replication/ledger.ts'
import { Watermark } from '../../../src/readers/replication/watermark.ts'

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
      table: n % 2 === 0 ? 'even' : 'odd',
      ordinal: isOwn ? 1 : 0,
      key: row,
      row,
    }
  })
  const fake: Partial<Engine> = {
    flushed: () => changes.length,
    oldest: () => from + 1,
    readLog: (after, changesMax) => changes.slice(after, after + Math.min(3, changesMax)),
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
    ledger.confirm('eu', 2)
    expect(ledger.pending('eu')).toBe(2)
  })
})

describe('the watermark', () => {
  it('is the last clock whose position has been reached', () => {
    const watermark = new Watermark()
    watermark.promise(5, { wallMs: 50, counter: 0 })
    watermark.promise(9, { wallMs: 90, counter: 0 })
    watermark.reach(8)
    expect(watermark.clock.wallMs).toBe(50)
    watermark.reach(9)
    expect(watermark.clock.wallMs).toBe(90)
  })

  it('never claims more than was promised, however many promises it had to forget', () => {
    const watermark = new Watermark()
    for (let n = 1; n <= 5000; n++) watermark.promise(n, { wallMs: n, counter: 0 })
    for (let cursor = 0; cursor <= 5000; cursor += 7) {
      watermark.reach(cursor)
      expect(watermark.clock.wallMs).toBeLessThanOrEqual(cursor)
    }
    watermark.reach(5000)
    expect(watermark.clock.wallMs).toBe(5000)
  })
})
