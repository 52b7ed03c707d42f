/** The requests of a bench, as bytes on the wire, with the headers of an SDK; and the items that they are about. */
import { targetOf } from '../../src/core/wire/request-target.ts'
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'

export const tableName = 'bench'
export const itemsPerPartition = 20

/** About 500 bytes by DynamoDB's measure. */
export function itemOf(n: number, version = 0): object {
  return {
    ...keyOf(n),
    name: { S: `customer number ${n} of the bench` },
    email: { S: `customer-${n}@example.com` },
    balance: { N: String((n * 7919) % 100_000) },
    version: { N: String(version) },
    active: { BOOL: n % 2 === 0 },
    tags: { SS: ['alpha', 'beta', 'gamma'] },
    address: { M: { street: { S: `${n} Long Street` }, city: { S: 'Greenwich' }, zip: { S: 'SE10 8XJ' } } },
    notes: { S: 'The quick brown fox jumps over the lazy dog, again and again. '.repeat(3) + furtherNotes },
  }
}

const furtherNotes = 'What else is known of this customer stands here, in words that nobody searches: '.padEnd(108, 'x')

export function keyOf(n: number): object {
  const partition = Math.floor(n / itemsPerPartition)
  return { pk: { S: `partition-${partition}` }, sk: { S: `item-${String(n % itemsPerPartition).padStart(3, '0')}` } }
}

/** Spread over all items, the same in every run. */
export function spread(count: number, items: number): number[] {
  return Array.from({ length: count }, (_, n) => (n * 7919 + 13) % items)
}

/** The tables of a bench: bare ones, and those with one and five global indexes. */
export const tables = { [tableName]: 0, [`${tableName}-1`]: 1, [`${tableName}-5`]: 5 } as const

const indexedAttributes = ['email', 'name', 'pk', 'sk', 'email'] as const

type Request = (n: number, items: number) => readonly [string, object]

const put =
  (table: string, version: number): Request =>
  (n) => ['PutItem', { TableName: table, Item: itemOf(n, version) }]

const get =
  (more: object): Request =>
  (n) => ['GetItem', { TableName: tableName, Key: keyOf(n), ...more }]

export const operations: Readonly<Record<string, Request>> = {
  GetItem: get({ ConsistentRead: true }),
  GetItemEventual: get({}),
  Query20: (n) => [
    'Query',
    {
      TableName: tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `partition-${Math.floor(n / itemsPerPartition)}` } },
    },
  ],
  QueryGsi20: (n) => [
    'Query',
    {
      TableName: `${tableName}-1`,
      IndexName: 'index-0',
      Limit: 20,
      KeyConditionExpression: 'email = :email',
      ExpressionAttributeValues: { ':email': { S: `customer-${n}@example.com` } },
    },
  ],
  Scan100: () => ['Scan', { TableName: tableName, Limit: 100 }],
  TransactGetItems4: (n, items) => [
    'TransactGetItems',
    { TransactItems: several(4, n, items).map((each) => ({ Get: { TableName: tableName, Key: keyOf(each) } })) },
  ],
  PutItem: put(tableName, 1),
  PutItem1Gsi: put(`${tableName}-1`, 1),
  PutItem5Gsi: put(`${tableName}-5`, 1),
  UpdateItem: (n) => [
    'UpdateItem',
    {
      TableName: tableName,
      Key: keyOf(n),
      UpdateExpression: 'SET version = version + :one, #n = :name',
      ExpressionAttributeNames: { '#n': 'name' },
      ExpressionAttributeValues: { ':one': { N: '1' }, ':name': { S: `another name of customer ${n}` } },
    },
  ],
  BatchWriteItem25: (n, items) => [
    'BatchWriteItem',
    { RequestItems: { [tableName]: several(25, n, items).map((each) => ({ PutRequest: { Item: itemOf(each, 2) } })) } },
  ],
  TransactWriteItems4: (n, items) => [
    'TransactWriteItems',
    { TransactItems: several(4, n, items).map((each) => ({ Put: { TableName: tableName, Item: itemOf(each, 3) } })) },
  ],
}

function several(count: number, n: number, items: number): number[] {
  return Array.from({ length: count }, (_, offset) => (n + offset * 101) % items)
}

/** Items [from, from + 25) of a table, for filling it. */
export function fillRequest(table: string, from: number): readonly [string, object] {
  const items = Array.from({ length: 25 }, (_, offset) => ({ PutRequest: { Item: itemOf(from + offset) } }))
  return ['BatchWriteItem', { RequestItems: { [table]: items } }]
}

export const credential = {
  accessKeyId: 'AKIDEXAMPLEKEY000000',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

export type Aim = {
  readonly url: URL
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const aimAt = (port: number): Aim => ({
  url: new URL(`http://127.0.0.1:${port}/`),
  // Of whichever region answers there.
  region: 'local',
  ...credential,
})

const contentType = 'application/x-amz-json-1.0'

/** Signed as an SDK does; what is signed holds for a quarter of an hour. */
function authorization({ url, region, ...keys }: Aim, target: string, body: string, time: string): string {
  const headers = { 'content-type': contentType, host: url.host, 'x-amz-date': time, 'x-amz-target': target }
  return authorizationOf({
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    region,
    time,
    headers,
    body,
  })
}

export function encodeRequest(operation: string, input: unknown, aim: Aim = aimAt(8000)): Buffer {
  const body = JSON.stringify(input)
  const target = targetOf(operation)
  const time = timeOf(Date.now())
  const head = [
    'POST / HTTP/1.1',
    `host: ${aim.url.host}`,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-amz-target: ${target}`,
    `x-amz-date: ${time}`,
    'user-agent: aws-sdk-js/3.1162.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.20.2 api/dynamodb#3.1162.0',
    'amz-sdk-invocation-id: 6d3f6c3a-6a43-4f5e-9f5c-2f6d2f0f7a10',
    'amz-sdk-request: attempt=1; max=3',
    `authorization: ${authorization(aim, target, body, time)}`,
  ].join('\r\n')
  return Buffer.from(`${head}\r\n\r\n${body}`)
}

/** JSON alone, with no header that is not needed: what the bare server gets. */
export function plainRequest(input: unknown): Buffer {
  const body = JSON.stringify(input)
  const head = `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  return Buffer.from(`${head}\r\n\r\n${body}`)
}

/** One request by itself; for the preparations. */
export async function call(to: number | Aim, operation: string, input: unknown): Promise<Record<string, unknown>> {
  const aim = typeof to === 'number' ? aimAt(to) : to
  const body = JSON.stringify(input)
  const target = targetOf(operation)
  const time = timeOf(Date.now())
  const response = await fetch(aim.url, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      'x-amz-target': target,
      'x-amz-date': time,
      authorization: authorization(aim, target, body, time),
    },
    body,
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${operation}: ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

/** One that is there already is taken as it is: another endpoint keeps the tables of the last run. */
export async function createTable(
  to: number | Aim,
  settings: object = {},
  name: string = tableName,
  indexes = 0,
): Promise<void> {
  const string = (attribute: string) => ({ AttributeName: attribute, AttributeType: 'S' })
  const indexed = indexedAttributes.slice(0, indexes)
  await call(to, 'CreateTable', {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...new Set(['pk', 'sk', ...indexed])].map(string),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    ...(indexes === 0
      ? {}
      : {
          GlobalSecondaryIndexes: indexed.map((attribute, n) => ({
            IndexName: `index-${n}`,
            KeySchema: [{ AttributeName: attribute, KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          })),
        }),
    ...settings,
  }).catch((error: unknown) => {
    if (!String(error).includes('ResourceInUseException')) throw error
  })
  await until('the table is active', async () => {
    const { Table: table } = await call(to, 'DescribeTable', { TableName: name })
    return (table as { TableStatus: string }).TableStatus === 'ACTIVE'
  })
}

export async function until(what: string, isSo: () => Promise<boolean>, msMax = 60_000, everyMs = 10): Promise<void> {
  const deadline = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${msMax} ms: ${what}`)
    await pause(everyMs)
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
