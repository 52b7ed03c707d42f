import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../../../src/core/change/batch.ts'
import { takeTogether, type Waiting } from '../../../../../src/readers/replication/receive/batches.ts'
import { startOf } from '../../../../../src/readers/replication/receive/place-in-stream.ts'
import { change } from '../change.ts'

/** A message that covers (after, upTo] with a change at every position. */
function message(after: number, upTo: number, sequence: number, epoch = 'e'): Waiting {
  const changes = Array.from({ length: upTo - after }, (_, n) => change(after + n + 1))
  return { batch: { origin: 'a', originNumber: 1, epoch, after, upTo, changes }, sequence, sizeBytes: 1 }
}

const all = { cursor: 0, changesMax: 1000 }

const positions = (batch: Batch | undefined) => batch?.changes.map((each) => each.position)

describe('messages that wait', () => {
  it('are applied together as far as they follow on each other', () => {
    const taken = takeTogether([message(0, 2, 1), message(2, 3, 2), message(4, 5, 3)], all)
    expect(taken).toMatchObject({ messages: 2, sequence: 2, batch: { after: 0, upTo: 3 } })
    expect(positions(taken?.batch)).toEqual([1, 2, 3])
  })

  it('of two logs are never applied together', () => {
    expect(takeTogether([message(0, 2, 1), message(2, 3, 2, 'f')], all)?.messages).toBe(1)
  })

  it('are the fewer the more indexes their tables have', () => {
    const waiting = Array.from({ length: 50 }, (_, n) => message(2 * n, 2 * n + 2, n))
    const weightOf = () => 21
    expect(takeTogether(waiting, { cursor: 0, changesMax: 420 })?.messages).toBe(50)
    expect(takeTogether(waiting, { cursor: 0, changesMax: 420, weightOf })?.messages).toBe(10)
  })

  it('are taken in parts where one of them weighs too much, never within a transaction', () => {
    const transaction = [3, 4, 5]
    const { batch } = message(0, 8, 1)
    const changes = batch.changes.map((each) => (transaction.includes(each.position) ? { ...each, group: 3 } : each))
    const waiting = [{ batch: { ...batch, changes }, sequence: 9, sizeBytes: 1 }]
    const parts: (readonly number[])[] = []
    for (let cursor = 0, messages = 0; messages === 0;) {
      const taken = takeTogether(waiting, { cursor, changesMax: 42, weightOf: () => 21 })
      expect(taken?.batch).toMatchObject({ after: cursor })
      parts.push(positions(taken?.batch) ?? [])
      cursor = taken?.batch.upTo ?? 0
      messages = taken?.messages ?? 1
      expect(taken?.sequence).toBe(messages === 0 ? 8 : 9)
    }
    expect(parts).toEqual([[1, 2], [3, 4, 5], [6, 7], [8]])
  })

  it('give each change once and in order, whatever is repeated or overlaps, and none from beyond a hole', () => {
    const part = fc.tuple(fc.nat(20), fc.nat(8)).map(([after, length]) => message(after, after + length, 1))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 10 }), fc.nat(25), (waiting, cursor) => {
        const taken = takeTogether(waiting, { ...all, cursor })
        const first = waiting[0]?.batch.after ?? 0
        const upTo = taken?.batch.upTo ?? 0
        const expected = Array.from({ length: upTo - first }, (_, n) => first + n + 1)
        expect(positions(taken?.batch)).toEqual(expected.filter((position) => position > cursor))
      }),
    )
  })
})

describe('the place to read on in a stream', () => {
  const cursor = (sequence: number) => ({ epoch: 'e', position: 0, sequence })

  it('is a little before the hint', () => {
    const start = startOf(cursor(100), { firstSequence: 1, lastSequence: 200 })
    expect(start).toBeLessThanOrEqual(101)
    expect(start).toBeGreaterThan(50)
  })

  it('is within a stream that has lost its tail, or was made anew', () => {
    expect(startOf(cursor(300), { firstSequence: 1, lastSequence: 100 })).toBeLessThanOrEqual(101)
    expect(startOf(cursor(300), { firstSequence: 1, lastSequence: 0 })).toBe(1)
  })

  it('is the first message of a stream that has forgotten the one hinted at', () => {
    expect(startOf(cursor(10), { firstSequence: 50, lastSequence: 60 })).toBe(50)
  })
})

describe('a transaction that comes in parts', () => {
  const part = (after: number, upTo: number, number: number, of = 3): Waiting => {
    const { batch } = message(after, upTo, number)
    const changes = batch.changes.map((each) => ({ ...each, group: 3 }))
    return { batch: { ...batch, part: { number, of }, changes }, sequence: 10 + number, sizeBytes: 1 }
  }
  const parts = [part(2, 4, 1), part(4, 6, 2), part(6, 7, 3)] as const

  it('waits until the last is here, and is one batch then', () => {
    expect(takeTogether(parts.slice(0, 1), { ...all, cursor: 2 })).toBeUndefined()
    expect(takeTogether(parts.slice(0, 2), { ...all, cursor: 2 })).toBeUndefined()
    const taken = takeTogether([...parts, message(7, 9, 14)], { ...all, cursor: 2 })
    expect(taken).toMatchObject({ messages: 4, sequence: 14, batch: { after: 2, upTo: 9, part: undefined } })
    expect(positions(taken?.batch)).toEqual([3, 4, 5, 6, 7, 8, 9])
  })

  it('is not begun behind other messages before it is whole', () => {
    const taken = takeTogether([message(0, 2, 9), ...parts.slice(0, 2)], all)
    expect(taken).toMatchObject({ messages: 1, batch: { upTo: 2 } })
  })

  it('shows a gap where one is missing and others follow', () => {
    const [first, , last] = parts
    const taken = takeTogether([first, last], { ...all, cursor: 2 })
    expect(taken?.batch).toMatchObject({ after: 4, changes: [] })
    expect(takeTogether([first, message(8, 9, 14)], { ...all, cursor: 2 })?.batch.after).toBe(4)
    expect(
      takeTogether([first, { ...last, batch: { ...last.batch, epoch: 'f' } }], { ...all, cursor: 2 })?.batch,
    ).toMatchObject({
      epoch: 'e',
      after: 4,
    })
  })

  it('is left out where a message that covers its beginning leaves it out, and is never had in half', () => {
    const [first] = parts
    const { batch } = message(0, 9, 12)
    const without = { batch: { ...batch, changes: [change(8), change(9)] }, sequence: 12, sizeBytes: 1 }
    const taken = takeTogether([first, without], { ...all, cursor: 2 })
    expect(taken).toMatchObject({ messages: 2, sequence: 12, batch: { after: 2, upTo: 9 } })
    expect(positions(taken?.batch)).toEqual([8, 9])
    const later = { ...without, batch: { ...without.batch, part: { number: 1, of: 2 } } }
    expect(takeTogether([first, later], { ...all, cursor: 2 })).toBeUndefined()
    const both = takeTogether([first, later, part(9, 11, 2, 2)], { ...all, cursor: 2 })
    expect(both).toMatchObject({ messages: 3, batch: { after: 2, upTo: 11 } })
    expect(positions(both?.batch)).toEqual([8, 9, 10, 11])
  })

  it('is passed over once the cursor is behind it', () => {
    expect(takeTogether(parts.slice(0, 1), { ...all, cursor: 7 })).toMatchObject({ messages: 1 })
  })

  it('has each change once, whatever is repeated, and as soon as each part has come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 8 }), (repeats) => {
        // Each part again at any moment after it has come.
        const waiting = [...parts.slice(0, 1), ...repeats.filter((n) => n < 1).map((n) => parts[n] as Waiting)]
        waiting.push(parts[1], ...repeats.filter((n) => n < 2).map((n) => parts[n] as Waiting))
        expect(takeTogether(waiting, { ...all, cursor: 2 })).toBeUndefined()
        waiting.push(parts[2])
        const taken = takeTogether(waiting, { ...all, cursor: 2 })
        expect(positions(taken?.batch)).toEqual([3, 4, 5, 6, 7])
        expect(taken?.messages).toBe(waiting.length)
      }),
    )
  })
})
