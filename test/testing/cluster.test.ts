import { DynamoDBClient, GetItemCommand, PutItemCommand, TagResourceCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'

const [virginia, dublin] = ['us-east-1', 'eu-west-1'] as const
const orders = {
  TableName: 'Orders',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}
const open: Cluster[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const cluster of open.splice(0)) await cluster.close()
})

async function clusterOf(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await createCluster({
    regions: [virginia, dublin],
    clock: 'manual',
    seed: 7,
    tables: [orders],
    ...options,
  })
  open.push(cluster)
  return cluster
}

function itemsOf(cluster: Cluster, region: string) {
  const client = new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
  return {
    put: async (pk: string, value: string) =>
      await client.send(new PutItemCommand({ TableName: 'Orders', Item: { pk: { S: pk }, value: { S: value } } })),
    get: async (pk: string): Promise<string | undefined> => {
      const { Item } = await client.send(new GetItemCommand({ TableName: 'Orders', Key: { pk: { S: pk } } }))
      return Item?.['value']?.S
    },
  }
}

describe('a cluster in this process', () => {
  test('answers an SDK, and a write arrives in another region only when time has passed', async () => {
    const cluster = await clusterOf({ links: { default: { ms: 80 } } })
    const [here, there] = [itemsOf(cluster, virginia), itemsOf(cluster, dublin)]
    await here.put('a', '1')
    expect(await here.get('a')).toBe('1')
    expect(await there.get('a')).toBeUndefined()
    await cluster.advance(79)
    expect(await there.get('a')).toBeUndefined()
    await cluster.settle()
    expect(await there.get('a')).toBe('1')
  })

  test('tells which write a cut has cost, and what differs until it is healed', async () => {
    const cluster = await clusterOf()
    const [here, there] = [itemsOf(cluster, virginia), itemsOf(cluster, dublin)]
    const link = cluster.link(virginia, dublin)
    link.cut()
    await here.put('a', 'from Virginia')
    await cluster.advance('10ms')
    await there.put('a', 'from Dublin')
    await cluster.settle()
    await expect(cluster.assertConverged()).rejects.toThrow(
      /table Orders, key \{"pk":\{"S":"a"\}\}:\n\s+us-east-1: .*from Virginia.*\n\s+eu-west-1: .*from Dublin.*\n\(seed 7/,
    )
    link.heal()
    await cluster.settle()
    await cluster.assertConverged()
    expect(await here.get('a')).toBe('from Dublin')
    expect(cluster.conflicts()).toMatchObject([{ table: 'Orders', winner: dublin, loser: virginia }])
    expect(cluster.conflicts('Other')).toEqual([])
  })

  test('the later clock wins, also when it is wrong', async () => {
    const cluster = await clusterOf()
    cluster.region(virginia).skew(300)
    const [here, there] = [itemsOf(cluster, virginia), itemsOf(cluster, dublin)]
    await here.put('a', 'from Virginia')
    await there.put('a', 'from Dublin')
    await cluster.settle()
    expect([await here.get('a'), await there.get('a')]).toEqual(['from Virginia', 'from Virginia'])
  })

  test('the same seed gives the same run, and another seed another one', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const cluster = await clusterOf({ seed, links: { default: { ms: 20, jitter: 100, loss: 0.05 } } })
      const sides = [itemsOf(cluster, virginia), itemsOf(cluster, dublin)]
      const seen: unknown[] = []
      for (let n = 0; n < 12; n++) {
        await sides[n % 2]?.put(`item ${n % 3}`, `${n}`)
        await cluster.advance(50)
        seen.push(await sides[(n + 1) % 2]?.get(`item ${n % 3}`))
      }
      await cluster.settle()
      return [seen, cluster.now(), cluster.conflicts()]
    }
    const first = await run(11)
    expect(await run(11)).toEqual(first)
    expect(await run(12)).not.toEqual(first)
  })

  test('a killed region refuses connections, and has every acknowledged write when it is back', async () => {
    const cluster = await clusterOf()
    const [here, there] = [itemsOf(cluster, virginia), itemsOf(cluster, dublin)]
    await here.put('a', '1')
    const region = cluster.region(virginia)
    const inFlight = here.put('b', '2')
    await Promise.resolve()
    region.kill()
    expect(region.isRunning).toBe(false)
    await expect(inFlight).rejects.toThrow(/ECONNRE/)
    await expect(here.get('a')).rejects.toThrow('ECONNREFUSED: us-east-1 is down')
    await cluster.settle()
    await region.restart()
    expect(await here.get('a')).toBe('1')
    await cluster.settle()
    expect(await there.get('a')).toBe('1')
    await cluster.assertConverged()
  })

  test('resets to its beginning, to a snapshot, and forks', async () => {
    const cluster = await clusterOf()
    const here = itemsOf(cluster, virginia)
    const beganAt = cluster.now()
    await here.put('a', '1')
    await cluster.settle()
    const snapshot = cluster.snapshot()
    await here.put('a', '2')
    const fork = await cluster.fork()
    open.push(fork)
    await itemsOf(fork, virginia).put('a', '3')
    await fork.settle()
    expect(await itemsOf(fork, dublin).get('a')).toBe('3')
    expect(await here.get('a')).toBe('2')
    await cluster.reset(snapshot)
    expect([await here.get('a'), await itemsOf(cluster, dublin).get('a')]).toEqual(['1', '1'])
    await cluster.reset()
    expect(await here.get('a')).toBeUndefined()
    expect(cluster.now()).toEqual(beganAt)
    await here.put('b', '1')
    await cluster.settle()
    expect(await itemsOf(cluster, dublin).get('b')).toBe('1')
  })

  test('an endpoint stays good through a reset and a restart', async () => {
    const cluster = await clusterOf()
    const endpoint = await cluster.endpoint(dublin)
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const client = new DynamoDBClient({ endpoint, region: dublin, credentials, maxAttempts: 1 })
    const put = async () =>
      await client.send(new PutItemCommand({ TableName: 'Orders', Item: { pk: { S: 'a' }, value: { S: '1' } } }))
    await put()
    expect(await itemsOf(cluster, dublin).get('a')).toBe('1')
    await cluster.reset()
    expect(await itemsOf(cluster, dublin).get('a')).toBeUndefined()
    await put()
    cluster.region(dublin).kill()
    await expect(put()).rejects.toThrow()
    await cluster.region(dublin).restart()
    await put()
    expect(await cluster.endpoint(dublin)).toBe(endpoint)
    client.destroy()
  })

  test('what the SDK does to an empty reply is not seen by the clients of an endpoint', async () => {
    const cluster = await clusterOf({ clock: 'real' })
    const endpoint = await cluster.endpoint(virginia)
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const ResourceArn = `arn:aws:dynamodb:${virginia}:000000000000:table/Orders`
    const tag = (Key: string) => new TagResourceCommand({ ResourceArn, Tags: [{ Key, Value: 'v' }] })
    await new DynamoDBClient(cluster.client(virginia)).send(tag('a'))
    const client = new DynamoDBClient({ endpoint, region: virginia, credentials, maxAttempts: 1 })
    expect((await client.send(tag('b'))).$metadata.httpStatusCode).toBe(200)
    client.destroy()
  })

  test('time passes by itself with a real clock, and can be advanced', async () => {
    const cluster = await clusterOf({ clock: 'real' })
    const before = cluster.now().getTime()
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000)
    const there = itemsOf(cluster, dublin)
    await itemsOf(cluster, virginia).put('a', '1')
    await vi.waitFor(async () => expect(await there.get('a')).toBe('1'), { timeout: 15_000 })
    await cluster.advance('1m')
    expect(cluster.now().getTime() - before).toBeGreaterThanOrEqual(60_000)
  })

  test('a client that never rests does not hold up time', async () => {
    const cluster = await clusterOf()
    const here = itemsOf(cluster, virginia)
    const writing = { over: false, count: 0 }
    const written = (async () => {
      for (; !writing.over; writing.count++) await here.put(`item ${writing.count % 10}`, '1')
    })()
    await cluster.advance('100ms')
    writing.over = true
    await written
    expect(writing.count).toBeGreaterThan(10)
  })

  test('works under the fake timers of a test runner', async () => {
    const cluster = await clusterOf()
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance'] })
    await itemsOf(cluster, virginia).put('a', '1')
    await cluster.settle()
    expect(await itemsOf(cluster, dublin).get('a')).toBe('1')
  })

  test('a cluster without tables serves the regions by themselves', async () => {
    const cluster = await clusterOf({ tables: [] })
    await expect(itemsOf(cluster, virginia).get('a')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  test.each([
    [{ regions: [] }, 'at least one region'],
    [{ regions: ['us-east-1', 'us-east-1'] }, 'us-east-1 is named twice'],
    [{ regions: ['US'] }, "no region's name"],
    [{ seed: -1 }, 'seed: -1'],
    [{ links: { 'us-east-1..mars-1': { ms: 1 } } }, 'no region mars-1 in this cluster; it has us-east-1, eu-west-1'],
    [{ links: { default: { ms: -1 } } }, 'links.default: ms -1'],
    [{ startAt: 'yesterday' }, 'startAt: yesterday is no date'],
    [{ tables: [{ Name: 'x' }] }, 'tables[0] is none of the forms'],
    [{ tables: [{ ...orders, KeySchema: [] }] }, 'tables[0]: CreateTable was refused: ValidationException'],
  ] as [ClusterOptions, string][])('refuses %j', async (options, message) => {
    await expect(createCluster({ regions: [virginia, dublin], clock: 'manual', ...options })).rejects.toThrow(message)
  })
})
