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
    expect(await get('x1')).toEqual(invalid('The parameter cannot be converted to a numeric value: x1'))
    expect(await get('1e2147483647')).toEqual(
      invalid('Number underflow. Attempting to store a number with magnitude smaller than supported range'),
    )
  })
})
