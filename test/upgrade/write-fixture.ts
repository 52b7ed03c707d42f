/**
 * Writes the fixture of a released version: `npx tsx test/upgrade/write-fixture.ts 0.1.0`. Two regions of that version are filled
 * by hand of a client and stopped. Kept are their stores, the messages on their streams, and what their API said of all that.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  TagResourceCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { until } from '../chaos/until.ts'
import { answersOf, fixtureFolder } from './fixture.ts'
import { OldAndNew, type Side } from './old-and-new.ts'
import { historyMissing, programOf, released } from './released.ts'

const version = released.find((each) => each.version === process.argv[2])
if (version === undefined) throw new Error(`which version? one of ${released.map((each) => each.version).join(', ')}`)
const program = programOf(version)
if (program === undefined) throw new Error(historyMissing(version))

const folder = mkdtempSync(join(tmpdir(), 'longitude-fixture-'))
const pair = await OldAndNew.start(folder)
const [virginia, ireland] = pair.sides
if (virginia === undefined || ireland === undefined) throw new Error('two regions')
for (const side of pair.sides) await pair.startOld(side, program)
await makeTables(virginia, ireland)
await fill(virginia, ireland)
await until('both regions have the same', async () => {
  const said = await Promise.all(pair.sides.map(async ({ client }) => (await answersOf(client)).tables['orders']))
  const [one, other] = said.map((table) => JSON.stringify([table?.items, table?.indexes, table?.count]))
  return one === other
})
const out = fixtureFolder(version.version)
mkdirSync(out, { recursive: true })
for (const side of pair.sides) {
  const answers = await answersOf(side.client)
  writeFileSync(join(out, `${side.name}.json`), `${JSON.stringify(answers, null, 1)}\n`)
  writeFileSync(join(out, `${side.name}.messages`), `${(await messagesOf(side)).join('\n')}\n`)
}
for (const side of pair.sides) {
  await pair.stopNode(side)
  const store = readFileSync(join(side.data, 'store', 'data.mdb'))
  writeFileSync(join(out, `${side.name}.mdb.gz`), gzipSync(store, { level: 9 }))
  console.log(`${side.name}: a store of ${store.length} bytes`)
}
await pair.close()
rmSync(folder, { recursive: true })

async function makeTables({ client, name }: Side, peer: Side): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'customer', KeyType: 'HASH' },
        { AttributeName: 'order', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'customer', AttributeType: 'S' },
        { AttributeName: 'order', AttributeType: 'N' },
        { AttributeName: 'state', AttributeType: 'S' },
        { AttributeName: 'receipt', AttributeType: 'B' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-state',
          KeySchema: [
            { AttributeName: 'state', KeyType: 'HASH' },
            { AttributeName: 'order', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['total'] },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'by-receipt',
          KeySchema: [
            { AttributeName: 'customer', KeyType: 'HASH' },
            { AttributeName: 'receipt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  )
  await client.send(
    new CreateTableCommand({
      TableName: 'notes',
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'B' }],
    }),
  )
  await until('the table is there', async () => (await stateOf(client, 'orders')) === 'ACTIVE')
  await client.send(
    new UpdateTableCommand({ TableName: 'orders', ReplicaUpdates: [{ Create: { RegionName: peer.name } }] }),
  )
  await until('the replica is there', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'orders' }))
    return Table?.Replicas?.some((replica) => replica.ReplicaStatus === 'ACTIVE') === true
  })
  const ResourceArn = `arn:aws:dynamodb:${name}:000000000000:table/notes`
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'team', Value: 'ü' }] }))
  const TimeToLiveSpecification = { AttributeName: 'ends', Enabled: true }
  await client.send(new UpdateTimeToLiveCommand({ TableName: 'notes', TimeToLiveSpecification }))
}

async function fill({ client }: Side, peer: Side): Promise<void> {
  const customer = (n: number): { S: string } => ({ S: `customer-${n % 5}` })
  for (let n = 0; n < 40; n++) {
    const Item = {
      customer: customer(n),
      order: { N: `${n - 20}.5` },
      state: { S: ['open', 'paid', 'sent'][n % 3] ?? '' },
      total: { N: `${n}e${n - 20}` },
      receipt: { B: Buffer.from([n, 255 - n]) },
      lines: {
        L: [{ M: { ärticle: { S: 'x'.repeat(n * 7) }, count: { N: '3' } } }, { NULL: true }, { BOOL: n % 2 > 0 }],
      },
      tags: { SS: ['a', `b${n}`] },
      sizes: { NS: ['1', `${n + 2}`] },
      seals: { BS: [Buffer.from('ab'), Buffer.from([n])] },
    }
    await (n % 4 === 0 ? peer.client : client).send(new PutItemCommand({ TableName: 'orders', Item }))
  }
  const key = (n: number) => ({ customer: customer(n), order: { N: `${n - 20}.5` } })
  await until('the peer has them', async () => (await answersOf(peer.client)).tables['orders']?.items.length === 40)
  for (const n of [3, 6, 9]) await client.send(new DeleteItemCommand({ TableName: 'orders', Key: key(n) }))
  for (const [n, side] of [client, peer.client].entries())
    await side.send(
      new UpdateItemCommand({
        TableName: 'orders',
        Key: key(12),
        UpdateExpression: 'SET winner = :n ADD hits :one',
        ExpressionAttributeValues: { ':n': { N: `${n}` }, ':one': { N: '1' } },
      }),
    )
  await client.send(
    new TransactWriteItemsCommand({
      ClientRequestToken: 'a-token-of-0.1.0',
      TransactItems: [13, 14, 15].map((n) => ({
        Update: {
          TableName: 'orders',
          Key: key(n),
          UpdateExpression: 'SET booked = :yes',
          ExpressionAttributeValues: { ':yes': { BOOL: true } },
        },
      })),
    }),
  )
  await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        notes: Array.from({ length: 12 }, (_, n) => ({
          PutRequest: {
            Item: { id: { B: Buffer.from(`note ${n}`) }, text: { S: `text ${n}` }, ends: { N: '4102444800' } },
          },
        })),
      },
    }),
  )
}

async function stateOf(client: Side['client'], TableName: string): Promise<string | undefined> {
  return (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus
}

/** Each message of the region's stream, in their order, in base64. */
async function messagesOf({ name, region }: Side): Promise<readonly string[]> {
  const connection = await connect({ servers: `nats://127.0.0.1:${region.natsPort}` })
  const streams = await (await jetstreamManager(connection)).streams.list().next()
  const stream = streams.find(({ config }) => config.name.endsWith(name))
  if (stream === undefined) throw new Error(`${name} has no stream`)
  const consumer = await jetstream(connection).consumers.get(stream.config.name)
  const messages: string[] = []
  for await (const message of await consumer.fetch({ max_messages: stream.state.messages, expires: 5000 }))
    messages.push(Buffer.from(message.data).toString('base64'))
  await connection.close()
  return messages
}
