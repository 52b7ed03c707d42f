import { describe, expect, test } from 'vitest'
import { lowerDelete, lowerSelect, lowerUpdate, singleItemKey } from '../../../src/core/partiql/lower.ts'
import { parseStatement } from '../../../src/core/partiql/parser.ts'
import type { Delete, Select, UpdateStatement } from '../../../src/core/partiql/statement.ts'

const key = { partition: [{ name: 'pk', type: 'S' as const }], sort: [{ name: 'sk', type: 'N' as const }] }
const select = (where: string) => parseStatement(`SELECT * FROM t WHERE ${where}`, []) as Select

describe('SELECT', () => {
  test('equality on the partition and a range of the sort key become the key condition, the rest the filter', () => {
    expect(lowerSelect(select(`a = 1 AND pk = 'x' AND sk BETWEEN 1 AND 2`), key)).toMatchObject({
      keyConditions: [{ op: 'and', of: [{ op: 'compare', right: { value: { S: 'x' } } }, { op: 'between' }] }],
      filter: { op: 'compare', left: { path: ['a'] } },
    })
  })

  test.each([`pk IN ['x', 'y', 'x']`, `pk = 'x' OR 'y' = pk`])('%s reads each partition once', (where) => {
    const { keyConditions, filter } = lowerSelect(select(where), key)
    expect(keyConditions).toHaveLength(2)
    expect(filter).toBeUndefined()
  })

  test.each(['a = 1', "pk > 'x'", `pk = 'x' OR a = 1`, `NOT pk = 'x'`, 'pk = other'])('%s is a scan', (where) => {
    expect(lowerSelect(select(where), key).keyConditions).toEqual([])
  })

  test('only a whole key names a single item', () => {
    expect(singleItemKey(select(`pk = 'x' AND sk = 1 AND a = 2`), key)).toMatchObject({
      keyAttributes: { pk: { S: 'x' }, sk: { N: '1' } },
      rest: [{ op: 'compare', left: { path: ['a'] } }],
    })
    expect(singleItemKey(select(`pk = 'x'`), key)).toBeUndefined()
  })
})

describe('branches of an OR on the sort key', () => {
  const overlapping = 'Overlapping conditions with range keys are not supported in where clause'

  test.each([
    `pk = 'x' AND (sk > 1 OR sk > 5)`,
    `pk = 'x' AND (sk = 1 OR 1 = sk)`,
    `pk = 'x' AND (sk <= 1 OR sk BETWEEN 1 AND 2)`,
    `pk IN ['x', 'y'] AND (sk < 5 OR sk > 9 OR sk = 4)`,
    `(pk = 'x' AND sk < 5) OR (pk = 'x' AND 3 < sk)`,
  ])('%s overlap', (where) => {
    expect(() => lowerSelect(select(where), key)).toThrow(overlapping)
  })

  test.each([
    `pk = 'x' AND (sk < 1 OR sk > 1)`,
    `pk = 'x' AND (sk < 1 OR sk = 1 OR sk > 1)`,
    `pk = 'x' AND sk > 5 AND (sk < 7 OR sk BETWEEN 8 AND 9)`,
    `(pk = 'x' AND sk < 5) OR (pk = 'y' AND sk > 3)`,
    `pk = 'x' AND (sk <> 1 OR sk = 2)`,
    `pk = 'x' AND (NOT sk > 1 OR sk < 5)`,
    `pk = 'x' AND (a < 5 OR a < 6)`,
    `sk < 5 OR sk < 6`,
  ])('%s run', (where) => {
    expect(lowerSelect(select(where), key)).toBeDefined()
  })

  test('prefixes of a text', () => {
    const texts = { ...key, sort: [{ name: 'sk', type: 'S' as const }] }
    const both = (one: string, two: string) =>
      lowerSelect(select(`pk = 'x' AND (begins_with(sk, '${one}') OR begins_with(sk, '${two}'))`), texts)
    expect(() => both('a', 'ab')).toThrow(overlapping)
    expect(both('ab', 'ac')).toBeDefined()
  })
})

describe('UPDATE and DELETE', () => {
  test('an update asks for the item to be there and for the rest of its WHERE', () => {
    const statement = parseStatement(`UPDATE t SET a = 1 WHERE pk = 'x' AND sk = 1 AND a > 5`, []) as UpdateStatement
    expect(lowerUpdate(statement, key)).toMatchObject({
      keyAttributes: { pk: { S: 'x' }, sk: { N: '1' } },
      condition: {
        op: 'and',
        of: [
          { op: 'attribute_exists', path: ['pk'] },
          { op: 'compare', comparator: '>' },
        ],
      },
    })
  })

  test('a delete of what is not there succeeds whatever else is asked', () => {
    const statement = parseStatement(`DELETE FROM t WHERE pk = 'x' AND sk = 1 AND a > 5`, []) as Delete
    expect(lowerDelete(statement, key).condition).toMatchObject({
      op: 'or',
      of: [{ op: 'attribute_not_exists' }, { op: 'compare', comparator: '>' }],
    })
  })

  test.each([`pk = 'x'`, `pk = 'x' AND sk > 1`, `pk = 'x' OR sk = 1`])('%s does not name one item', (where) => {
    const statement = parseStatement(`DELETE FROM t WHERE ${where}`, []) as Delete
    expect(() => lowerDelete(statement, key)).toThrow(
      'Where clause does not contain a mandatory equality on all key attributes',
    )
  })
})
