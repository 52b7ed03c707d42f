/** A region is evacuated and taken back, in the time of an embedded cluster, by the steps of `longitude evacuate` and `readmit`. */
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { evacuate, type Evacuating, readmit, type Steps } from '../../src/deployment/evacuate.ts'
import { evacuationRoutes } from '../../src/node/admin/evacuation-routes.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { jsonService } from './json-service.ts'

const [leaving, refuge] = ['us-east-1', 'eu-west-1'] as const
const TableName = 'orders'
let cluster: EmbeddedCluster
let clients: Readonly<Record<string, DynamoDBClient>>

const tableOf = (name: string) => ({
  TableName: name,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
})

beforeEach(async () => {
  cluster = await EmbeddedCluster.made({
    regions: [leaving, refuge, 'ap-northeast-1'],
    clock: 'manual',
    seed: 5,
    links: { default: { ms: 40 } },
    tables: [tableOf(TableName)],
  })
  clients = Object.fromEntries(
    cluster.regions.map((name) => [name, new DynamoDBClient({ ...cluster.client(name), maxAttempts: 1 })]),
  )
})

afterEach(async () => {
  for (const client of Object.values(clients)) client.destroy()
  await cluster.close()
})

/** By the routes of the administration. */
async function ask(name: string, path: string, body?: unknown): Promise<unknown> {
  const running = cluster.running(name)
  if (running === undefined) throw new Error(`${name} does not answer`)
  const { evacuation, engine, replication } = running.region
  if (path === 'status') return await replication.statusInTurns()
  const route = evacuationRoutes(evacuation, engine).find((each) => each.path === `/admin/${path}`)
  return await route?.answer({ query: {}, body })
}

/** As /metrics says it. */
async function fenced(name: string): Promise<number | undefined> {
  const region = cluster.running(name)?.region
  if (region === undefined) throw new Error(`${name} does not answer`)
  const gauge = vi.spyOn(region.env.meter, 'gauge')
  await region.measure()
  return gauge.mock.calls.findLast(([metric]) => metric === 'longitude_evacuation_fenced')?.[1]
}

const stepsOf = (more: Partial<Steps> = {}): Steps => ({
  ask,
  told: () => {},
  pause: async (ms) => await cluster.advance(ms),
  nowMs: () => cluster.now().getTime(),
  signal: new AbortController().signal,
  withinMs: 10_000,
  owner: 'test',
  ...more,
})

const there = async (more: Partial<Evacuating> = {}, steps: Partial<Steps> = {}) =>
  await evacuate({ region: leaving, to: refuge, ...more }, stepsOf(steps))
const back = async (steps: Partial<Steps> = {}) =>
  await readmit(
    leaving,
    cluster.regions.filter((name) => name !== leaving),
    stepsOf(steps),
  )

const put = (region: string, id: string, client = clients[region]) =>
  client?.send(new PutItemCommand({ TableName, Item: { id: { S: id } } })).then(
    () => 'written',
    ({ name, message }: Error) => `${name}: ${message}`,
  )
const has = async (region: string, id: string) =>
  (await clients[region]?.send(new GetItemCommand({ TableName, Key: { id: { S: id } } })))?.Item !== undefined

test('auto scaling changes no table of a region that is evacuated', async () => {
  const register = async () =>
    await jsonService(cluster, 'autoscaling', leaving).ask('RegisterScalableTarget', {
      ServiceNamespace: 'dynamodb',
      ResourceId: `table/${TableName}`,
      ScalableDimension: 'dynamodb:table:WriteCapacityUnits',
      MinCapacity: 1,
      MaxCapacity: 9,
    })
  await there()
  const { status, body } = await register()
  expect([status, body['message']]).toEqual([503, expect.stringContaining('takes no changes of tables')])
  await back()
  expect((await register()).status).toBe(200)
})

describe('an evacuation', () => {
  test('loses no write that was acknowledged, although writes go on to the last moment', async () => {
    const written: string[] = []
    const writing = (async () => {
      for (let n = 0; ; n++) {
        const answer = await put(leaving, `item ${n}`)
        if (answer !== 'written') return answer
        written.push(`item ${n}`)
        if (n > 2000) return 'never refused'
      }
    })()
    for (let n = 0; n < 1000 && written.length <= 5; n++) await cluster.advance(5)
    const proof = await there()
    expect(await writing).toBe(
      `ServiceUnavailableException: This region takes no writes: it is evacuated to ${refuge}; try again, and the front door leads there.`,
    )
    expect(proof).toMatchObject({ pending: 0, safeToEvacuate: true, tables: 1, left: [], frontDoor: 'none' })
    expect(proof.cursor).toBeGreaterThanOrEqual(written.length)
    expect(written.length).toBeGreaterThan(5)
    cluster.region(leaving).kill()
    for (const id of written) expect([id, await has(refuge, id)]).toEqual([id, true])
  })

  test('leaves reads where they are, and refuses changes of tables', async () => {
    await put(leaving, 'a')
    await there()
    expect(await has(leaving, 'a')).toBe(true)
    await clients[leaving]?.send(new DescribeTableCommand({ TableName }))
    await expect(clients[leaving]?.send(new CreateTableCommand(tableOf('more')))).rejects.toThrow(
      'This region takes no changes of tables',
    )
    expect(await put(refuge, 'b')).toBe('written')
    await cluster.settle()
    expect(await has(leaving, 'b')).toBe(true)
  })

  test('lets the other region serve what is signed for this one, until it is readmitted', async () => {
    const signed = new DynamoDBClient({ ...cluster.client(refuge), region: leaving, maxAttempts: 1 })
    expect(await put(refuge, 'a', signed)).toContain('Credential should be scoped to a valid region')
    await there()
    expect(await put(refuge, 'a', signed)).toBe('written')
    expect(await back()).toMatchObject({ readmitted: true, stoodIn: [refuge] })
    expect(await put(refuge, 'a', signed)).toContain('Credential should be scoped to a valid region')
    expect(await put(leaving, 'b')).toBe('written')
    signed.destroy()
  })

  test('is given up when the other region cannot be reached, and then writes are taken again', async () => {
    cluster.link(leaving, refuge).cut()
    await put(leaving, 'a')
    await expect(there()).rejects.toThrow(
      /not safe within 10 s: 1 changes are pending to eu-west-1.*; the evacuation is given up, and us-east-1 takes writes again/,
    )
    expect(await put(leaving, 'b')).toBe('written')
    expect(await ask(refuge, 'evacuation')).toMatchObject({ standsInFor: [] })
  })

  test('that is interrupted takes the fence away again', async () => {
    cluster.link(leaving, refuge).cut()
    await put(leaving, 'a')
    const controller = new AbortController()
    const pause = async (ms: number) => {
      await cluster.advance(ms)
      controller.abort()
    }
    await expect(there({}, { signal: controller.signal, pause })).rejects.toThrow(
      /interrupted; the evacuation is given up/,
    )
    expect(await put(leaving, 'b')).toBe('written')
  })

  test('that was killed half-way is visible, survives the node, and is finished by the next command', async () => {
    await ask(leaving, 'evacuation/fence', { to: refuge, owner: 'gone' })
    cluster.region(leaving).kill()
    await cluster.region(leaving).restart()
    expect(await put(leaving, 'a')).toContain('This region takes no writes')
    expect(await ask(leaving, 'evacuation')).toMatchObject({ fence: { to: refuge, owner: 'gone' } })
    expect(await fenced(leaving)).toBe(1)
    expect(await fenced(refuge)).toBe(0)
    await expect(there({ to: 'ap-northeast-1' })).rejects.toThrow('us-east-1 is evacuated to eu-west-1 by gone')
    await cluster.settle()
    expect(await there()).toMatchObject({ safeToEvacuate: true })
    expect(await there()).toMatchObject({ safeToEvacuate: true })
    cluster.region(refuge).kill()
    await cluster.region(refuge).restart()
    expect(await ask(refuge, 'evacuation')).toMatchObject({ standsInFor: [{ region: leaving }] })
    await cluster.settle()
    expect(await back()).toMatchObject({ readmitted: true })
    expect(await back()).toMatchObject({ readmitted: false })
    expect(await put(leaving, 'a')).toBe('written')
  })

  test('needs a replica of every table, or the word to go without', async () => {
    await clients[leaving]?.send(new CreateTableCommand(tableOf('alone')))
    await cluster.settle()
    await expect(there()).rejects.toThrow('eu-west-1 has no replica of alone: add one, or give --leave-tables')
    expect(await put(leaving, 'a')).toBe('written')
    expect(await there({ leaveTables: true })).toMatchObject({ left: ['alone'] })
    await back()
    await clients[leaving]?.send(
      new UpdateTableCommand({ TableName: 'alone', ReplicaUpdates: [{ Create: { RegionName: refuge } }] }),
    )
    await cluster.settle()
    expect(await there()).toMatchObject({ left: [] })
  })
})

test('a region is readmitted only once it has caught up', async () => {
  await there()
  cluster.link(leaving, refuge).cut()
  await put(refuge, 'while it was away')
  await cluster.advance('5s')
  await expect(back()).rejects.toThrow(
    /us-east-1 has not caught up within 10 s and is evacuated still: it lacks 1 changes of eu-west-1/,
  )
  expect(await put(leaving, 'a')).toContain('This region takes no writes')
  cluster.link(leaving, refuge).heal()
  expect(await back()).toMatchObject({ readmitted: true })
  expect(await has(leaving, 'while it was away')).toBe(true)
})
