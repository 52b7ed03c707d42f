import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeEdits, type NodeEntry, partsOf } from '../../../../src/region/nodes/node-entry.ts'
import { firstPlace, placeBytes, placeIn } from '../../../../src/region/nodes/store/node-place.ts'
import { digestAfter, Terms, type Verdict } from '../../../../src/region/nodes/terms.ts'
import { edit } from './nodes-world.ts'

const lead = (term: number, after: number, node = 'a'): NodeEntry => {
  return { kind: 'lead', term, after, node, address: `at-${node}`, run: `run-${node}` }
}

/** What comes of the entries, from the first place of the order on. */
class Order {
  readonly terms = new Terms()
  sequence = 0

  take(entry: NodeEntry): Verdict {
    this.sequence += 1
    return this.terms.take(this.sequence, entry)
  }

  kinds(...entries: readonly NodeEntry[]): readonly string[] {
    return entries.map((entry) => this.take(entry).kind)
  }

  /** Of the present term, as its leading node makes it. */
  batch(n: number, text: string): NodeEntry {
    const bytes = encodeEdits([edit(text, text)])
    const { term, digest } = this.terms.place
    return { kind: 'batch', term, n, part: 0, of: 1, digest: digestAfter(digest, bytes), bytes }
  }

  beat(n: number, term = this.terms.place.term): NodeEntry {
    return { kind: 'beat', term, n, digest: this.terms.place.digest }
  }
}

describe('what of the order counts', () => {
  test('a node takes the next term only when it has seen all that the leading node has placed', () => {
    const order = new Order()
    expect(order.kinds(lead(1, 0), order.beat(1, 1))).toEqual(['led', 'accepted'])
    expect(order.kinds(lead(2, 1, 'b'))).toEqual(['dropped'])
    expect(order.kinds(lead(3, 2, 'b'), lead(1, 2, 'b'))).toEqual(['dropped', 'dropped'])
    expect(order.kinds(lead(2, 2, 'b'), lead(2, 9, 'c'))).toEqual(['led', 'dropped'])
    expect(order.terms.place).toMatchObject({ term: 2, n: 0, placed: 6, leader: { node: 'b' } })
  })

  test('what does not follow in its term is dropped: repeats, what is too early, and all of a term that is over', () => {
    const order = new Order()
    order.take(lead(1, 0))
    const first = order.batch(1, 'x')
    expect(order.kinds(first, first, order.beat(3))).toEqual(['accepted', 'dropped', 'dropped'])
    const late = order.batch(2, 'y')
    expect(order.kinds(lead(2, 2), late)).toEqual(['led', 'dropped'])
  })

  test('a node that has resigned leads no more, and another one only resigns for itself', () => {
    const order = new Order()
    order.take(lead(1, 0))
    expect(order.kinds({ kind: 'resign', term: 1, run: 'run-b' })).toEqual(['dropped'])
    expect(order.kinds({ kind: 'resign', term: 1, run: 'run-a' }, order.beat(1))).toEqual(['resigned', 'dropped'])
    expect(order.kinds(lead(2, 2), lead(2, 3))).toEqual(['dropped', 'led'])
  })

  test('the parts of a batch are applied with its last one, and those of a term that ends before never', () => {
    const order = new Order()
    order.take(lead(1, 0))
    const bytes = encodeEdits([edit('x', 'some text'), edit('y', undefined)])
    const parts = partsOf(bytes, 40)
    const entries = (term: number): NodeEntry[] => {
      let { digest } = order.terms.place
      return parts.map((part, n) => {
        digest = digestAfter(digest, part)
        return { kind: 'batch', term, n: n + 1, part: n, of: parts.length, digest, bytes: part }
      })
    }
    expect(parts.length).toBeGreaterThan(1)
    expect(order.kinds(...entries(1).slice(0, -1))).toEqual(parts.slice(1).map(() => 'accepted'))
    expect(order.terms.whole.sequence).toBe(1)
    order.take(lead(2, order.sequence, 'b'))
    const verdicts = entries(2).map((entry) => order.take(entry))
    expect(verdicts.map((each) => 'edits' in each && each.edits?.length)).toEqual([
      ...parts.slice(1).map(() => undefined),
      2,
    ])
    expect(order.terms.whole).toEqual(order.terms.place)
  })

  test('a node whose edits are others than those of the leading node finds out at the next entry', () => {
    const order = new Order()
    order.take(lead(1, 0))
    order.terms.load({ ...order.terms.place, digest: 7 })
    expect(order.kinds({ kind: 'beat', term: 1, n: 1, digest: 0 })).toEqual(['differs'])
  })

  test('a node that starts again at any place comes to the same', () => {
    const steps = fc.array(fc.record({ kind: fc.nat(5), a: fc.nat(4), b: fc.nat(12) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.nat(), (all, cut) => {
        const order = new Order()
        const entries: NodeEntry[] = []
        const wholes: number[] = []
        for (const { kind, a, b } of all) {
          const { term, n } = order.terms.place
          const next = kind === 0 ? lead(term + 1, order.sequence - (a % 2), 'abc'[b % 3]) : order.beat(n + (a % 2))
          const entry = kind > 2 ? order.batch(n + 1, `${b}`) : next
          entries.push(entry)
          order.take(entry)
          wholes.push(order.terms.whole.sequence)
        }
        const at = wholes[cut % Math.max(1, wholes.length)] ?? 0
        const before = new Order()
        for (const entry of entries.slice(0, at)) before.take(entry)
        const again = new Order()
        again.terms.load(placeIn(placeBytes(before.terms.place)) ?? firstPlace)
        again.sequence = at
        for (const entry of entries.slice(at)) again.take(entry)
        expect(again.terms.place).toEqual(order.terms.place)
      }),
    )
  })
})

test('a record of a place that is damaged is none', () => {
  const bytes = placeBytes(firstPlace)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    expect(placeIn(damaged)).toBeUndefined()
  }
})
