import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { applyUpdate } from '../../../src/core/expression/evaluate/apply-update.ts'
import { n, refusal, s, update } from './parsing.ts'

const list = (...elements: readonly AttributeValue[]): AttributeValue => ({ L: elements })

const item: Item = {
  pk: s('p'),
  number: n(5),
  text: s('old'),
  map: { M: { x: n(1), y: { M: { z: s('deep') } } } },
  list: list(s('a'), s('b'), s('c')),
  tags: { SS: ['a', 'b'] },
}

const values: Record<string, AttributeValue> = {
  ':n': n(2),
  ':s': s('new'),
  ':t': s('newer'),
  ':l': list(s('x')),
  ':ss': { SS: ['b', 'c'] },
  ':all': { SS: ['b', 'a'] },
  ':ns': { NS: ['1'] },
  ':m': { M: {} },
  ':b': { B: 'AA==' },
}
const names = { '#number': 'number', '#text': 'text', '#map': 'map', '#list': 'list' }

const parsed = (text: string) => update(text, { names, values })

/** The attributes that differ from the item above; null where they are gone. */
function changed(text: string): Record<string, AttributeValue | null> | string {
  const result = applyUpdate(parsed(text), item, { pk: s('p') })
  if ('refused' in result) return result.refused
  const after: Item = result.item ?? {}
  const difference: Record<string, AttributeValue | null> = {}
  for (const name of new Set([...Object.keys(item), ...Object.keys(after)]))
    if (after[name] !== item[name]) difference[name] = after[name] ?? null
  return difference
}

describe('SET', () => {
  test.each([
    ['SET #text = :s, created = :n', { text: s('new'), created: n(2) }],
    ['SET #number = #number + :n', { number: n(7) }],
    ['SET #number = (:n - #number)', { number: n(-3) }],
    ['SET a = #text, #text = :s', { a: s('old'), text: s('new') }],
    ['SET a = if_not_exists(a, :s)', { a: s('new') }],
    ['SET #text = if_not_exists(#text, :s), a = :n', { a: n(2) }],
    ['SET a = if_not_exists(a, if_not_exists(b, #text))', { a: s('old') }],
    ['SET a = if_not_exists(a, :n) + :n', { a: n(4) }],
    ['SET a = list_append(:l, #list)', { a: list(s('x'), s('a'), s('b'), s('c')) }],
    ['SET a = list_append(if_not_exists(a, :l), :l)', { a: list(s('x'), s('x')) }],
    ['SET #map.x = :s', { map: { M: { x: s('new'), y: { M: { z: s('deep') } } } } }],
    ['SET #map.w = #map.y.z', { map: { M: { x: n(1), y: { M: { z: s('deep') } }, w: s('deep') } } }],
    ['SET #list[1] = :s', { list: list(s('a'), s('new'), s('c')) }],
    ['SET #list[9] = :s, #list[5] = :t', { list: list(s('a'), s('b'), s('c'), s('newer'), s('new')) }],
    ['SET #list[0] = #list[2] REMOVE #list[2]', { list: list(s('c'), s('b')) }],
  ])('%s', (text, expected) => {
    expect(changed(text)).toEqual(expected)
  })

  const missing = 'The provided expression refers to an attribute that does not exist in the item'
  const wrongType = 'An operand in the update expression has an incorrect data type'
  const invalidPath = 'The document path provided in the update expression is invalid for update'
  test.each([
    ['SET a = b', missing],
    ['SET a = b + :n', missing],
    ['SET a = list_append(b, :l)', missing],
    ['SET a = #text + :n', wrongType],
    ['SET a = list_append(#text, :l)', wrongType],
    ['SET a.b = :n', invalidPath],
    ['SET #text.b = :n', invalidPath],
    ['SET #map[0] = :n', invalidPath],
    ['SET #list.a = :n', invalidPath],
    ['SET #list[7].a = :n', invalidPath],
    ['REMOVE a.b', invalidPath],
    ['REMOVE #map[0]', invalidPath],
    ['ADD a.b :n', invalidPath],
    ['ADD #text :n', wrongType],
    ['ADD tags :ns', wrongType],
    ['DELETE #number :ss', wrongType],
    ['DELETE tags :ns', wrongType],
  ])('%s is refused', (text, expected) => {
    expect(changed(text)).toBe(expected)
  })

  test('a sum beyond the range is refused', () => {
    const huge = { values: { ':huge': n(`9${'0'.repeat(125)}`) } }
    const result = applyUpdate(update('SET a = :huge + :huge', huge), undefined, {})
    expect(result).toEqual({
      refused: 'Number overflow. Attempting to store a number with magnitude larger than supported range',
    })
  })
})

describe('REMOVE, ADD and DELETE', () => {
  test.each([
    ['REMOVE #text, nothing, #map.nothing, #list[7]', { text: null }],
    ['REMOVE #list[0], #list[1]', { list: list(s('c')) }],
    ['REMOVE #map.y.z', { map: { M: { x: n(1), y: { M: {} } } } }],
    ['ADD #number :n', { number: n(7) }],
    ['ADD a :n, tags :ss', { a: n(2), tags: { SS: ['a', 'b', 'c'] } }],
    ['ADD a :ss', { a: { SS: ['b', 'c'] } }],
    ['DELETE tags :ss', { tags: { SS: ['a'] } }],
    ['DELETE tags :all', { tags: null }],
    ['DELETE nothing :ss', {}],
    [
      'SET a = :s REMOVE #text ADD #number :n DELETE tags :ss',
      { a: s('new'), text: null, number: n(7), tags: { SS: ['a'] } },
    ],
  ])('%s', (text, expected) => {
    const difference = changed(text) as Record<string, AttributeValue | null>
    const same = Object.keys(difference).filter(
      (name) => JSON.stringify(difference[name]) === JSON.stringify(item[name]),
    )
    for (const name of same) delete difference[name]
    expect(difference).toEqual(expected)
  })

  test('without an item, those that give make one and those that take away do not', () => {
    const made = (text: string) => applyUpdate(parsed(text), undefined, { pk: s('p') })
    expect(made('ADD a :n')).toEqual({ item: { pk: s('p'), a: n(2) } })
    expect(made('REMOVE a DELETE b :ss')).toEqual({ item: undefined })
    expect(applyUpdate({ actions: [] }, undefined, { pk: s('p') })).toEqual({ item: { pk: s('p') } })
  })

  test('names that every object has are names like any other', () => {
    const result = applyUpdate(
      update('SET #p = :n, #c = if_not_exists(#c, :n)', { names: { '#p': '__proto__', '#c': 'constructor' }, values }),
      undefined,
      { pk: s('p') },
    )
    expect(JSON.stringify(result)).toBe('{"item":{"pk":{"S":"p"},"__proto__":{"N":"2"},"constructor":{"N":"2"}}}')
  })

  test('a value set below another nests no deeper than 32 levels', () => {
    let deep: AttributeValue = n(1)
    for (let level = 0; level < 30; level++) deep = { L: [deep] }
    const made = (value: AttributeValue) =>
      applyUpdate(update('SET #map.deep = :d', { names, values: { ':d': value } }), item, {})
    expect(made(deep)).toHaveProperty('item')
    expect(made({ L: [deep] })).toEqual({
      refused:
        'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    })
  })

  test('the item itself is left as it was', () => {
    const before = structuredClone(item)
    changed('SET #map.y.z = :s, #list[0] = :s REMOVE #text ADD tags :ss')
    expect(item).toEqual(before)
  })
})

describe('update expressions that are refused', () => {
  test.each([
    ['SET a = :n SET b = :n', 'The "SET" section can only be used once in an update expression;'],
    ['ADD x :n SET a = :n ADD y :n', 'The "ADD" section can only be used once in an update expression;'],
    ['SET a = ((b))', 'The expression has redundant parentheses;'],
    ['SET a = foo(b)', 'Invalid function name; function: foo'],
    ['SET a = size(b)', 'The function is not allowed in an update expression; function: size'],
    ['SET name = :n', 'Attribute name is a reserved keyword; reserved keyword: name'],
    ['SET a = if_not_exists(data, :n)', 'Attribute name is a reserved keyword; reserved keyword: data'],
    ['SET #x = :n', 'An expression attribute name used in the document path is not defined; attribute name: #x'],
    ['SET a = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    [
      'SET a = list_append(:l)',
      'Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1',
    ],
    [
      'SET a = if_not_exists(b, :n, :n)',
      'Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 3',
    ],
    [
      'SET a = if_not_exists(:n, :n)',
      'Operator or function requires a document path; operator or function: if_not_exists',
    ],
    [
      'SET a = list_append(b, :m)',
      'Incorrect operand type for operator or function; operator or function: list_append, operand type: M',
    ],
    ['SET a = b + :s', 'Incorrect operand type for operator or function; operator or function: +, operand type: S'],
    ['SET a = :s - :n', 'Incorrect operand type for operator or function; operator or function: -, operand type: S'],
    [
      'ADD a :s',
      'Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND',
    ],
    [
      'ADD a :l',
      'Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND',
    ],
    [
      'DELETE a :n',
      'Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND',
    ],
    [
      'SET a = :n, a.b = :n',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]',
    ],
    [
      'SET a[0] = :n REMOVE a.b',
      'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, [0]], path two: [a, b]',
    ],
  ])('%s', (text, problem) => {
    expect(refusal(() => parsed(text))).toBe(`Invalid UpdateExpression: ${problem}`)
  })

  test('an empty one', () => {
    expect(refusal(() => parsed(''))).toBe('Invalid UpdateExpression: The expression can not be empty;')
  })
})
