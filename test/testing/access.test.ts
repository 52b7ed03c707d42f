/** Policies as clients meet them, through the SDK: which actions, resources and condition keys each operation asks for. */
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import {
  DynamoDBStreamsClient,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams'
import type { AuditEntry } from '../../src/ports/audit.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accessScene,
  allow,
  arn,
  deny,
  keyOf,
  makeNotes,
  notes,
  outcomeOf,
  policyOf,
  type Scene,
  user,
} from './access-scene.ts'

const TableName = 'notes'
const table = arn('table/notes')
const mine = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:username}'] } }
const items = ['dynamodb:*Item', 'dynamodb:Query', 'dynamodb:PartiQL*']
const shown = { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['owner', 'nr', 'title'] } }
const reading = {
  StringEqualsIfExists: {
    'dynamodb:Select': 'SPECIFIC_ATTRIBUTES',
    'dynamodb:ReturnValues': ['NONE', 'UPDATED_OLD', 'UPDATED_NEW'],
  },
}

const users = [
  user('newcomer'),
  user('ann', allow(items, [table, `${table}/index/*`], { Condition: mine })),
  user('title', allow([...items, 'dynamodb:Scan'], table, { Condition: { ...shown, ...reading } })),
  user('batch', allow(['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'], table)),
  user(
    'single',
    allow(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:ConditionCheckItem',
      ],
      table,
    ),
  ),
  user(
    'outside',
    allow('dynamodb:*', '*'),
    deny('dynamodb:*', '*', {
      Condition: {
        StringEquals: {
          'dynamodb:EnclosingOperation': ['TransactWriteItems', 'TransactGetItems', 'ExecuteTransaction'],
        },
      },
    }),
  ),
  user(
    'noscan',
    allow('dynamodb:PartiQLSelect', [table, `${table}/index/*`]),
    deny('dynamodb:PartiQLSelect', '*', { Condition: { Bool: { 'dynamodb:FullTableScan': 'true' } } }),
  ),
  user(
    'reader',
    allow(['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], `${table}/stream/*`),
    allow('dynamodb:ListStreams'),
  ),
  user('maker', allow('dynamodb:CreateTable')),
  user(
    'admin',
    allow('dynamodb:*'),
    deny('dynamodb:DeleteTable', '*', { Condition: { StringEquals: { 'aws:ResourceTag/stage': 'prod' } } }),
  ),
  user('agent', allow('dynamodb:GetItem', table, { Condition: { StringLike: { 'aws:UserAgent': 'nothing*' } } })),
  user(
    'frugal',
    allow('dynamodb:GetItem', table, { Condition: { StringEquals: { 'dynamodb:ReturnConsumedCapacity': 'NONE' } } }),
  ),
  { ...user('bounded', allow('dynamodb:*')), boundary: 'readonly' },
]
const policies = [{ name: 'readonly', document: policyOf(allow(['dynamodb:GetItem'])) }]

let scene: Scene
beforeAll(async () => {
  scene = await accessScene({ users, policies }, { regions: ['us-east-1', 'eu-west-1'] })
  await makeNotes(scene)
  const put = (owner: string, at: number) =>
    scene.client('root').send(
      new PutItemCommand({
        TableName,
        Item: { owner: { S: owner }, nr: { N: `${at}` }, title: { S: 't' }, secret: { S: 's' }, color: { S: owner } },
      }),
    )
  for (const owner of ['ann', 'bob']) await put(owner, 1)
})
afterAll(() => scene.cluster.close())

const key = (owner: string) => ({ owner: { S: owner }, nr: { N: '1' } })
const item = (owner: string, more = {}) => ({ ...key(owner), ...more })
const refusal = (
  name: string,
  action: string,
  resource = table,
  why = `because no identity-based policy allows the dynamodb:${action} action`,
): string =>
  `AccessDeniedException: User: arn:aws:iam::000000000000:user/${name} is not authorized to perform: dynamodb:${action} on resource: ${resource} ${why}`
// The commands of the SDK have no type in common that `send` takes.
const as = (name: string, command: unknown): Promise<string> =>
  outcomeOf(scene.client(name).send(command as ListTablesCommand))
const denied = `AccessDeniedException: User: arn:aws:iam::000000000000:user/`

test('a denial has AWS’s words, its type and its status', async () => {
  const error = await scene
    .client('newcomer')
    .send(new GetItemCommand({ TableName, Key: key('ann') }))
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    name: 'AccessDeniedException',
    message: refusal('newcomer', 'GetItem').slice(23),
    $metadata: { httpStatusCode: 400 },
  })
})

test('a key of the file of credentials alone is the account’s own', async () => {
  expect(await as('root', new ListTablesCommand({}))).toBe('ok')
})

test('what is denied is refused before it is known whether the table is there', async () => {
  expect(await as('newcomer', new DescribeTableCommand({ TableName: 'none' }))).toBe(
    refusal('newcomer', 'DescribeTable', arn('table/none')),
  )
})

test('an explicit deny, a boundary', async () => {
  await scene
    .client('root')
    .send(new TagResourceCommand({ ResourceArn: table, Tags: [{ Key: 'stage', Value: 'prod' }] }))
  const { DeleteTableCommand } = await import('@aws-sdk/client-dynamodb')
  expect(await as('admin', new DeleteTableCommand({ TableName }))).toBe(
    refusal('admin', 'DeleteTable', table, 'with an explicit deny in an identity-based policy'),
  )
  expect(await as('bounded', new PutItemCommand({ TableName, Item: item('x') }))).toBe(
    refusal('bounded', 'PutItem', table, 'because no permissions boundary allows the dynamodb:PutItem action'),
  )
  expect(await as('bounded', new GetItemCommand({ TableName, Key: key('ann') }))).toBe('ok')
})

describe('dynamodb:LeadingKeys lets a user at its own partition only', () => {
  const cases = (owner: string): readonly (readonly [string, object])[] => [
    ['GetItem', new GetItemCommand({ TableName, Key: key(owner) })],
    ['PutItem', new PutItemCommand({ TableName, Item: item(owner, { color: { S: 'ann' } }) })],
    [
      'UpdateItem',
      new UpdateItemCommand({
        TableName,
        Key: key(owner),
        UpdateExpression: 'SET title = :t',
        ExpressionAttributeValues: { ':t': { S: 'u' } },
      }),
    ],
    [
      'BatchGetItem',
      new BatchGetItemCommand({
        RequestItems: { [TableName]: { Keys: [key('ann'), { ...key(owner), nr: { N: '2' } }] } },
      }),
    ],
    [
      'BatchWriteItem',
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: item(owner) } }] } }),
    ],
    [
      'Query',
      new QueryCommand({
        TableName,
        KeyConditionExpression: '#o = :o',
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':o': { S: owner } },
      }),
    ],
    [
      'Query',
      new QueryCommand({
        TableName,
        IndexName: 'by-color',
        KeyConditionExpression: 'color = :o',
        ExpressionAttributeValues: { ':o': { S: owner } },
      }),
    ],
    [
      'Query',
      new QueryCommand({
        TableName,
        KeyConditions: { owner: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: owner }] } },
      }),
    ],
    ['GetItem', new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: key(owner) } }] })],
    ['PutItem', new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item(owner) } }] })],
    ['PartiQLSelect', new ExecuteStatementCommand({ Statement: `SELECT * FROM notes WHERE owner = '${owner}'` })],
    [
      'PartiQLUpdate',
      new ExecuteStatementCommand({
        Statement: `UPDATE notes SET title = 'x' WHERE owner = ? AND nr = 1`,
        Parameters: [{ S: owner }],
      }),
    ],
    [
      'PartiQLInsert',
      new ExecuteStatementCommand({ Statement: `INSERT INTO notes VALUE {'owner': '${owner}', 'nr': 9}` }),
    ],
    [
      'PartiQLDelete',
      new ExecuteStatementCommand({ Statement: `DELETE FROM notes WHERE owner = '${owner}' AND nr = 9` }),
    ],
    [
      'PartiQLSelect',
      new ExecuteTransactionCommand({
        TransactStatements: [{ Statement: `SELECT * FROM notes WHERE owner = '${owner}' AND nr = 1` }],
      }),
    ],
    ['DeleteItem', new DeleteItemCommand({ TableName, Key: { ...key(owner), nr: { N: '7' } } })],
  ]
  test.each(cases('ann'))('%s: its own', async (_, command) => {
    expect(await as('ann', command)).toBe('ok')
  })
  test.each(cases('bob'))('%s: another’s', async (action, command) => {
    const index = 'input' in command && 'IndexName' in (command.input as object) ? `${table}/index/by-color` : table
    expect(await as('ann', command)).toBe(refusal('ann', action, index))
  })

  test('a Scan has no leading keys, and is another action', async () => {
    expect(await as('ann', new ScanCommand({ TableName }))).toBe(refusal('ann', 'Scan'))
  })
})

describe('dynamodb:Attributes, Select and ReturnValues', () => {
  test.each<readonly [string, object, boolean]>([
    [
      'a projection of what may be seen',
      new GetItemCommand({ TableName, Key: key('ann'), ProjectionExpression: 'title' }),
      true,
    ],
    ['no projection', new GetItemCommand({ TableName, Key: key('ann') }), false],
    [
      'a projection of more',
      new GetItemCommand({ TableName, Key: key('ann'), ProjectionExpression: 'title, secret' }),
      false,
    ],
    [
      'the older AttributesToGet',
      new GetItemCommand({ TableName, Key: key('ann'), AttributesToGet: ['secret'] }),
      false,
    ],
    [
      'a name behind a placeholder',
      new GetItemCommand({
        TableName,
        Key: key('ann'),
        ProjectionExpression: '#s',
        ExpressionAttributeNames: { '#s': 'secret' },
      }),
      false,
    ],
    [
      'a filter that asks for more',
      new ScanCommand({
        TableName,
        ProjectionExpression: 'title',
        FilterExpression: 'begins_with(secret, :s)',
        ExpressionAttributeValues: { ':s': { S: 's' } },
      }),
      false,
    ],
    ['a scan of what may be seen', new ScanCommand({ TableName, ProjectionExpression: 'title' }), true],
    ['a count', new ScanCommand({ TableName, Select: 'COUNT' }), false],
    ['a write of what may be seen', new PutItemCommand({ TableName, Item: item('zoe', { title: { S: 'x' } }) }), true],
    ['a write of more', new PutItemCommand({ TableName, Item: item('zoe', { secret: { S: 'x' } }) }), false],
    [
      'a condition on more',
      new PutItemCommand({ TableName, Item: item('zoe'), ConditionExpression: 'attribute_exists(secret)' }),
      false,
    ],
    [
      'a write that returns the old item',
      new PutItemCommand({ TableName, Item: item('zoe'), ReturnValues: 'ALL_OLD' }),
      false,
    ],
    [
      'a write that returns the old item when it fails',
      new PutItemCommand({
        TableName,
        Item: item('zoe'),
        ConditionExpression: 'attribute_not_exists(title)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
      false,
    ],
    [
      'an update that returns what it changed',
      new UpdateItemCommand({
        TableName,
        Key: key('zoe'),
        UpdateExpression: 'SET title = :t',
        ExpressionAttributeValues: { ':t': { S: 'u' } },
        ReturnValues: 'UPDATED_NEW',
      }),
      true,
    ],
    [
      'an update that returns all',
      new UpdateItemCommand({
        TableName,
        Key: key('zoe'),
        UpdateExpression: 'SET title = :t',
        ExpressionAttributeValues: { ':t': { S: 'u' } },
        ReturnValues: 'ALL_NEW',
      }),
      false,
    ],
    [
      'an update that reads more',
      new UpdateItemCommand({ TableName, Key: key('zoe'), UpdateExpression: 'SET title = secret' }),
      false,
    ],
    [
      'a statement of what may be seen',
      new ExecuteStatementCommand({ Statement: `SELECT title FROM notes WHERE owner = 'ann'` }),
      true,
    ],
    [
      'a statement of everything',
      new ExecuteStatementCommand({ Statement: `SELECT * FROM notes WHERE owner = 'ann'` }),
      false,
    ],
    [
      'a statement that returns the old item',
      new ExecuteStatementCommand({
        Statement: `UPDATE notes SET title = 'a' WHERE owner = 'zoe' AND nr = 1 RETURNING ALL OLD *`,
      }),
      false,
    ],
    [
      'a batch of what may be seen',
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('ann')], ProjectionExpression: 'title' } } }),
      true,
    ],
    [
      'a batch without projection',
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('ann')] } } }),
      false,
    ],
  ])('%s', async (_, command, served) => {
    const outcome = await as('title', command)
    if (served) expect(outcome).toBe('ok')
    else expect(outcome.startsWith(`${denied}title is not authorized`)).toBe(true)
  })
})

describe('batches and transactions', () => {
  test('batches need their own actions, and no others', async () => {
    const get = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('ann')] } } })
    expect(await as('batch', get)).toBe('ok')
    expect(await as('single', get)).toBe(refusal('single', 'BatchGetItem'))
    const both = new BatchGetItemCommand({
      RequestItems: { [TableName]: { Keys: [key('ann')] }, other: { Keys: [key('ann')] } },
    })
    expect(await as('batch', both)).toBe(refusal('batch', 'BatchGetItem', arn('table/other')))
    expect(await as('batch', new GetItemCommand({ TableName, Key: key('ann') }))).toBe(refusal('batch', 'GetItem'))
  })

  test('transactions need the actions of their items', async () => {
    const write = new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName, Item: item('t1') } },
        { ConditionCheck: { TableName, Key: key('ann'), ConditionExpression: 'attribute_exists(title)' } },
      ],
    })
    expect(await as('single', write)).toBe('ok')
    expect(await as('batch', write)).toBe(refusal('batch', 'PutItem'))
    const explicit = 'with an explicit deny in an identity-based policy'
    expect(await as('outside', write)).toBe(refusal('outside', 'PutItem', table, explicit))
    expect(await as('outside', new PutItemCommand({ TableName, Item: item('t2') }))).toBe('ok')
  })

  test('each statement of a batch is denied for itself', async () => {
    const { Responses = [] } = await scene.client('ann').send(
      new BatchExecuteStatementCommand({
        Statements: ['ann', 'bob'].map((owner) => ({
          Statement: `SELECT * FROM notes WHERE owner = '${owner}' AND nr = 1`,
        })),
      }),
    )
    expect(Responses.map(({ Error: error }) => error?.Code)).toEqual([undefined, 'AccessDenied'])
    expect(Responses[1]?.Error?.Message).toContain('dynamodb:PartiQLSelect')
  })

  test('a statement that scans the whole table', async () => {
    const explicit = 'with an explicit deny in an identity-based policy'
    const select = (where: string, from = 'notes') =>
      new ExecuteStatementCommand({ Statement: `SELECT * FROM ${from} ${where}` })
    expect(await as('noscan', select(`WHERE owner = 'ann'`))).toBe('ok')
    expect(await as('noscan', select(`WHERE title = 'ann'`))).toBe(refusal('noscan', 'PartiQLSelect', table, explicit))
    expect(await as('noscan', select(`WHERE color = 'ann'`, 'notes."by-color"'))).toBe('ok')
    expect(await as('noscan', select(`WHERE owner = 'ann'`, 'notes."by-color"'))).toBe(
      refusal('noscan', 'PartiQLSelect', `${table}/index/by-color`, explicit),
    )
  })
})

test('streams are resources of their own', async () => {
  const streams = (name: string) =>
    new DynamoDBStreamsClient({
      ...scene.cluster.client('us-east-1'),
      credentials: { accessKeyId: keyOf(name), secretAccessKey: `secret of ${name}` },
      maxAttempts: 1,
    })
  const reader = streams('reader')
  const { Streams = [] } = await reader.send(new ListStreamsCommand({ TableName }))
  const StreamArn = Streams[0]?.StreamArn ?? ''
  const { StreamDescription } = await reader.send(new DescribeStreamCommand({ StreamArn }))
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId ?? ''
  const { ShardIterator } = await reader.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  )
  expect((await reader.send(new GetRecordsCommand({ ShardIterator }))).Records?.length).toBeGreaterThan(0)
  const ann = streams('ann')
  expect(await outcomeOf(ann.send(new GetRecordsCommand({ ShardIterator })))).toBe(
    refusal('ann', 'GetRecords', StreamArn),
  )
  expect(await outcomeOf(ann.send(new DescribeStreamCommand({ StreamArn })))).toBe(
    refusal('ann', 'DescribeStream', StreamArn),
  )
  expect(await outcomeOf(ann.send(new ListStreamsCommand({})))).toBe(refusal('ann', 'ListStreams', '*'))
})

test('what an operation needs beside its own action', async () => {
  const make = { ...notes, TableName: 'made' }
  expect(await as('maker', new CreateTableCommand({ ...make, Tags: [{ Key: 'a', Value: 'b' }] }))).toBe(
    refusal('maker', 'TagResource', arn('table/made')),
  )
  expect(await as('maker', new CreateTableCommand(make))).toBe('ok')
  const replica = new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] })
  scene.set({ users: [...users, user('updater', allow('dynamodb:UpdateTable'))], policies })
  expect(await as('updater', replica)).toBe(refusal('updater', 'CreateTable', arn('table/notes', 'eu-west-1')))
})

test('conditions on the request as a whole', async () => {
  const get = new GetItemCommand({ TableName, Key: key('ann') })
  expect(await as('agent', get)).toBe(refusal('agent', 'GetItem'))
  expect(await as('frugal', get)).toBe('ok')
  expect(await as('frugal', new GetItemCommand({ TableName, Key: key('ann'), ReturnConsumedCapacity: 'TOTAL' }))).toBe(
    refusal('frugal', 'GetItem'),
  )
})

test('another policy counts for the next request', async () => {
  const get = new GetItemCommand({ TableName, Key: key('ann') })
  scene.set({ users: [user('late')] })
  expect(await as('late', get)).toBe(refusal('late', 'GetItem'))
  scene.set({ users: [user('late', allow('dynamodb:GetItem'))] })
  expect(await as('late', get)).toBe('ok')
  scene.set({ users, policies })
  expect(await as('late', get)).toBe(
    'UnrecognizedClientException: The security token included in the request is invalid.',
  )
})

test('in the mode audit everything is served, and told', async () => {
  const audited = await accessScene({ users: [user('newcomer')] }, { mode: 'audit' })
  await makeNotes(audited)
  expect(await outcomeOf(audited.client('newcomer').send(new ListTablesCommand({})))).toBe('ok')
  expect(audited.logged.filter(({ event }) => event.startsWith('access:'))).toEqual([
    { event: 'access: this would be denied', fields: { denial: refusal('newcomer', 'ListTables', '*').slice(23) } },
  ])
  await audited.cluster.close()
})

test('the audit log tells who asked for what, without items, and of items only when it is asked to', async () => {
  const told: AuditEntry[] = []
  const audit = { data: false, write: (entry: AuditEntry) => void told.push(entry) }
  const audited = await accessScene({ users: [user('nina')] }, { audit })
  await makeNotes(audited)
  await outcomeOf(audited.client('nina').send(new DescribeTableCommand({ TableName })))
  await audited.client('root').send(new PutItemCommand({ TableName, Item: item('secret text') }))
  expect(
    told.map(({ operation, outcome, accessKeyId, resources }) => [operation, outcome, accessKeyId, resources]),
  ).toEqual([
    ['CreateTable', 'ok', 'AKIAROOT', [TableName]],
    ['DescribeTable', 'AccessDeniedException', 'AKIANINA', [TableName]],
  ])
  audit.data = true
  await audited.client('root').send(new PutItemCommand({ TableName, Item: item('secret text') }))
  expect(told.at(-1)).toMatchObject({ operation: 'PutItem', outcome: 'ok', resources: [TableName] })
  expect(JSON.stringify(told)).not.toContain('secret')
  await audited.cluster.close()
})
