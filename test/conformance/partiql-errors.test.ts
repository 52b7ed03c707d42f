/** What PartiQL refuses, and what its replies look like, through the SDK. Measured on AWS in autumn 2026. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ExecuteTransactionCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { refusal, testRegion, type TestRegion } from './region.ts'
import { differs } from '../differences/difference.ts'

let region: TestRegion
let table: string

beforeAll(async () => {
  region = await testRegion()
  table = await region.createTable({
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
      { AttributeName: 'g', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-g',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
  for (const sk of ['1', '2', '3'])
    await region.client.send(
      new PutItemCommand({
        TableName: table,
        Item: { pk: { S: 'a' }, sk: { N: sk }, g: { S: 'g' }, b: { BOOL: true } },
      }),
    )
})
afterAll(() => region.close())

const named = (text: string) => text.replaceAll('TABLE', `"${table}"`)

const run = (text: string, Parameters?: AttributeValue[], more: Partial<ExecuteStatementCommandInput> = {}) =>
  region.client.send(
    new ExecuteStatementCommand({ Statement: named(text), ...(Parameters ? { Parameters } : {}), ...more }),
  )

const transact = (...statements: readonly string[]) =>
  region.client.send(
    new ExecuteTransactionCommand({ TransactStatements: statements.map((text) => ({ Statement: named(text) })) }),
  )

const batch = (...statements: readonly string[]) =>
  region.client.send(
    new BatchExecuteStatementCommand({ Statements: statements.map((text) => ({ Statement: named(text) })) }),
  )

const invalid = (message: string) => ['ValidationException', message]
const malformed = (reason: string) => `Statement wasn't well formed, can't be processed: ${reason}`

describe('a statement that is not well formed', () => {
  test.each([
    ['SELECT * FROM TABLE WHERE', 'Unexpected term'],
    ["SELECT * FROM TABLE WHERE pk = 'a' AND", 'Missing right-hand side expression of infix operator'],
    ["SELECT * FROM TABLE WHERE pk = 'a')", 'Unexpected token after expression'],
    ['SELECT * FROM TABLE WHERE pk IS THING', 'Expected type name'],
  ])('%s', async (text, reason) => {
    expect(await refusal(run(text))).toEqual(invalid(malformed(reason)))
    expect(await refusal(transact(text))).toEqual(
      invalid(`Validation failed in TransactStatements[0]: ${malformed(reason)}`),
    )
    expect((await batch(text)).Responses).toEqual([{ Error: { Code: 'ValidationError', Message: malformed(reason) } }])
  })

  test('an alias', async () => {
    expect(await refusal(run('SELECT * FROM TABLE x'))).toEqual(invalid('Aliasing is not supported'))
    expect(await refusal(transact("DELETE FROM TABLE AS x WHERE pk = 'a' AND sk = 1"))).toEqual(
      invalid('Validation failed in TransactStatements[0]: Aliasing is not supported'),
    )
  })
})

describe('runs', () => {
  test('with comments, types and compared functions', async () => {
    const { Items } = await run(
      "SELECT sk /* the key */ FROM TABLE WHERE pk = 'a' AND b IS BOOL AND attribute_exists(g) = true AND sk >= 2",
    )
    expect(Items).toEqual([{ sk: { N: '2' } }, { sk: { N: '3' } }])
  })

  test('an UPDATE that begins with its FROM', async () => {
    const { Items } = await run("FROM TABLE WHERE pk = 'a' AND sk = 3 SET n = 5 REMOVE b RETURNING MODIFIED NEW *")
    expect(Items).toEqual([{ n: { N: '5' } }])
  })
})

describe('numbers out of range', () => {
  test('in a literal are told with their place', async () => {
    const overflow = 'Number overflow. Attempting to store a number with magnitude larger than supported range'
    expect(await refusal(run("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1e126}"))).toEqual(
      invalid(`${overflow} under root.sk`),
    )
  })

  test('in a parameter', async () => {
    const get = (n: string) => refusal(run("SELECT * FROM TABLE WHERE pk = 'a' AND sk = ?", [{ N: n }]))
    for (const text of ['x1', '1e126', '-1e126', '1e-131', '0e126', '1e9223372036854775808'])
      expect(await get(text)).toEqual(invalid(`The parameter cannot be converted to a numeric value: ${text}`))
    const digits = '1'.repeat(39)
    expect(await get(digits)).toEqual(invalid('Attempting to store more than 38 significant digits in a Number'))
    expect(await get('1e2147483647')).toEqual(
      invalid('Number underflow. Attempting to store a number with magnitude smaller than supported range'),
    )
  })
})

describe('what is refused', () => {
  test('an ordering of what has no order', async () => {
    const message = 'Incorrect operand type for operator or function; operator or function: <, operand type: BOOL'
    expect(await refusal(run('SELECT * FROM TABLE WHERE b < true'))).toEqual(invalid(message))
  })

  test('branches of an OR that overlap on the sort key', async () => {
    const message = 'Overlapping conditions with range keys are not supported in where clause'
    expect(await refusal(run("SELECT * FROM TABLE WHERE pk = 'a' AND (sk > 1 OR sk = 2)"))).toEqual(invalid(message))
    const { Items } = await run("SELECT sk FROM TABLE WHERE pk = 'a' AND (sk < 2 OR sk = 3)")
    expect(Items).toEqual([{ sk: { N: '1' } }, { sk: { N: '3' } }])
  })

  test('a SELECT of a batch or a transaction that names no item', async () => {
    const message = (operation: string) =>
      `Select statements within ${operation} must specify the primary key in the where clause.`
    const select = "SELECT * FROM TABLE WHERE pk = 'a'"
    expect(await refusal(transact(select))).toEqual(invalid(message('ExecuteTransaction')))
    expect((await batch(select)).Responses).toEqual([
      { TableName: table, Error: { Code: 'ValidationError', Message: message('BatchExecuteStatement') } },
    ])
  })

  test('the same item twice in a batch', async () => {
    const message = 'Provided list of item keys contains duplicates'
    const select = "SELECT * FROM TABLE WHERE pk = 'a' AND sk = 1"
    expect(await refusal(batch(select, select))).toEqual(invalid(message))
    expect(
      await refusal(
        batch("DELETE FROM TABLE WHERE pk = 'a' AND sk = 9", "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 9}"),
      ),
    ).toEqual(invalid(message))
  })

  test('a consistent read of a global index, after an index that is not there', async () => {
    const read = (index: string) => refusal(run(`SELECT * FROM TABLE."${index}"`, undefined, { ConsistentRead: true }))
    expect(await read('by-g')).toEqual(invalid('Strongly consistent read is not supported on Global Secondary Indexes'))
    expect(await read('none')).toEqual(invalid('The table does not have the specified index'))
  })

  test(differs('statement-operand-count'), async () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => `'${n}'`).join()
    const refused = (count: number) =>
      invalid(`The IN operator is provided with too many operands; number of operands: ${count}`)
    expect(await refusal(run(`SELECT * FROM TABLE WHERE pk IN [${many(51)}]`))).toEqual(refused(51))
    expect(await refusal(run(`SELECT * FROM TABLE WHERE g IN (${many(101)})`))).toEqual(refused(101))
    expect((await run(`SELECT * FROM TABLE WHERE pk IN [${many(50)}]`)).Items).toEqual([])
    expect((await run(`SELECT * FROM TABLE WHERE g IN [${many(100)}]`)).Items).toEqual([])
  })

  test('a table with an index whose key has several attributes', async () => {
    const several = await region.createTable({
      AttributeDefinitions: ['pk', 'g', 'h'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-both',
          KeySchema: ['g', 'h'].map((AttributeName) => ({ AttributeName, KeyType: 'HASH' as const })),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    })
    const message =
      'PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.'
    expect(await refusal(run(`SELECT * FROM "${several}" WHERE pk = 'a'`))).toEqual(invalid(message))
    expect(await refusal(run(`INSERT INTO "${several}" VALUE {'pk': 'a'}`))).toEqual(invalid(message))
  })
})

describe('replies', () => {
  test('of a transaction of writes hold no responses', async () => {
    const { Responses } = await transact(
      "INSERT INTO TABLE VALUE {'pk': 'b', 'sk': 1}",
      "UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk = 1",
    )
    expect(Responses).toEqual([])
  })

  test('of a batch tell the item that a condition failed on, and what it consumed', async () => {
    const reply = await region.client.send(
      new BatchExecuteStatementCommand({
        Statements: [
          {
            Statement: named("UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk = 2 AND b = false"),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
          { Statement: named("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1}") },
        ],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    )
    expect(reply.Responses).toEqual([
      {
        TableName: table,
        Error: {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { pk: { S: 'a' }, sk: { N: '2' }, g: { S: 'g' }, b: { BOOL: true } },
        },
      },
      { TableName: table, Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' } },
    ])
    expect(reply.ConsumedCapacity).toMatchObject([{ TableName: table }])
  })
})
