/** What a region of a released version wrote: its store, its messages, and what its API said of them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  type AttributeValue,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { root } from './released.ts'

export type TableAnswers = {
  readonly items: readonly unknown[]
  readonly indexes: Readonly<Record<string, readonly unknown[]>>
  readonly count: number
  readonly sizeBytes: number
  readonly timeToLive: string
  readonly tags: readonly unknown[]
  readonly replicas: readonly string[]
}

export type Answers = { readonly tables: Readonly<Record<string, TableAnswers>> }

export function fixtureFolder(version: string): string {
  return join(root, 'test', 'upgrade', version)
}

export function answersThen(version: string, region: string): Answers {
  return JSON.parse(readFileSync(join(fixtureFolder(version), `${region}.json`), 'utf8')) as Answers
}

/** The messages of its stream, oldest first. */
export function messagesThen(version: string, region: string): readonly Buffer[] {
  const text = readFileSync(join(fixtureFolder(version), `${region}.messages`), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'base64'))
}

/** Lays the region's store in the folder of a node. */
export function layStore(version: string, region: string, data: string): void {
  mkdirSync(join(data, 'store'), { recursive: true })
  const packed = readFileSync(join(fixtureFolder(version), `${region}.mdb.gz`))
  writeFileSync(join(data, 'store', 'data.mdb'), gunzipSync(packed))
  writeFileSync(join(data, 'store', 'LONGITUDE'), 'longitude store, format 1\n')
}

/** What the API says of every table, in an order of its own. */
export async function answersOf(client: DynamoDBClient): Promise<Answers> {
  const { TableNames = [] } = await client.send(new ListTablesCommand({}))
  const tables: Record<string, TableAnswers> = {}
  for (const TableName of TableNames) tables[TableName] = await tableAnswers(client, TableName)
  return { tables }
}

async function tableAnswers(client: DynamoDBClient, TableName: string): Promise<TableAnswers> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }))
  const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }))
  const indexes: Record<string, readonly unknown[]> = {}
  for (const { IndexName = '', KeySchema = [] } of Table?.GlobalSecondaryIndexes ?? [])
    indexes[IndexName] = await indexItems(client, TableName, IndexName, KeySchema[0]?.AttributeName ?? '', Items)
  for (const { IndexName = '', KeySchema = [] } of Table?.LocalSecondaryIndexes ?? [])
    indexes[IndexName] = await indexItems(client, TableName, IndexName, KeySchema[0]?.AttributeName ?? '', Items)
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }))
  const { Tags = [] } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn }))
  return {
    items: ordered(Items),
    indexes,
    count: Table?.ItemCount ?? -1,
    sizeBytes: Table?.TableSizeBytes ?? -1,
    timeToLive: TimeToLiveDescription?.TimeToLiveStatus ?? '',
    tags: Tags,
    replicas: (Table?.Replicas ?? [])
      .map(({ RegionName, ReplicaStatus }) => `${RegionName} ${ReplicaStatus}`)
      .toSorted(),
  }
}

/** The rows of an index, a partition after the other, each in the order of its sort key. */
async function indexItems(
  client: DynamoDBClient,
  TableName: string,
  IndexName: string,
  attribute: string,
  items: readonly Record<string, AttributeValue>[],
): Promise<readonly unknown[]> {
  const values = new Map(
    items.flatMap((item) =>
      item[attribute] === undefined ? [] : [[JSON.stringify(item[attribute]), item[attribute]]],
    ),
  )
  const found: unknown[] = []
  for (const [, value] of [...values].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        IndexName,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': attribute },
        ExpressionAttributeValues: { ':value': value },
      }),
    )
    found.push(...Items.map(plain))
  }
  return found
}

function ordered(items: readonly unknown[]): readonly unknown[] {
  return items.map(plain).toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

/** As JSON, so that it compares with what was written down; bytes in base64, members in the order of their names. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, plain(inner)]),
  )
}
