/** Which region a request is signed for, and who answers it: without credentials that are checked, as with them (unit/wire/signatures). */
import {
  CreateTableCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cachedRegion } from './cached-region.ts'
import { apiHeaders, send } from './raw-request.ts'
import { clientOf, refusal, testRegion, type TestRegion } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'
import { differs } from '../differences/difference.ts'

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-south-1'] as const
let world: TestRegions
let alone: TestRegion

beforeAll(async () => {
  world = await testRegions([us, eu, 'sa-east-1'], {
    endpointOf: (region) => (region === eu ? 'http://127.0.0.1:8001' : undefined),
    signedFor: [ap],
  })
  alone = await testRegion()
})

afterAll(async () => {
  await world.close()
  await alone.close()
})

async function tables(endpoint: string, region: string): Promise<unknown> {
  const client = clientOf(endpoint, { region })
  try {
    return (await client.send(new ListTablesCommand({}))).TableNames
  } finally {
    client.destroy()
  }
}

const misdirected = (region: string, rest: string) => [
  'InvalidSignatureException',
  `Credential should be scoped to a valid region, not '${region}'. This is the endpoint of ${us}${rest}. `,
]

test(differs('region-misdirected'), async () => {
  const { endpoint } = world.at(us)
  expect(await refusal(tables(endpoint, eu))).toEqual(misdirected(eu, `, and ${eu} is at http://127.0.0.1:8001`))
  expect(await refusal(tables(endpoint, 'sa-east-1'))).toEqual(misdirected('sa-east-1', ''))
  expect(await tables(world.at(eu).endpoint, eu)).toEqual([])
})

test('a request signed for a region that the deployment does not have is refused with those that it has', async () => {
  expect(await refusal(tables(world.at(us).endpoint, 'us-west-2'))).toEqual(
    misdirected('us-west-2', `, and the regions of this deployment are ${us}, ${eu}, sa-east-1`),
  )
})

test('a presigned request is for the region of its query', async () => {
  const ask = (region: string) =>
    send({
      endpoint: world.at(us).endpoint,
      path: `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any%2F20260101%2F${region}%2Fdynamodb%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00`,
      headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'DynamoDB_20120810.ListTables' },
      body: '{}',
    })
  expect((await ask(us)).json).toEqual({ TableNames: [] })
  expect((await ask(eu)).json).toMatchObject({ __type: expect.stringMatching(/#InvalidSignatureException$/) })
})

test.each(['local', 'localhost'])(`${differs('region-local')} (%s)`, async (name) => {
  expect(await tables(world.at(us).endpoint, name)).toEqual([])
  expect(await tables(world.at(eu).endpoint, name)).toEqual([])
})

test('a region whose requests a front door may bring is served', async () => {
  expect(await tables(world.at(us).endpoint, ap)).toEqual([])
})

test(differs('region-alone'), async () => {
  for (const region of [us, eu, 'us-west-2', 'localhost', 'anywhere'])
    expect(await tables(alone.endpoint, region)).toEqual([])
})

test('a cache refuses what it has kept, too, to those who sign for another region', async () => {
  const kept = await cachedRegion({ otherRegions: [eu, ap], signedFor: [ap] })
  try {
    const TableName = 'one'
    const AttributeDefinitions = [{ AttributeName: 'pk', AttributeType: 'S' as const }]
    const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' as const }]
    await kept.region.send(
      new CreateTableCommand({ TableName, AttributeDefinitions, KeySchema, BillingMode: 'PAY_PER_REQUEST' }),
    )
    await waitUntilTableExists({ client: kept.region, maxWaitTime: 20, minDelay: 0.02, maxDelay: 1 }, { TableName })
    const Item = { pk: { S: 'x' } }
    await kept.cached.send(new PutItemCommand({ TableName, Item }))
    const get = () => new GetItemCommand({ TableName, Key: Item })
    for (let n = 0; n < 3; n++) expect((await kept.cached.send(get())).Item).toEqual(Item)
    const elsewhere = kept.client({ region: eu })
    for (let n = 0; n < 2; n++) expect(await refusal(elsewhere.send(get()))).toEqual(misdirected(eu, ''))
    // As the requests are that a front door with failover brings.
    expect((await kept.client({ region: ap }).send(get())).Item).toEqual(Item)
    expect((await kept.client({ region: 'local' }).send(get())).Item).toEqual(Item)
  } finally {
    await kept.close()
  }
})

test('what is not signed, or for an unknown operation, is refused as such before', async () => {
  const { endpoint } = world.at(us)
  const headers = apiHeaders('NoSuchOperation')
  const elsewhere = { ...headers, Authorization: (headers['Authorization'] ?? '').replace(us, eu) }
  expect((await send({ endpoint, headers: elsewhere, body: '{}' })).json).toMatchObject({
    __type: 'com.amazon.coral.service#UnknownOperationException',
  })
})

test('DescribeEndpoints names the address that was asked, if it is one', async () => {
  const { port } = new URL(alone.endpoint)
  const address = async (Host: string) => {
    const { json } = await send({
      endpoint: alone.endpoint,
      headers: { ...apiHeaders('DescribeEndpoints'), Host },
      body: '{}',
    })
    return (json as { Endpoints: { Address: string }[] }).Endpoints[0]?.Address
  }
  for (const host of [
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `dynamodb.us-east-1.localhost:${port}`,
    '[::1]:1',
    'localhost',
  ])
    expect(await address(host)).toBe(host)
})
