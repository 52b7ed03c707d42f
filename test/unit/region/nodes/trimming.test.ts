import { describe, expect, test } from 'vitest'
import { Trimming } from '../../../../src/region/nodes/entry-trimming.ts'

const trimming = (durable: Readonly<Record<string, number>>): Trimming => {
  const each = new Trimming(['a', 'b', 'c'], { trimStep: 10, entriesKeptMax: 100 })
  for (const [node, sequence] of Object.entries(durable)) each.hear(node, sequence)
  return each
}

describe('entries are trimmed', () => {
  test('up to what all nodes have', () => expect(trimming({ a: 90, b: 50, c: 70 }).upTo(95, 90)).toBe(50))
  test('in steps', () => expect(trimming({ a: 9, b: 9, c: 9 }).upTo(9, 9)).toBeUndefined())
  test('never up to what this node does not have', () =>
    expect(trimming({ a: 90, b: 50, c: 70 }).upTo(95, 40)).toBe(40))
  test('without waiting for a node that is too far behind', () =>
    expect(trimming({ a: 400, b: 390, c: 20 }).upTo(400, 400)).toBe(300))
  test('never up to what only one node has', () => expect(trimming({ a: 400, b: 30, c: 20 }).upTo(400, 400)).toBe(30))
  test('no further for a node that has gone back to nothing', () => {
    const each = trimming({ a: 90, b: 90, c: 90 })
    each.hear('b', 0)
    expect(each.upTo(95, 90)).toBeUndefined()
  })
})
