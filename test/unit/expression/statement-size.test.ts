/** The costs of an update as a statement, as they were measured: each row adds up its parts by hand. */
import { describe, expect, test } from 'vitest'
import { sizeOfStatement } from '../../../src/core/expression/evaluate/statement-size.ts'
import { n, s, update } from './parsing.ts'

const values = {
  ':five': s('12345'),
  ':one': n(1),
  ':list': { L: [s('ab')] },
  ':map': { M: { key: s('ab') } },
  ':set': { SS: ['ab', 'cde'] },
}
const names = { '#long': 'a.name.of.20.letters' }
const statement = 3

/** Placeholders that a text does not use are refused. */
function sizeOf(text: string): number {
  const used = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(name)))
  return sizeOfStatement(update(text, { names: used(names), values: used(values) }))
}

describe('a clause', () => {
  test.each([
    ['SET a = :five', 19 + 1 + 5],
    ['SET abc = :five', 19 + 3 + 5],
    ['SET #long = :five', 19 + 20 + 5],
    ['ADD a :one', 19 + 1 + 2],
    ['ADD a :set', 19 + 1 + (2 + 3)],
    ['REMOVE abc', 1 + 3],
    ['DELETE abc :set', 1 + 3],
    // A target is its first name, and 4 with each further step.
    ['SET a.bc = :five', 19 + (1 + 4 + 2) + 5],
    ['SET a[12] = :five', 19 + (1 + 4 + 2) + 5],
    ['REMOVE a.bc[3]', 1 + (1 + 4 + 2 + 4 + 1)],
    // A path that is read costs more than one that is written.
    ['SET a = b', 19 + 1 + (1 + 14 + 1)],
    ['SET a = b.cde', 19 + 1 + (1 + 14 + 1 + 14 + 3)],
    // Documents: 3, and 1 for each element with its contents.
    ['SET a = :list', 19 + 1 + (3 + 1 + 2)],
    ['SET a = :map', 19 + 1 + (3 + 1 + 3 + 2)],
    // Functions and operators.
    ['SET a = a + :one', 19 + 1 + 34 + (1 + 14 + 1) + 2],
    ['SET a = :one - :one', 19 + 1 + 37 + 2 + 2],
    ['SET a = if_not_exists(b, :five)', 19 + 1 + 39 + (1 + 14 + 1) + 5],
    ['SET a = list_append(a, :list)', 19 + 1 + 37 + (1 + 14 + 1) + (3 + 1 + 2)],
    ['SET a = list_append(if_not_exists(a, :list), :list)', 19 + 1 + 37 + (39 + 16 + 6) + 6],
  ])('%s costs %i', (text, cost) => {
    expect(sizeOf(text)).toBe(statement + cost)
  })
})

test('a statement costs 3 and its clauses, whatever section they are in', () => {
  const clauses = ['SET a = :five', 'REMOVE abc', 'ADD n :one']
  const alone = clauses.reduce((sum, text) => sum + sizeOf(text) - statement, 0)
  expect(sizeOf(clauses.join(' '))).toBe(statement + alone)
  expect(sizeOf('SET a = :five, b = :five')).toBe(statement + 2 * (19 + 1 + 5))
})
