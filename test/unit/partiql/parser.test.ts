import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../../src/core/errors.ts'
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

describe('what runs', () => {
  const where = (text: string) => {
    const statement = parseStatement(`SELECT * FROM t WHERE ${text}`, [])
    return statement.kind === 'select' ? statement.where : undefined
  }

  test('a comment between slashes and stars, also over lines', () => {
    expect(where('a /* one\ntwo */ IS /**/ MISSING -- three')).toEqual({ op: 'attribute_not_exists', path: ['a'] })
  })

  test('IS with the name of a type', () => {
    expect(where('a IS BOOL')).toEqual({ op: 'attribute_type', path: ['a'], type: 'BOOL' })
    expect(where('a.b IS NOT string')).toEqual({ op: 'not', of: { op: 'attribute_type', path: ['a', 'b'], type: 'S' } })
    expect(() => where('a IS TIMESTAMP')).toThrow(/^Unsupported operation: IsType$/)
  })

  test('functions that are conditions may be compared with true and false', () => {
    const exists = { op: 'attribute_exists', path: ['a'] }
    for (const text of [
      'attribute_exists(a)',
      'attribute_exists(a) = true',
      'TRUE = attribute_exists(a)',
      'attribute_exists(a) <> false',
    ])
      expect(where(text)).toEqual(exists)
    expect(where('attribute_exists(a) = false')).toEqual({ op: 'not', of: exists })
  })

  test('an UPDATE that begins with its FROM', () => {
    const usual = parseStatement('UPDATE "T" SET a = 1 REMOVE b WHERE pk = ? RETURNING ALL NEW *', [{ S: 'x' }])
    expect(parseStatement('FROM "T" WHERE pk = ? SET a = 1 REMOVE b RETURNING ALL NEW *', [{ S: 'x' }])).toEqual(usual)
  })
})

describe('operands', () => {
  test.each([
    ['a < true', '<', 'BOOL'],
    ['NULL >= a', '>=', 'NULL'],
    ['a > [1]', '>', 'L'],
    ["a <= {'x': 1}", '<=', 'M'],
    ["a < <<'x'>>", '<', 'SS'],
    ['a < <<1>>', '<', 'NS'],
    ['a BETWEEN 1 AND NULL', 'BETWEEN', 'NULL'],
    ['begins_with(a, 1)', 'begins_with', 'N'],
  ])('of %s are of a wrong type', (where, operator, type) => {
    expect(() => parseStatement(`SELECT * FROM t WHERE ${where}`, [])).toThrow(
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    )
  })

  test('binary sets come as parameters', () => {
    expect(() => parseStatement('SELECT * FROM t WHERE a < ?', [{ BS: ['AA=='] }])).toThrow('operand type: BS')
  })

  test.each(['a = true', 'a <> NULL', 'a = [1]', "a <> <<'x'>>"])('of %s may be of any type', (where) => {
    expect(parseStatement(`SELECT * FROM t WHERE ${where}`, []).kind).toBe('select')
  })

  test.each([
    ["attribute_exists('a')", 'Operator or function requires a document path; operator or function: attribute_exists'],
    ['SIZE(1) > 2', 'Operator or function requires a document path; operator or function: size'],
    [
      'attribute_exists(a, b)',
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2',
    ],
    [
      'begins_with(a)',
      'Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1',
    ],
    ['\n  starts(a)', 'Unrecognized function: starts at 2:3:6'],
    ['a = f(1)', 'Unrecognized function: f at 1:27:1'],
    ['a IN <<1>>', "Statement wasn't well formed, can't be processed: Unexpected term"],
    ['a = <<>>', 'Empty bags are not supported'],
  ])('%s is refused', (where, message) => {
    expect(() => parseStatement(`SELECT * FROM t WHERE ${where}`, [])).toThrow(
      new ServiceError('ValidationException', message),
    )
  })

  test.each([
    ["SET_ADD(b, <<'x'>>)", 'The first argument to SET_ADD must equal the assignment value at 1:18:7'],
    [
      "set_delete(a, 'x')",
      'Incorrect operand type for operator or function; operator or function: SET_DELETE, operand type: S',
    ],
    [
      'set_add(a)',
      'Incorrect number of operands for operator or function; operator or function: SET_ADD, number of operands: 1',
    ],
    ["list_append(a, set_add(a, <<'x'>>))", 'Unrecognized function: set_add at 1:33:7'],
  ])('SET a = %s is refused', (value, message) => {
    expect(() => parseStatement(`UPDATE t SET a = ${value} WHERE pk = 1`, [])).toThrow(
      new ServiceError('ValidationException', message),
    )
  })

  test.each([
    ['1e126', 'root'],
    ["{'x': 1e126}", 'root.x'],
    ['[0, 1e126]', 'root[1]'],
    ["{'x': [{'y': 1e126}]}", 'root.x[0].y'],
  ])('a number out of range in %s is told with its place', (literal, place) => {
    expect(() => parseStatement(`SELECT * FROM t WHERE a = ${literal}`, [])).toThrow(
      `Number overflow. Attempting to store a number with magnitude larger than supported range under ${place}`,
    )
  })

  test('an exponent beyond an int underflows', () => {
    expect(() => parseStatement('SELECT * FROM t WHERE a = 1e2147483647', [])).toThrow('Number underflow')
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

const wellFormed = "Statement wasn't well formed, can't be processed: "

describe('what is no statement', () => {
  test.each([
    ['', 'Expected data manipulation'],
    ['DROP TABLE t', 'Expected data manipulation'],
    ['SELECT', 'Unexpected term'],
    ['SELECT *', 'Expected FROM after SELECT list'],
    ['SELECT * FROM', 'Unexpected term'],
    ["SELECT * FROM t WHERE a = 'open", 'Unexpected term'],
    ['SELECT * FROM t WHERE', 'Unexpected term'],
    ['SELECT * FROM t WHERE NOT', 'Unexpected term'],
    ['SELECT * FROM t WHERE (', 'Unexpected term'],
    ['SELECT * FROM t WHERE a =', 'Missing right-hand side expression of infix operator'],
    ['SELECT * FROM t WHERE a = 1 AND', 'Missing right-hand side expression of infix operator'],
    ['SELECT * FROM t WHERE a IN', 'Missing right-hand side expression of infix operator'],
    ['SELECT * FROM t WHERE a = = 1', 'Unexpected operator'],
    ['SELECT * FROM t WHERE a = 1)', 'Unexpected token after expression'],
    ['SELECT * FROM t ORDER BY a WHERE a = 1', 'Unexpected token after expression'],
    ['SELECT * FROM t extra words', 'Unexpected token after expression'],
    ['INSERT INTO t', 'Unexpected term'],
    ['INSERT INTO t (key, other) VALUES (1, 2)', 'Unexpected keyword'],
    ["INSERT INTO t x VALUE {'a': 1}", 'Unexpected token after expression'],
    ['SELECT key FROM t', 'Unexpected keyword'],
    ['SELECT * FROM t WHERE value = 1', 'Unexpected keyword'],
    ['SELECT * FROM t WHERE a.5 = 1', 'Unexpected token after expression'],
    ["SELECT * FROM t WHERE a.'b' = 1", 'Invalid path dot component'],
    ['SELECT * FROM t WHERE a IS THING', 'Expected type name'],
    ['UPDATE 5 SET a = 1', 'Expected identifier for simple path'],
    ['UPDATE t SET 5 = 1', 'Expected identifier for simple path'],
    ['UPDATE t WHERE pk = 1', 'Expected data manipulation'],
    ['FROM t WHERE pk = 1', 'Expected data manipulation'],
    ['DELETE FROM', 'Expected identifier for simple path'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseStatement(text, [])).toThrow(new ServiceError('ValidationException', `${wellFormed}${reason}`))
  })

  test.each([
    'SELECT * FROM t AS x',
    'SELECT a AS b FROM t',
    'SELECT * FROM t x WHERE x.a = 1',
    'UPDATE t x SET a = 1 WHERE a = 1',
    'DELETE FROM t x WHERE a = 1',
  ])('%s has an alias', (text) => {
    expect(() => parseStatement(text, [])).toThrow(/^Aliasing is not supported$/)
  })

  test('as many parameters as question marks, neither more nor fewer', () => {
    const mismatch = "Number of parameters in request and statement don't match."
    expect(() => parseStatement('SELECT * FROM t WHERE a = ?', [])).toThrow(mismatch)
    expect(() => parseStatement('SELECT * FROM t WHERE a = ?', [{ S: 'a' }, { S: 'b' }])).toThrow(mismatch)
  })

  test('a statement nested a thousand deep is refused, not followed', () => {
    expect(() => parseStatement(`SELECT * FROM t WHERE ${'('.repeat(9000)}`, [])).toThrow('Nesting Levels')
    expect(() => parseStatement(`INSERT INTO t VALUE {'a': ${'['.repeat(9000)}`, [])).toThrow('Nesting Levels')
    expect(() => parseStatement(`SELECT * FROM t WHERE a = ${'- '.repeat(4000)}1`, [])).toThrow('Nesting Levels')
  })
})
