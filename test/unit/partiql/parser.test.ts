import { describe, expect, test } from 'vitest'
import { parseStatement } from '../../../src/core/partiql/parser.ts'

describe('SELECT', () => {
  test('takes a table, an index, paths, a condition and an order', () => {
    expect(
      parseStatement(
        `SELECT a, b.c[2], d['e f'] FROM "Music"."by-artist" WHERE Artist = ? AND n > 1.50 ORDER BY n DESC`,
        [{ S: 'X' }],
      ),
    ).toEqual({
      kind: 'select',
      table: 'Music',
      index: 'by-artist',
      paths: [['a'], ['b', 'c', 2], ['d', 'e f']],
      where: {
        op: 'and',
        of: [
          { op: 'compare', comparator: '=', left: { path: ['Artist'] }, right: { value: { S: 'X' } } },
          { op: 'compare', comparator: '>', left: { path: ['n'] }, right: { value: { N: '1.5' } } },
        ],
      },
      orderBy: [{ attribute: 'n', descending: true }],
    })
  })

  test('AND binds tighter than OR, NOT tighter than both, and parentheses decide', () => {
    const where = (text: string) => parseStatement(`select * from t where ${text}`, [])
    const a = { op: 'attribute_not_exists', path: ['a'] }
    const b = { op: 'attribute_exists', path: ['b'] }
    const c = { op: 'attribute_type', path: ['c'], type: 'NULL' }
    expect(where('a IS MISSING OR b IS NOT MISSING AND NOT c IS NULL')).toMatchObject({
      where: { op: 'or', of: [a, { op: 'and', of: [b, { op: 'not', of: c }] }] },
    })
    expect(where('(a is missing or b is not missing) and c is null')).toMatchObject({
      where: { op: 'and', of: [{ op: 'or', of: [a, b] }, c] },
    })
  })

  test('IN, BETWEEN and the functions become the conditions of the expression language', () => {
    expect(
      parseStatement(
        `SELECT * FROM t WHERE a IN ['x', 'y'] AND b BETWEEN 1 AND 2 AND begins_with(c, 'p') AND contains(d, ?) AND size(e) >= 3`,
        [{ N: '4' }],
      ),
    ).toMatchObject({
      where: {
        of: [
          { op: 'in', operand: { path: ['a'] }, list: [{ value: { S: 'x' } }, { value: { S: 'y' } }] },
          { op: 'between', low: { value: { N: '1' } }, high: { value: { N: '2' } } },
          { op: 'begins_with', operand: { path: ['c'] }, prefix: { value: { S: 'p' } } },
          { op: 'contains', element: { value: { N: '4' } } },
          { op: 'compare', comparator: '>=', left: { size: ['e'] } },
        ],
      },
    })
  })
})

describe('INSERT, UPDATE and DELETE', () => {
  test('an item may hold every kind of value', () => {
    expect(
      parseStatement(`INSERT INTO "T" VALUE {'pk': 'it''s', 'n': -1.0e2, 'l': [true, null, ?], 'm': {'x': <<1, 2>>}}`, [
        { B: 'AA==' },
      ]),
    ).toEqual({
      kind: 'insert',
      table: 'T',
      item: {
        pk: { S: "it's" },
        n: { N: '-100' },
        l: { L: [{ BOOL: true }, { NULL: true }, { B: 'AA==' }] },
        m: { M: { x: { NS: ['1', '2'] } } },
      },
    })
  })

  test('UPDATE takes any number of SET and REMOVE clauses and a RETURNING', () => {
    expect(
      parseStatement(
        `UPDATE T SET a = a + 1, b = list_append(b, ['x']) SET s = set_add(s, <<'q'>>) REMOVE c[0] WHERE pk = 'k' RETURNING MODIFIED NEW *`,
        [],
      ),
    ).toEqual({
      kind: 'update',
      table: 'T',
      actions: [
        { action: 'set', path: ['a'], value: { plus: [{ path: ['a'] }, { value: { N: '1' } }] } },
        { action: 'set', path: ['b'], value: { listAppend: [{ path: ['b'] }, { value: { L: [{ S: 'x' }] } }] } },
        { action: 'add', path: ['s'], value: { SS: ['q'] } },
        { action: 'remove', path: ['c', 0] },
      ],
      where: { op: 'compare', comparator: '=', left: { path: ['pk'] }, right: { value: { S: 'k' } } },
      returning: 'MODIFIED_NEW',
    })
  })

  test('DELETE takes a condition and RETURNING ALL OLD', () => {
    expect(parseStatement(`DELETE FROM T WHERE pk = 'k' RETURNING ALL OLD *`, [])).toMatchObject({
      kind: 'delete',
      returning: 'ALL_OLD',
    })
  })

  test('EXISTS wraps a SELECT', () => {
    expect(parseStatement(`EXISTS(SELECT * FROM T WHERE pk = 'k' AND a = 1)`, [])).toMatchObject({
      kind: 'exists',
      select: { table: 'T' },
    })
  })
})

describe('what is no statement', () => {
  test.each([
    '',
    'SELECT',
    'SELECT * FROM',
    'DROP TABLE t',
    "SELECT * FROM t WHERE a = 'open",
    'UPDATE t WHERE pk = 1',
    'SELECT * FROM t extra words',
  ])('%j is refused with what was expected', (text) => {
    expect(() => parseStatement(text, [])).toThrow(/^Statement wasn't well formed, can't be processed: /)
  })

  test('as many parameters as question marks, neither more nor fewer', () => {
    const mismatch = "Number of parameters in request and statement don't match."
    expect(() => parseStatement('SELECT * FROM t WHERE a = ?', [])).toThrow(mismatch)
    expect(() => parseStatement('SELECT * FROM t WHERE a = ?', [{ S: 'a' }, { S: 'b' }])).toThrow(mismatch)
  })

  test('a statement nested a thousand deep is refused, not followed', () => {
    expect(() => parseStatement(`SELECT * FROM t WHERE ${'('.repeat(9000)}`, [])).toThrow('nested too deeply')
    expect(() => parseStatement(`INSERT INTO t VALUE {'a': ${'['.repeat(9000)}`, [])).toThrow('Nesting Levels')
  })
})
