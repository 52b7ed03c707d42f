import { array, assert, boolean, nat, option, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { FormerRows } from '../../../src/engine/store/former-rows.ts'
import { indexRowKey, rowKey } from '../../../src/engine/store/keys.ts'
import type { Edit, Range, Store } from '../../../src/ports/store.ts'

/** A store of rows in memory, in the order of their keys. */
class Rows {
  rows = new Map<string, Buffer>()

  get(key: Uint8Array): Buffer | undefined {
    return this.rows.get(Buffer.from(key).toString('latin1'))
  }

  *entries({ from, to, reverse = false, limit = Infinity }: Range) {
    const [first, end] = [from, to].map((key) => Buffer.from(key).toString('latin1')) as [string, string]
    const names = [...this.rows.keys()].filter((name) => name >= first && name < end).toSorted()
    if (reverse) names.reverse()
    for (const name of names.slice(0, limit)) yield { key: Buffer.from(name, 'latin1'), value: this.rows.get(name)! }
  }

  write(batch: readonly Edit[]): void {
    for (const { key, value } of batch) {
      const name = Buffer.from(key).toString('latin1')
      if (value === undefined) this.rows.delete(name)
      else this.rows.set(name, Buffer.from(value))
    }
  }
}

const keyOf = (n: number): Buffer =>
  n % 2 === 0 ? rowKey(1, Buffer.from(`k${n}`)) : indexRowKey(1, 2, Buffer.from(`k${n}`))
const whole = { from: Buffer.of(0x10), to: Buffer.of(0x30) }

function shown(rows: Pick<Store, 'entries'>, range: Range): readonly string[] {
  return [...rows.entries(range)].map(({ key, value }) => `${key.toString('latin1')}=${value.toString()}`)
}

test('what is read of a moment is what was there at that moment', () => {
  const change = record({ key: nat(7), value: option(nat(99), { nil: undefined }) })
  const step = record({ waitMs: nat(20), batch: array(change, { minLength: 1, maxLength: 4 }) })
  assert(
    property(array(step, { maxLength: 12 }), boolean(), option(nat(9), { nil: undefined }), (steps, reverse, limit) => {
      let nowMs = 1000
      const rows = new Rows()
      rows.write([0, 1, 2].map((n) => ({ key: keyOf(n), value: Buffer.from('first') })))
      const former = new FormerRows(rows, { monotonicMs: () => nowMs })
      former.keep(10_000, 10_000)
      const range = { ...whole, reverse, ...(limit === undefined ? {} : { limit }) }
      const seen = [{ atMs: nowMs, all: shown(rows, range), zero: rows.get(keyOf(0))?.toString() }]
      for (const { waitMs, batch } of steps) {
        nowMs += waitMs + 1
        const edits = batch.map(({ key, value }) => ({
          key: keyOf(key),
          value: value === undefined ? undefined : Buffer.from(`${value}`),
        }))
        const last = [...new Map(edits.map((edit) => [edit.key.toString('latin1'), edit])).values()]
        const before = former.before(last)
        rows.write(last)
        former.add(before ?? [])
        seen.push({ atMs: nowMs, all: shown(rows, range), zero: rows.get(keyOf(0))?.toString() })
      }
      nowMs += 5
      for (const { atMs, all, zero } of seen) {
        const then = former.at(nowMs - atMs)
        expect(shown(then, range)).toEqual(all)
        expect(then.get(keyOf(0))?.toString()).toBe(zero)
      }
    }),
    { numRuns: 200 },
  )
})

test('nothing is kept before it is asked for, nor after its time', () => {
  let nowMs = 0
  const rows = new Rows()
  const former = new FormerRows(rows, { monotonicMs: () => nowMs })
  const edit = { key: keyOf(0), value: Buffer.from('new') }
  expect(former.before([edit])).toBeUndefined()
  former.keep(1000, 50)
  expect(former.before([edit, { key: Buffer.of(0x30, 1), value: Buffer.of(1) }])).toHaveLength(1)
  nowMs = 50
  expect(former.before([edit])).toBeUndefined()
})

test('what is older than anybody asks for is let go of, and the oldest moment that is kept is read instead', () => {
  let nowMs = 0
  const rows = new Rows()
  const former = new FormerRows(rows, { monotonicMs: () => nowMs })
  former.keep(100, 10_000)
  for (const value of ['a', 'b', 'c']) {
    const edits = [{ key: keyOf(0), value: Buffer.from(value) }]
    const before = former.before(edits) ?? []
    rows.write(edits)
    former.add(before)
    nowMs += 80
  }
  // At 0 there was nothing, at 80 it became b, at 160 c; at 240 what was until 80 is gone.
  expect(former.at(100).get(keyOf(0))?.toString()).toBe('b')
  expect(former.at(9000).get(keyOf(0))?.toString()).toBe('a')
})
