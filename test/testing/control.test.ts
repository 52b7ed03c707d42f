import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { controlRoutes } from '../../src/testing/control-routes.ts'

const [virginia, dublin] = ['us-east-1', 'eu-west-1'] as const
const orders = {
  TableName: 'Orders',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}

describe('the control of a served cluster', () => {
  let cluster: Cluster
  const clients = new Map<string, DynamoDBClient>()

  beforeAll(async () => {
    cluster = await EmbeddedCluster.made(
      { regions: [virginia, dublin], clock: 'manual', seed: 3, tables: [orders] },
      { routes: controlRoutes },
    )
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    for (const region of [virginia, dublin])
      clients.set(region, new DynamoDBClient({ endpoint: await cluster.endpoint(region), region, credentials }))
  })
  beforeEach(async () => void (await ask('reset')))
  afterAll(async () => {
    for (const client of clients.values()) client.destroy()
    await cluster.close()
  })

  async function ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly told: unknown }> {
    const response = await fetch(`${await cluster.endpoint(virginia)}/_longitude/${path}`, {
      method: 'POST',
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: response.status, told: await response.json() }
  }

  const put = async (region: string, value: string) =>
    await clients
      .get(region)
      ?.send(new PutItemCommand({ TableName: 'Orders', Item: { pk: { S: 'a' }, value: { S: value } } }))
  const get = async (region: string) =>
    (await clients.get(region)?.send(new GetItemCommand({ TableName: 'Orders', Key: { pk: { S: 'a' } } })))?.Item?.[
      'value'
    ]

  test('settles, and resets', async () => {
    await put(virginia, '1')
    expect(await get(dublin)).toBeUndefined()
    expect(await ask('settle')).toMatchObject({ status: 200, told: { seed: 3, regions: [virginia, dublin] } })
    expect(await get(dublin)).toEqual({ S: '1' })
    await ask('reset', {})
    expect([await get(virginia), await get(dublin)]).toEqual([undefined, undefined])
  })

  test('cuts a link, shows what differs, and tells the conflict', async () => {
    expect(await ask('links', { link: 'us-east-1..eu-west-1', cut: true, ms: 5 })).toMatchObject({ status: 200 })
    await put(virginia, 'from Virginia')
    await ask('advance', { time: '1s' })
    await put(dublin, 'from Dublin')
    const { status, told } = await ask('converged')
    expect(status).toBe(409)
    expect(told).toMatchObject({ error: expect.stringContaining('table Orders, key {"pk":{"S":"a"}}') })
    await ask('links', { link: 'us-east-1..eu-west-1', cut: false })
    await ask('settle', { within: '5m' })
    expect(await ask('converged')).toMatchObject({ status: 200 })
    const answer = await fetch(`${await cluster.endpoint(dublin)}/_longitude/conflicts?table=Orders`)
    expect(await answer.json()).toMatchObject({ conflicts: [{ winner: dublin, loser: virginia }] })
  })

  test('kills a region, and starts it again', async () => {
    await ask('regions', { region: dublin, running: false })
    await expect(fetch(await cluster.endpoint(dublin))).rejects.toThrow()
    await ask('regions', { region: dublin, running: true, skew: '2s' })
    expect((await fetch(await cluster.endpoint(dublin))).status).toBe(200)
  })

  test.each([
    ['advance', {}, 'time is not what is wanted there'],
    ['advance', { time: 'soon' }, 'advance: soon is no time'],
    ['links', { link: 'us-east-1..mars-1' }, 'no region mars-1 in this cluster'],
    ['links', { link: 'us-east-1..eu-west-1', loss: 2 }, 'loss 2 is no share from 0 to 1'],
    ['reset', { to: 'yesterday' }, 'the body must not have to'],
  ])('%s of %j is refused in a sentence', async (path, body, message) => {
    expect(await ask(path, body)).toEqual({ status: 400, told: { error: expect.stringContaining(message) } })
  })

  test('is not for a page of a browser', async () => {
    const headers = { Origin: 'https://example.com' }
    const response = await fetch(`${await cluster.endpoint(virginia)}/_longitude/reset`, { method: 'POST', headers })
    expect(response.status).toBe(403)
  })
})
