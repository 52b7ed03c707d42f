import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Batch,
  type BatchChange,
  BatchWriter,
  decodeBatch,
  encodeBatch,
  endsWithin,
} from '../../../src/core/change/batch.ts'
import { decodeAnnouncement, decodeAnswer, decodeRequest, encodeControl } from '../../../src/core/change/control.ts'
import { kindOf, UnknownFormat } from '../../../src/core/change/message.ts'
import { decodeEntry, encodeEntry, type RecordHead } from '../../../src/core/change/record.ts'
import { decodeRows, encodeRows } from '../../../src/core/change/rows.ts'
import { encodeRow } from '../../../src/core/item/row.ts'
import { transactionPartsMax } from '../../../src/core/limits/line-limits.ts'
import { change as changeAt } from '../readers/replication/change.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value))
const text = fc.string({ maxLength: 20 }).filter((value) => !value.includes('\uFFFD'))
const position = fc.integer({ min: 0, max: 2 ** 47 })

const rowOf = (region: number) =>
  fc
    .record({
      wallMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      counter: fc.integer({ min: 0, max: 0xffff }),
      tombstone: fc.boolean(),
      itemSizeBytes: fc.integer({ min: 0, max: 400 * 1024 }),
      body: bytes(60),
    })
    .map(({ wallMs, counter, ...rest }) => encodeRow({ stamp: { wallMs, counter, region }, seen: [], ...rest }))

const batch: fc.Arbitrary<Batch> = fc
  .record({
    originNumber: fc.integer({ min: 0, max: 0xffff }),
    origin: text,
    epoch: text,
    after: position,
    gaps: fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 12 }),
    tail: fc.integer({ min: 0, max: 1000 }),
    tables: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
  })
  .chain(({ gaps, tail, tables, ...head }) =>
    fc
      .tuple(
        ...gaps.map(() =>
          fc.record({
            kind: fc.constantFrom('item' as const, 'register' as const),
            table: fc.constantFrom(...tables),
            ownNumber: position,
            key: bytes(40),
            row: rowOf(head.originNumber),
            back: fc.nat(5),
          }),
        ),
      )
      .map((parts) => {
        let last = head.after
        const changes = parts.map(({ back, ...part }, n) => {
          last += gaps[n] ?? 1
          return { ...part, position: last, group: Math.max(0, last - back) }
        })
        return { ...head, upTo: last + tail, changes }
      }),
  )

/** As a log can hold them. */
const recorded = batch.map((value) => ({
  ...value,
  changes: value.changes
    .filter(({ key, table, group }) => key.length > 0 && table.length > 0 && group > 0)
    .map((each) => ({ ...each, group: Math.min(each.group, each.position) })),
}))

describe('a batch', () => {
  it('comes back from its bytes as it was', () => {
    fc.assert(
      fc.property(batch, (value) => {
        expect(decodeBatch(encodeBatch(value))).toEqual(value)
      }),
    )
  })

  it('is the same when it is made of records of the log, with or without rows before, by a writer that has made others', () => {
    const writer = new BatchWriter()
    fc.assert(
      fc.property(recorded, fc.option(bytes(60), { nil: undefined }), (value, previous) => {
        writer.begin()
        for (const { kind, position: at, group, ...rest } of value.changes) {
          const cause = kind === 'register' ? 'table' : 'client'
          const entry = encodeEntry({ first: at, cause, at: 0 }, [{ ...rest, previous }])
          writer.add({ ...(decodeEntry(entry)[0] as RecordHead), group }, entry)
        }
        expect(writer.isEmpty).toBe(value.changes.length === 0)
        expect(writer.finish(value)).toEqual(encodeBatch(value))
      }),
    )
  })

  it('is made of records that are larger than a message is meant to be', () => {
    const stamp = { wallMs: 1, counter: 0, region: 1 }
    const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 1, body: Buffer.alloc(300 * 1024, 'x') })
    const writer = new BatchWriter()
    const add = (each: BatchChange): void => {
      const entry = encodeEntry({ first: each.position, cause: 'client', at: 0 }, [each])
      writer.add(decodeEntry(entry)[0] as RecordHead, entry)
    }
    const changes = [1, 2, 3].map((at) => ({ ...changeAt(at), row }))
    // Of one that was never finished, nothing is left.
    add({ ...changeAt(7), table: 'another', row })
    writer.begin()
    for (const each of changes) add(each)
    const head = { origin: 'us', originNumber: 1, epoch: 'e', after: 0, upTo: 3 }
    // As text: comparing large buffers byte by byte takes the test library seconds.
    const asText = (each: BatchChange): object => ({ ...each, row: each.row.toString('latin1') })
    const read = decodeBatch(writer.finish(head))
    expect({ ...read, changes: read.changes.map(asText) }).toEqual({ ...head, changes: changes.map(asText) })
    expect(writer.finish(head).equals(encodeBatch({ ...head, changes }))).toBe(true)
  })

  it('is refused with a RangeError at every length that cuts it short', () => {
    fc.assert(
      fc.property(batch, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value, part) => {
        const whole = encodeBatch(value)
        expect(() => decodeBatch(whole.subarray(0, Math.floor(part * whole.length)))).toThrow(RangeError)
      }),
    )
  })

  it('is refused with a RangeError or read as another well-formed one after any byte has changed', () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, flip) => {
        const whole = encodeBatch(value)
        const at = place % whole.length
        whole[at] = (whole[at] ?? 0) ^ flip
        readsOrRefuses(() => decodeBatch(whole))
      }),
      { numRuns: 500 },
    )
  })

  it('of another version is refused by its version', () => {
    const whole = encodeBatch({ origin: 'a', originNumber: 1, epoch: 'e', after: 0, upTo: 0, changes: [] })
    whole[4] = 7
    expect(() => decodeBatch(whole)).toThrow(UnknownFormat)
    expect(() => decodeBatch(whole)).toThrow(/format 7/)
  })

  it('with a change stamped by another region than its origin is refused', () => {
    const row = encodeRow({
      stamp: { wallMs: 5, counter: 0, region: 2 },
      seen: [],
      tombstone: false,
      itemSizeBytes: 1,
      body: Buffer.alloc(0),
    })
    const change = {
      position: 1,
      group: 1,
      kind: 'item' as const,
      table: 't',
      ownNumber: 1,
      key: Buffer.from('k'),
      row,
    }
    const whole = encodeBatch({ origin: 'a', originNumber: 1, epoch: 'e', after: 0, upTo: 1, changes: [change] })
    expect(() => decodeBatch(whole)).toThrow('another region')
  })
})

describe('a part of a transaction', () => {
  const made = (part: Batch['part'], groups: readonly number[]): Batch => ({
    origin: 'a',
    originNumber: 1,
    epoch: 'e',
    after: 4,
    upTo: 9,
    changes: groups.map((group, n) => ({ ...changeAt(5 + n), group, row: someRow })),
    ...(part === undefined ? {} : { part }),
  })
  const someRow = encodeRow({
    stamp: { wallMs: 5, counter: 0, region: 1 },
    seen: [],
    tombstone: false,
    itemSizeBytes: 1,
    body: Buffer.alloc(0),
  })

  it('comes back with its number', () => {
    const value = made({ number: 2, of: 3 }, [4, 4])
    expect(decodeBatch(encodeBatch(value))).toEqual(value)
    expect(endsWithin(value)).toBe(true)
    expect(endsWithin(made({ number: 3, of: 3 }, [4]))).toBe(false)
    expect(decodeBatch(encodeBatch(made({ number: 1, of: 1 }, [4])))).toEqual(made(undefined, [4]))
  })

  it('is refused with a number that cannot be, with more parts than there may be, and of two transactions', () => {
    for (const part of [
      { number: 0, of: 2 },
      { number: 3, of: 2 },
      { number: 1, of: transactionPartsMax + 1 },
    ])
      expect(() => decodeBatch(encodeBatch(made(part, [4])))).toThrow(RangeError)
    expect(() => decodeBatch(encodeBatch(made({ number: 1, of: 2 }, [4, 6])))).toThrow('several transactions')
  })

  it('is nothing that version 0.1.0 could say', () => {
    const old = encodeBatch(made(undefined, [5, 6]))
    const end = old.length - 16
    // Without salt, part and tag.
    const head = 11 + 2 + 3 + 3 + 12
    const body = Buffer.concat([old.subarray(11, head), old.subarray(head + 4, end)])
    const first = Buffer.concat([Buffer.from('LGT'), Buffer.of(1, 1), body])
    expect(decodeBatch(first)).toEqual(made(undefined, [5, 6]))
  })
})

describe('any bytes at all', () => {
  it('are read or refused with a RangeError, never anything else', () => {
    const anything = fc.oneof(
      bytes(200),
      fc
        .tuple(fc.integer({ min: 0, max: 4 }), bytes(200))
        .map(([kind, tail]) => Buffer.concat([Buffer.from('LGT'), Buffer.from([kind, 1 + (tail.length % 2)]), tail])),
      fc.json().map((json) => Buffer.concat([Buffer.from('LGT'), Buffer.from([3, 1]), Buffer.from(json)])),
    )
    fc.assert(
      fc.property(anything, (payload) => {
        for (const decode of [kindOf, decodeBatch, decodeRows, decodeRequest, decodeAnswer, decodeAnnouncement])
          readsOrRefuses(() => decode(payload))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a part of a snapshot', () => {
  it('comes back from its bytes as it was', () => {
    const chunk = fc.record({
      done: fc.boolean(),
      rows: fc.array(fc.record({ key: bytes(30), row: rowOf(3) }), { maxLength: 9 }),
    })
    fc.assert(
      fc.property(chunk, (value) => {
        expect(decodeRows(encodeRows(value))).toEqual(value)
      }),
    )
  })
})

describe('a control message', () => {
  it('comes back from its bytes as it was', () => {
    const here = {
      say: 'here' as const,
      region: 'us-east-1',
      number: 1,
      epoch: 'e',
      flushed: 12,
      sent: 9,
      published: 10,
      wallMs: 1_700_000_000_000,
      clock: { wallMs: 1_700_000_000_001, counter: 3 },
      seen: [{ region: 'b', clock: { wallMs: 5, counter: 0 } }],
    }
    expect(decodeAnnouncement(encodeControl(here))).toEqual(here)
    expect(decodeAnswer(encodeControl(here))).toEqual(here)
    expect(decodeAnnouncement(encodeControl({ ...here, owes: true }))).toEqual({ ...here, owes: true })
    const rows = { say: 'rows' as const, region: 'b', table: 't', after: 'AAEC' }
    expect(decodeRequest(encodeControl(rows))).toEqual(rows)
    const cursors = {
      say: 'cursors' as const,
      region: 'b',
      epoch: 'e',
      flushed: 4,
      cursors: [{ region: 'a', epoch: 'x', position: 9 }],
      numbers: [1, 2, 7],
      left: [{ region: 'c' }],
      owed: [{ region: 'c', peer: 'a' }],
    }
    expect(decodeAnswer(encodeControl(cursors))).toEqual(cursors)
  })

  it('that claims to have published what is not durable is refused', () => {
    const lie = {
      say: 'here',
      region: 'a',
      number: 1,
      epoch: 'e',
      flushed: 1,
      sent: 0,
      seen: [],
      published: 2,
      wallMs: 1,
      clock: { wallMs: 1, counter: 0 },
    }
    expect(() => decodeAnnouncement(encodeControl(lie as never))).toThrow(RangeError)
  })
})

function readsOrRefuses(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError)
  }
}
