import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unreachable } from '../../../src/core/assert.ts'
import { equalValues } from '../../../src/core/attribute/equality.ts'
import { attribute, type AttributeValue, type Item, typeOf } from '../../../src/core/attribute/value.ts'
import type { Comparator, Condition, Operand } from '../../../src/core/expression/condition.ts'
import { evaluate } from '../../../src/core/expression/evaluate/evaluate.ts'
import { item as anyItem, value as anyValue } from '../attribute/values.ts'
import { conditions } from './conditions.ts'
import { condition, n, s } from './parsing.ts'

const item: Item = {
  words: s('hello'),
  blank: s(''),
  five: n(5),
  bytes: { B: 'AQID' },
  yes: { BOOL: true },
  nil: { NULL: true },
  strings: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2'] },
  binaries: { BS: ['AQ=='] },
  elements: { L: [n(1), s('two'), { M: { deep: s('x') } }] },
  map1: { M: { nested1: n(7), more: { M: {} } } },
}

const values: Record<string, AttributeValue> = {
  ':hello': s('hello'),
  ':he': s('he'),
  ':five': n(5),
  ':six': n(6),
  ':textFive': s('5'),
  ':one': n(1),
  ':three': n(3),
  ':zero': n(0),
  ':b12': { B: 'AQI=' },
  ':b1': { B: 'AQ==' },
  ':swapped': { SS: ['b', 'a'] },
  ':a': s('a'),
  ':yes': { BOOL: true },
  ':S': s('S'),
  ':L': s('L'),
  ':deep': { M: { deep: s('x') } },
}

describe('what conditions say of an item', () => {
  test.each<[string, boolean]>([
    ['words = :hello', true],
    ['words <> :hello', false],
    ['five = :textFive', false],
    ['five <> :textFive', true],
    ['nothing1 <> :five', true],
    ['nothing1 = :five', false],
    ['nothing1 < :five', false],
    ['nothing1 = other1', false],
    ['five < :six AND five >= :five', true],
    ['five > :textFive', false],
    ['strings = :swapped', true],
    ['five BETWEEN :one AND :six', true],
    ['words BETWEEN :one AND :six', false],
    [':five BETWEEN map1.more AND five', false],
    ['five IN (:one, map1.nested1, :five)', true],
    ['nothing1 IN (missing2, :five)', false],
    ['attribute_exists(map1.nested1)', true],
    ['attribute_exists(map1.nothing)', false],
    ['attribute_exists(elements[2].deep)', true],
    ['attribute_not_exists(elements[3])', true],
    ['attribute_not_exists(words.nested1)', true],
    ['attribute_exists(nil)', true],
    ['attribute_type(words, :S)', true],
    ['attribute_type(five, :S)', false],
    ['attribute_type(nothing1, :S)', false],
    ['attribute_type(elements, :L)', true],
    ['begins_with(words, :he)', true],
    ['begins_with(bytes, :b12)', true],
    ['begins_with(five, :he)', false],
    ['begins_with(nothing1, :he)', false],
    ['contains(words, :he)', true],
    ['contains(words, :five)', false],
    ['contains(bytes, :b12)', true],
    ['contains(strings, :a)', true],
    ['contains(numbers, :one)', true],
    ['contains(binaries, :b1)', true],
    ['contains(elements, :one)', true],
    ['contains(elements, :deep)', true],
    ['contains(map1, :a)', false],
    ['contains(nothing1, :a)', false],
    ['size(words) = :five', true],
    ['size(blank) = :zero', true],
    ['size(bytes) = :three', true],
    ['size(elements) > size(strings)', true],
    ['size(map1) < :three', true],
    ['size(five) >= :zero', false],
    ['size(nothing1) >= :zero', false],
    ['size(:hello) = five', true],
    ['NOT five = :six', true],
    ['NOT (five = :five OR words = :hello)', false],
    ['five = :six AND five = :six OR words = :hello', true],
    ['five = :six AND (five = :six OR words = :hello)', false],
    ['NOT five = :six AND five = :six', false],
  ])('%s is %s', (text, holds) => {
    expect(evaluate(condition(text, { values }), item)).toBe(holds)
  })

  test('where there is no item, nothing is there', () => {
    expect(evaluate(condition('attribute_not_exists(pk)'), undefined)).toBe(true)
    expect(evaluate(condition('a = b'), undefined)).toBe(false)
  })
})

/** The naive reading of the developer guide: every operand looked up, every case spelled out. */
const naive = {
  holds(given: Condition, from: Item): boolean {
    switch (given.op) {
      case 'and':
        return given.of.reduce((all, part) => naive.holds(part, from) && all, true)
      case 'or':
        return given.of.reduce((any, part) => naive.holds(part, from) || any, false)
      case 'not':
        return !naive.holds(given.of, from)
      case 'compare':
        return naive.compare(given.comparator, naive.look(given.left, from), naive.look(given.right, from))
      case 'between': {
        const [value, low, high] = [given.operand, given.low, given.high].map((operand) => naive.look(operand, from))
        return naive.compare('<=', low, value) && naive.compare('<=', value, high)
      }
      case 'in':
        return given.list.some((element) =>
          naive.compare('=', naive.look(given.operand, from), naive.look(element, from)),
        )
      case 'attribute_exists':
        return naive.look({ path: given.path }, from) !== undefined
      case 'attribute_not_exists':
        return naive.look({ path: given.path }, from) === undefined
      case 'attribute_type': {
        const found = naive.look({ path: given.path }, from)
        return found !== undefined && typeOf(found) === given.type
      }
      case 'begins_with':
        return naive.begins(naive.look(given.operand, from), naive.look(given.prefix, from))
      case 'contains':
        return naive.contains(naive.look(given.operand, from), naive.look(given.element, from))
      default:
        return unreachable(given)
    }
  },

  look(operand: Operand, from: Item): AttributeValue | undefined {
    if ('value' in operand) return operand.value
    let found: AttributeValue | undefined = { M: from }
    for (const step of 'path' in operand ? operand.path : operand.size) {
      const here: Record<string, unknown> = { ...found }
      if (typeof step === 'string') found = here['M'] ? attribute(here['M'] as Item, step) : undefined
      else found = (here['L'] as AttributeValue[] | undefined)?.[step]
    }
    if ('path' in operand || found === undefined) return found
    const content: unknown = Object.values(found)[0]
    if ('B' in found) return n(Buffer.from(found.B, 'base64').length)
    if (typeof content === 'object' && content !== null) return n(Object.keys(content).length)
    return 'S' in found ? n(found.S.length) : undefined
  },

  compare(comparator: Comparator, a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
    const same = a !== undefined && b !== undefined && equalValues(a, b)
    if (comparator === '=' || comparator === '<>') return same === (comparator === '=')
    if (a === undefined || b === undefined || typeOf(a) !== typeOf(b)) return false
    if (!['S', 'N', 'B'].includes(typeOf(a))) return false
    const less = naive.less(a, b)
    if (comparator === '<' || comparator === '<=') return less || (same && comparator === '<=')
    return (!less && !same) || (same && comparator === '>=')
  },

  less(a: AttributeValue, b: AttributeValue): boolean {
    if ('N' in a && 'N' in b) return Number(a.N) < Number(b.N)
    const bytes = (value: AttributeValue): Buffer =>
      'S' in value ? Buffer.from(value.S) : Buffer.from('B' in value ? value.B : '', 'base64')
    return Buffer.compare(bytes(a), bytes(b)) < 0
  },

  begins(value: AttributeValue | undefined, prefix: AttributeValue | undefined): boolean {
    if (value && prefix && 'S' in value && 'S' in prefix) return value.S.slice(0, prefix.S.length) === prefix.S
    if (!value || !prefix || !('B' in value) || !('B' in prefix)) return false
    return Buffer.from(value.B, 'base64').toString('hex').startsWith(Buffer.from(prefix.B, 'base64').toString('hex'))
  },

  contains(value: AttributeValue | undefined, element: AttributeValue | undefined): boolean {
    if (!value || !element) return false
    if ('L' in value) return value.L.filter((member) => equalValues(member, element)).length > 0
    const sought: unknown = Object.values(element)[0]
    if ('S' in value) return 'S' in element && (element.S === '' || value.S.split(element.S).length > 1)
    if ('B' in value) return 'B' in element && Buffer.from(value.B, 'base64').includes(Buffer.from(element.B, 'base64'))
    const content: unknown = Object.values(value)[0]
    return Array.isArray(content) && typeOf(value) === `${typeOf(element)}S` && content.includes(sought)
  },
}

test('the evaluator agrees with a naive reading of the guide', () => {
  fc.assert(
    fc.property(conditions, anyItem, anyValue, (given, from, extra) => {
      const found = { ...from, a: extra }
      expect(evaluate(given, found)).toBe(naive.holds(given, found))
    }),
    { numRuns: 2000 },
  )
})
