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
