/** What a PartiQL statement may say, and what is said of one that may not: rows of statements with their answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let table: string

beforeAll(async () => {
  region = await testRegion()
  table = await region.createTable({
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  })
})
afterAll(() => region.close())

/** The message of a refusal, or `runs`. `T` stands for the table. */
async function answer(text: string): Promise<string> {
  const Statement = text.replaceAll(/\bT\b/g, `"${table}"`)
  const { status, json } = await call(region.endpoint, 'ExecuteStatement', { Statement })
  return status === 200 ? 'runs' : ((json as { readonly message: string }).message ?? '')
}

const malformed = (reason: string): string => `Statement wasn't well formed, can't be processed: ${reason}`
const where = (condition: string): string => `SELECT * FROM T WHERE ${condition}`
const key = "pk = 'a' AND sk = 'b'"
const update = (change: string): string => `UPDATE T SET ${change} WHERE ${key}`
const insert = (members: string): string => `INSERT INTO T VALUE {'pk': 'a', 'sk': 'b'${members}}`
const operandType = (operator: string, type: string): string =>
  `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`
const operandCount = (name: string, count: number): string =>
  `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`
const needsPath = (name: string): string =>
  `Operator or function requires a document path; operator or function: ${name}`
const overlapping = 'Overlapping conditions with range keys are not supported in where clause'
const overflow = 'Number overflow. Attempting to store a number with magnitude larger than supported range'
const underflow = 'Number underflow. Attempting to store a number with magnitude smaller than supported range'

type Rows = readonly (readonly [statement: string, answer: string])[]

describe.runIf(isLocal)('a statement runs', () => {
  test.each([
    ...['BOOL', 'STRING', 'NULL', 'MISSING', 'LIST', 'STRUCT', 'BLOB', 'NUMERIC'].map((type) => where(`x IS ${type}`)),
    where('x IS NOT MISSING'),
    where("x = 'a' /* with a remark, also /* one */"),
    where('attribute_exists(x) = true'),
    where("begins_with(x, 'a') = false"),
    ...['true', 'NULL', '[1]', "{'a': 1}", '<<1>>', "<<'a'>>"].flatMap((value) => [
      where(`x = ${value}`),
      where(`x <> ${value}`),
    ]),
    where("pk = 'a' AND (NOT sk > 'b' OR sk > 'c')"),
    where("pk = 'a' AND (sk <> 'b' OR sk <> 'c')"),
    where("pk = 'a' AND (sk < 'b' OR sk > 'c')"),
    insert(", 'set': <<'', 'a'>>").replace("'b'", "'empty member'"),
    insert(", 'zero': 0e125").replace("'b'", "'zero'"),
  ])('%s', async (text) => {
    expect(await answer(text)).toBe('runs')
  })
})

const ends: Rows = [
  // What is left over.
  ['SELECT * FROM T )', 'Unexpected token after expression'],
  [where("pk = 'a' b c"), 'Unexpected token after expression'],
  [`SELECT * FROM T ORDER BY sk WHERE ${key}`, 'Unexpected token after expression'],
  ["INSERT INTO T x VALUE {'pk': 'a'}", 'Unexpected token after expression'],
  ["INSERT INTO T AS x VALUE {'pk': 'a'}", 'Unexpected token after expression'],
  // The end where something had to come.
  ['SELECT * FROM', 'Unexpected term'],
  ['SELECT * FROM T WHERE', 'Unexpected term'],
  ['SELECT * FROM T WHERE NOT', 'Unexpected term'],
  ['SELECT * FROM T WHERE (', 'Unexpected term'],
  ...['=', '<', 'AND', 'IN'].map(
    (operator) => [where(`pk ${operator}`), 'Missing right-hand side expression of infix operator'] as const,
  ),
  [where('pk = SELECT'), 'Unexpected keyword'],
  [where("pk = = 'a'"), 'Unexpected operator'],
  [`UPDATE T SET 1 = 2 WHERE ${key}`, 'Expected identifier for simple path'],
  [where('x IS THING'), 'Expected type name'],
  [where('x IS'), 'Expected type name'],
  ['SELECT a. FROM T', 'Invalid path dot component'],
]

const refused: Rows = [
  ...ends.map(([text, reason]) => [text, malformed(reason)] as const),
  [where('x IS INTEGER'), 'Unsupported operation: IsType'],
  ['SELECT * FROM T x', 'Aliasing is not supported'],
  ['SELECT * FROM T AS x', 'Aliasing is not supported'],
  [`UPDATE T x SET y = 1 WHERE ${key}`, 'Aliasing is not supported'],
  [`DELETE FROM T AS x WHERE ${key}`, 'Aliasing is not supported'],
  ...(
    [
      ['BOOL', 'true'],
      ['NULL', 'NULL'],
      ['L', '[1]'],
      ['M', "{'a': 1}"],
      ['NS', '<<1>>'],
      ['SS', "<<'a'>>"],
    ] as const
  ).flatMap(([type, value]) => [
    ...['<', '<=', '>', '>='].map(
      (operator) => [where(`x ${operator} ${value}`), operandType(operator, type)] as const,
    ),
    [where(`x BETWEEN ${value} AND ${value}`), operandType('BETWEEN', type)] as const,
  ]),
  [where("pk = 'a' AND (sk > 'b' OR sk > 'c')"), overlapping],
  [where("(pk = 'a' AND sk > 'b') OR (pk = 'a' AND sk = 'c')"), overlapping],
  ['SELECT * FROM T."none" WHERE x = 1', 'The table does not have the specified index'],
  [where("attribute_exists('a')"), needsPath('attribute_exists')],
  [where('attribute_exists(a, b)'), operandCount('attribute_exists', 2)],
  [update('x = set_add(x)'), operandCount('SET_ADD', 1)],
  [update('x = set_delete(x, <<1>>, <<2>>)'), operandCount('SET_DELETE', 3)],
  [update('x = set_add(x, 1)'), operandType('SET_ADD', 'N')],
  [update('x = set_add(x, <<>>)'), 'Empty bags are not supported'],
  [insert(", 'set': <<>>"), 'Empty bags are not supported'],
  // Numbers out of range, each in its place.
  [where('x = 1e126'), `${overflow} under root`],
  [update('x = 1e126'), `${overflow} under root`],
  [insert(", 'x': 1e126"), `${overflow} under root.x`],
  [insert(", 'x': 1e-131"), `${underflow} under root.x`],
  [insert(", 'x': 0e126"), `${overflow} under root.x`],
  [where('x = [1, 1e126]'), `${overflow} under root[1]`],
  [insert(", 'x': 1e2147483647"), `${underflow} under root.x`],
]

describe.runIf(isLocal)('a statement is refused', () => {
  test.each(refused)('%s: %s', async (text, message) => {
    expect(await answer(text)).toBe(message)
  })

  test('for a function that is none, with its line, column and length', async () => {
    // Quoted, the name of the table is part of the line.
    const column = `SELECT * FROM "${table}" WHERE `.length + 1
    expect(await answer(where('f(x) = 1'))).toBe(`Unrecognized function: f at 1:${column}:1`)
  })

  test('for a set that another attribute is assigned', async () => {
    expect(await answer(update('x = set_add(y, <<1>>)'))).toMatch(
      /^The first argument to SET_ADD must equal the assignment value/,
    )
  })
})
