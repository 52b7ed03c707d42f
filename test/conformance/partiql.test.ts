/** PartiQL through the SDK. Sources: developer guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB". */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  DeleteItemCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ExecuteTransactionCommand,
  type ExecuteTransactionCommandInput,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb'
import { refusal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let music: string

beforeAll(async () => {
  region = await testRegion()
  music = await region.createTable({
    AttributeDefinitions: [
      { AttributeName: 'Artist', AttributeType: 'S' },
      { AttributeName: 'SongTitle', AttributeType: 'S' },
      { AttributeName: 'genre', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'Artist', KeyType: 'HASH' },
      { AttributeName: 'SongTitle', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-genre',
        KeySchema: [{ AttributeName: 'genre', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  })
})
afterAll(() => region.close())

const song = (artist: string, title: string, more: Record<string, AttributeValue> = {}) => ({
  Artist: { S: artist },
  SongTitle: { S: title },
  ...more,
})

beforeEach(async () => {
  const { Items = [] } = await region.client.send(new ScanCommand({ TableName: music }))
  for (const { Artist, SongTitle } of Items) {
    const Key = { Artist: Artist ?? { S: '' }, SongTitle: SongTitle ?? { S: '' } }
    await region.client.send(new DeleteItemCommand({ TableName: music, Key }))
  }
  for (const title of ['1', '2', '3'])
    await region.client.send(
      new PutItemCommand({
        TableName: music,
        Item: song('A', title, { n: { N: title }, nested: { M: { list: { L: [{ S: 'x' }, { S: 'y' }] } } } }),
      }),
    )
})

const run = (Statement: string, Parameters?: AttributeValue[], more: Partial<ExecuteStatementCommandInput> = {}) =>
  region.client.send(
    new ExecuteStatementCommand({
      Statement: Statement.replaceAll('Music', `"${music}"`),
      ...(Parameters ? { Parameters } : {}),
      ...more,
    }),
  )

const transact = (statements: readonly string[], more: Partial<ExecuteTransactionCommandInput> = {}) =>
  region.client.send(
    new ExecuteTransactionCommand({
      TransactStatements: statements.map((text) => ({ Statement: text.replaceAll('Music', `"${music}"`) })),
      ...more,
    }),
  )

const get = async (title: string) =>
  (await region.client.send(new GetItemCommand({ TableName: music, Key: song('A', title) }))).Item

describe('SELECT', () => {
  test('by the key reads one item, by the partition key all of it, without either everything', async () => {
    expect((await run("SELECT n FROM Music WHERE Artist = 'A' AND SongTitle = '2'")).Items).toEqual([{ n: { N: '2' } }])
    expect((await run("SELECT n FROM Music WHERE Artist = 'A'")).Items).toHaveLength(3)
    expect((await run('SELECT n FROM Music WHERE n > 1')).Items).toEqual([{ n: { N: '2' } }, { n: { N: '3' } }])
  })

  test('a column is called by its path from the last name on', async () => {
    const { Items } = await run("SELECT nested.list[1], nested.list FROM Music WHERE Artist = 'A' AND SongTitle = '1'")
    expect(Items).toEqual([{ 'list[1]': { S: 'y' }, list: { L: [{ S: 'x' }, { S: 'y' }] } }])
  })

  test('orders by the sort key and pages by NextToken', async () => {
    const text = "SELECT n FROM Music WHERE Artist = 'A' ORDER BY SongTitle DESC"
    const first = await run(text, undefined, { Limit: 2 })
    expect(first.Items).toEqual([{ n: { N: '3' } }, { n: { N: '2' } }])
    expect(first.LastEvaluatedKey).toEqual(song('A', '2'))
    const second = await run(text, undefined, { Limit: 2, NextToken: first.NextToken })
    expect(second).toMatchObject({ Items: [{ n: { N: '1' } }] })
    expect(second.NextToken).toBeUndefined()
  })

  test('may end in a semicolon', async () => {
    expect((await run("SELECT n FROM Music WHERE Artist = 'A';")).Items).toHaveLength(3)
  })

  test('of several partitions orders by their key', async () => {
    for (const artist of ['B', 'C'])
      await region.client.send(new PutItemCommand({ TableName: music, Item: song(artist, '1') }))
    const text = "SELECT Artist FROM Music WHERE Artist IN ['B', 'C', 'D', 'A'] AND SongTitle = '1' ORDER BY Artist"
    const artists = async (order: string) => (await run(`${text} ${order}`)).Items?.map((each) => each['Artist']?.S)
    expect([await artists('DESC'), await artists('ASC')]).toEqual([
      ['C', 'B', 'A'],
      ['A', 'B', 'C'],
    ])
  })

  test('ORDER BY wants a partition and a key attribute', async () => {
    expect(await refusal(run('SELECT * FROM Music ORDER BY SongTitle'))).toEqual([
      'ValidationException',
      'Must have WHERE clause in the statement when using ORDER BY clause.',
    ])
    expect(await refusal(run('SELECT * FROM Music WHERE n = 1 ORDER BY SongTitle'))).toEqual([
      'ValidationException',
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    ])
    expect(await refusal(run("SELECT * FROM Music WHERE Artist = 'A' ORDER BY n"))).toEqual([
      'ValidationException',
      'Variable reference n in ORDER BY clause must be part of the primary key',
    ])
  })

  test('reads an index named after the table', async () => {
    await run("UPDATE Music SET genre = 'rock' WHERE Artist = 'A' AND SongTitle = '2'")
    const { Items } = await run('SELECT * FROM Music."by-genre" WHERE genre = ?', [{ S: 'rock' }])
    expect(Items).toEqual([song('A', '2', { genre: { S: 'rock' } })])
    expect(await refusal(run('SELECT * FROM Music."no-index" WHERE genre = ?', [{ S: 'rock' }]))).toEqual([
      'ValidationException',
      'The table does not have the specified index',
    ])
  })

  test('consumes what the Query or Scan would have', async () => {
    const one = await run("SELECT * FROM Music WHERE Artist = 'A' AND SongTitle = '1'", undefined, {
      ReturnConsumedCapacity: 'TOTAL',
    })
    expect(one.ConsumedCapacity).toEqual({ TableName: music, CapacityUnits: 0.5 })
  })
})

describe('INSERT', () => {
  test('writes every type, and refuses an item that is there', async () => {
    const text =
      "INSERT INTO Music VALUE {'Artist':'A','SongTitle':'new','t':true,'z':null,'l':[1,'a'],'m':{'k':''},'s':<<'a','b'>>,'ns':<<1,2>>,'b':?}"
    await run(text, [{ B: new Uint8Array([1, 2]) }])
    expect(await get('new')).toEqual(
      song('A', 'new', {
        t: { BOOL: true },
        z: { NULL: true },
        l: { L: [{ N: '1' }, { S: 'a' }] },
        m: { M: { k: { S: '' } } },
        s: { SS: ['a', 'b'] },
        ns: { NS: ['1', '2'] },
        b: { B: new Uint8Array([1, 2]) },
      }),
    )
    expect(await refusal(run("INSERT INTO Music VALUE {'Artist':'A','SongTitle':'new'}"))).toEqual([
      'DuplicateItemException',
      'Duplicate primary key exists in table',
    ])
  })

  test('takes one item only', async () => {
    const message =
      'Unsupported operation: Inserting multiple items in a single statement is not supported, use "INSERT INTO tableName VALUE item" instead'
    const item = "{'Artist':'A','SongTitle':'x'}"
    expect(await refusal(run(`INSERT INTO Music VALUES ${item}`))).toEqual(['ValidationException', message])
    expect(await refusal(run(`INSERT INTO Music << ${item}, ${item} >>`))).toEqual(['ValidationException', message])
  })
})

describe('UPDATE and DELETE', () => {
  test('UPDATE changes an item that is there and answers what RETURNING asks for', async () => {
    const where = "WHERE Artist = 'A' AND SongTitle = '1'"
    expect((await run(`UPDATE Music SET n = n + 1 ${where} RETURNING MODIFIED NEW *`)).Items).toEqual([
      { n: { N: '2' } },
    ])
    expect((await run(`UPDATE Music SET n = 9 SET s = <<'a'>> ${where} RETURNING MODIFIED OLD *`)).Items).toEqual([
      { n: { N: '2' } },
    ])
    expect((await run(`UPDATE Music REMOVE nested ${where} RETURNING ALL NEW *`)).Items).toEqual([
      song('A', '1', { n: { N: '9' }, s: { SS: ['a'] } }),
    ])
    await run(`UPDATE Music SET s = set_add(s, <<'b'>>) SET l = list_append([1], ['x']) ${where}`)
    expect(await get('1')).toMatchObject({ s: { SS: ['a', 'b'] }, l: { L: [{ N: '1' }, { S: 'x' }] } })
  })

  test('UPDATE makes no item, and fails where the rest of its WHERE does not hold', async () => {
    const failed = ['ConditionalCheckFailedException', 'The conditional request failed']
    expect(await refusal(run("UPDATE Music SET n = 1 WHERE Artist = 'A' AND SongTitle = 'none'"))).toEqual(failed)
    expect(await refusal(run("UPDATE Music SET n = 1 WHERE Artist = 'A' AND SongTitle = '1' AND n = 5"))).toEqual(
      failed,
    )
  })

  test('DELETE of an item that is not there succeeds; of one that does not meet the rest of its WHERE fails', async () => {
    expect((await run("DELETE FROM Music WHERE Artist = 'A' AND SongTitle = 'none' AND n = 1")).Items).toEqual([])
    expect(await refusal(run("DELETE FROM Music WHERE Artist = 'A' AND SongTitle = '1' AND n = 5"))).toEqual([
      'ConditionalCheckFailedException',
      'The conditional request failed',
    ])
    const gone = await run("DELETE FROM Music WHERE Artist = 'A' AND SongTitle = '3' RETURNING ALL OLD *")
    expect(gone.Items).toMatchObject([song('A', '3', { n: { N: '3' } })])
    expect(await get('3')).toBeUndefined()
  })

  test('name their item by its whole key', async () => {
    const message = 'Where clause does not contain a mandatory equality on all key attributes'
    for (const text of ["UPDATE Music SET n = 1 WHERE Artist = 'A'", "DELETE FROM Music WHERE Artist = 'A'"])
      expect(await refusal(run(text))).toEqual(['ValidationException', message])
  })

  test('the key cannot be changed', async () => {
    expect(await refusal(run("UPDATE Music SET SongTitle = 'x' WHERE Artist = 'A' AND SongTitle = '1'"))).toEqual([
      'ValidationException',
      'One or more parameter values were invalid: Cannot update attribute SongTitle. This attribute is part of the key',
    ])
  })
})

describe('statements', () => {
  test('that begin with no keyword of data manipulation', async () => {
    // https://github.com/awsdocs/aws-sdk-for-javascript-v3/issues/98
    expect(await refusal(run('SELEC * FROM Music'))).toEqual([
      'ValidationException',
      "Statement wasn't well formed, can't be processed: Expected data manipulation",
    ])
  })

  test('and their parameters match in number', async () => {
    const message = "Number of parameters in request and statement don't match."
    expect(await refusal(run('SELECT * FROM Music WHERE Artist = ?'))).toEqual(['ValidationException', message])
    expect(await refusal(run("SELECT * FROM Music WHERE Artist = 'A'", [{ S: 'A' }]))).toEqual([
      'ValidationException',
      message,
    ])
  })

  test('in a batch each answer for itself', async () => {
    const { Responses } = await region.client.send(
      new BatchExecuteStatementCommand({
        Statements: [
          `SELECT n FROM "${music}" WHERE Artist = 'A' AND SongTitle = '1'`,
          `SELECT n FROM "${music}" WHERE Artist = 'A' AND SongTitle = 'none'`,
          `SELECT n FROM "${music}" WHERE Artist = 'A'`,
          `SELECT n FROM "${music}-none" WHERE Artist = 'A' AND SongTitle = '1'`,
        ].map((Statement) => ({ Statement })),
      }),
    )
    expect(Responses).toEqual([
      { TableName: music, Item: { n: { N: '1' } } },
      { TableName: music },
      {
        TableName: music,
        Error: {
          Code: 'ValidationError',
          Message: 'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
        },
      },
      { TableName: `${music}-none`, Error: { Code: 'ResourceNotFound', Message: 'Requested resource not found' } },
    ])
  })
})

describe('ExecuteTransaction', () => {
  test('reads items of one moment, at twice the capacity', async () => {
    const read = await transact(
      ['1', 'none'].map((title) => `SELECT n FROM Music WHERE Artist = 'A' AND SongTitle = '${title}'`),
      { ReturnConsumedCapacity: 'TOTAL' },
    )
    expect(read.Responses).toEqual([{ Item: { n: { N: '1' } } }, {}])
    expect(read.ConsumedCapacity).toEqual([{ TableName: music, CapacityUnits: 4, ReadCapacityUnits: 4 }])
  })

  test('writes all with a check among them, once for a token', async () => {
    const statements = [
      "EXISTS(SELECT * FROM Music WHERE Artist = 'A' AND SongTitle = '1' AND Awards IS MISSING)",
      "INSERT INTO Music VALUE {'Artist':'A','SongTitle':'4'}",
      "UPDATE Music SET n = n + 1 WHERE Artist = 'A' AND SongTitle = '2'",
      "DELETE FROM Music WHERE Artist = 'A' AND SongTitle = '3'",
    ]
    const ClientRequestToken = crypto.randomUUID()
    const first = await transact(statements, { ClientRequestToken, ReturnConsumedCapacity: 'TOTAL' })
    expect(first.ConsumedCapacity).toEqual([{ TableName: music, CapacityUnits: 8, WriteCapacityUnits: 8 }])
    await transact(statements, { ClientRequestToken })
    expect(await get('2')).toMatchObject({ n: { N: '3' } })
    expect([await get('3'), await get('4')]).toEqual([undefined, song('A', '4')])
    expect(await refusal(transact(statements.slice(1), { ClientRequestToken }))).toEqual([
      'IdempotentParameterMismatchException',
      'The request uses the same client token as a previous, but non-identical request.',
    ])
  })

  test('is cancelled with a reason for each statement, and nothing is written', async () => {
    const sent = transact([
      "UPDATE Music SET n = 100 WHERE Artist = 'A' AND SongTitle = '2'",
      "INSERT INTO Music VALUE {'Artist':'A','SongTitle':'1'}",
      "EXISTS(SELECT * FROM Music WHERE Artist = 'A' AND SongTitle = '3' AND n = 5)",
    ])
    const error = await sent.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TransactionCanceledException)
    expect(error).toMatchObject({
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, DuplicateItem, ConditionalCheckFailed]',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
      ],
    })
    expect(await get('2')).toMatchObject({ n: { N: '2' } })
  })

  test('either reads or writes, and each item once', async () => {
    const select = "SELECT * FROM Music WHERE Artist = 'A' AND SongTitle = '1'"
    const insert = "INSERT INTO Music VALUE {'Artist':'A','SongTitle':'5'}"
    expect((await refusal(transact([select, insert])))[0]).toBe('ValidationException')
    const twice = ['ValidationException', 'Transaction request cannot include multiple operations on one item']
    expect(await refusal(transact([select, select]))).toEqual(twice)
    expect(await refusal(transact([insert, insert]))).toEqual(twice)
  })
})
