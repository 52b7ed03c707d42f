/** What the dearest expressions cost, counted in reads of the values that they look at. */
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { equalValues } from '../../../src/core/attribute/equality.ts'
import { canonicalText } from '../../../src/core/attribute/large-values.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { applyUpdate } from '../../../src/core/expression/evaluate/apply-update.ts'
import { evaluate } from '../../../src/core/expression/evaluate/evaluate.ts'
import { ExpressionContext } from '../../../src/core/expression/bind/expression-context.ts'
import { parseCondition, parseUpdate } from '../../../src/core/expression/parse.ts'
import { itemSizeBytesMax } from '../../../src/core/limits/limits.ts'
import { value as anyValue } from '../attribute/values.ts'

/** The same members, and how many of them have been read. */
function counted<T extends object>(members: T): { readonly members: T; readonly reads: () => number } {
  let reads = 0
  const counting = new Proxy(members, {
    get: (target, name, receiver) => {
      reads++
      return Reflect.get(target, name, receiver) as unknown
    },
    ownKeys: (target) => {
      const names = Reflect.ownKeys(target)
      reads += names.length
      return names
    },
  })
  return { members: counting, reads: () => reads }
}

const length = 10_000
const operators = 100
const nulls: readonly AttributeValue[] = Array.from({ length }, () => ({ NULL: true as const }))
const texts = Array.from({ length }, (_, n) => `element ${n}`)

function conditionOf(operator: (value: string) => string, values: Readonly<Record<string, AttributeValue>>) {
  const names = Object.keys(values)
  const text = Array.from({ length: operators }, (_, n) => operator(names[n % names.length] ?? '')).join(' OR ')
  return parseCondition(text, 'FilterExpression', new ExpressionContext({ values }))
}

describe('a filter of 100 comparisons reads a large value a few times', () => {
  test('to compare lists', () => {
    const { members, reads } = counted(nulls)
    const condition = conditionOf((value) => `a <> ${value}`, { ':v': { L: [...nulls] } })
    expect(evaluate(condition, { a: { L: members } })).toBe(false)
    expect(reads()).toBeLessThan(4 * length)
  })

  test('to compare sets', () => {
    const { members, reads } = counted(texts)
    const condition = conditionOf((value) => `a <> ${value}`, { ':v': { SS: texts.toReversed() } })
    expect(evaluate(condition, { a: { SS: members } })).toBe(false)
    expect(reads()).toBeLessThan(4 * length)
  })

  test('to compare maps, and to count their members', () => {
    const map: Item = Object.fromEntries(texts.map((name) => [name, { NULL: true as const }]))
    const { members, reads } = counted(map)
    const values = { ':v': { M: { ...map } }, ':n': { N: '1' } } as const
    const condition = conditionOf((value) => (value === ':v' ? `a <> ${value}` : `size(a) = ${value}`), values)
    expect(evaluate(condition, { a: { M: members } })).toBe(false)
    expect(reads()).toBeLessThan(8 * length)
  })

  test('to find elements in a list, and in a set', () => {
    const list = counted(nulls)
    const set = counted(texts)
    const condition = conditionOf((value) => `contains(${value === ':v' ? 'a' : 'b'}, ${value})`, {
      ':v': { S: 'none' },
      ':w': { S: 'none' },
    })
    expect(evaluate(condition, { a: { L: list.members }, b: { SS: set.members } })).toBe(false)
    for (const { reads } of [list, set]) expect(reads()).toBeLessThan(10 * length)
  })

  test('to find scalars in a list, and makes no text of its elements', () => {
    const { members, reads } = counted<AttributeValue[]>(texts.map((text) => ({ N: text })))
    const condition = conditionOf((value) => `contains(a, ${value})`, { ':v': { N: '1' }, ':w': { N: '2' } })
    const made = vi.spyOn(JSON, 'stringify')
    expect(evaluate(condition, { a: { L: members } })).toBe(false)
    expect(made).not.toHaveBeenCalled()
    expect(reads()).toBeLessThan(10 * length)
    made.mockRestore()
  })
})

describe('an update', () => {
  const update = (text: string, values?: Readonly<Record<string, AttributeValue>>) =>
    parseUpdate(text, new ExpressionContext({ values }))

  test('copies nested calls of list_append once', () => {
    const { members, reads } = counted(nulls.slice(0, 1000))
    const nested = Array.from({ length: 100 }).reduce<string>((inner) => `list_append(${inner}, a)`, 'a')
    const result = applyUpdate(update(`SET b = ${nested}`), { a: { L: members } }, {})
    expect(result).toMatchObject({ item: { b: { L: { length: 101_000 } } } })
    expect(reads()).toBeLessThan(3 * 101_000)
  })

  test('is refused before a list is made that no item can hold', () => {
    const { members, reads } = counted(Array.from({ length: 100_000 }, () => ({ NULL: true as const })))
    const nested = Array.from({ length: 100 }).reduce<string>((inner) => `list_append(${inner}, a)`, 'a')
    const refused = { refused: 'Item size to update has exceeded the maximum allowed size' }
    expect(applyUpdate(update(`SET b = ${nested}`), { a: { L: members } }, {})).toEqual(refused)
    expect(reads()).toBeLessThan(1000)
  })

  test('is refused once its values are more than an item can hold, however many follow', () => {
    const { members, reads } = counted(nulls)
    const actions = Array.from({ length: 200 }, (_, n) => `b${n} = a`).join(', ')
    const { refused } = applyUpdate(update(`SET ${actions}`), { a: { L: members } }, {}) as { refused: string }
    expect(refused).toBe('Item size to update has exceeded the maximum allowed size')
    expect(reads()).toBeLessThan(2 * itemSizeBytesMax)
  })

  test('removes the elements of one set from many', () => {
    const { members, reads } = counted(texts)
    const names = Array.from({ length: 200 }, (_, n) => `b${n}`)
    const item = Object.fromEntries(names.map((name) => [name, { SS: ['element 1', 'other'] }]))
    const text = `DELETE ${names.map((name) => `${name} :v`).join(', ')}`
    const result = applyUpdate(update(text, { ':v': { SS: members } }), item, {})
    expect(result).toMatchObject({ item: { b0: { SS: ['other'] }, b199: { SS: ['other'] } } })
    expect(reads()).toBeLessThan(4 * length)
  })
})

test('canonical texts are equal where values are', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      expect(canonicalText(a) === canonicalText(b)).toBe(equalValues(a, b))
      expect(canonicalText(structuredClone(a))).toBe(canonicalText(a))
    }),
  )
})
