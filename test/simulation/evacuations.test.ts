/**
 * Evacuations on virtual time, from seeds: clients write to the region that leaves, to the last moment and after it, while its link to the refuge is slow or
 * cut and a node may be killed. The checker knows each answer that a client got. What was acknowledged is in the refuge once the evacuation is proved, and
 * nothing is acknowledged behind the fence. Bugs that are put in are found.
 */
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { evacuate, type Steps } from '../../src/deployment/evacuate.ts'
import { evacuationRoutes } from '../../src/node/admin/evacuation-routes.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'

const [leaving, refuge, third] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const TableName = 'orders'
const seeds = [1, 2]
const writers = 3
const writesMax = 50

type Ask = Steps['ask']
type Bug = (cluster: EmbeddedCluster, ask: Ask) => Ask
type Acknowledged = { readonly id: string; readonly isBehindFence: boolean }

async function clusterOf(seed: number): Promise<EmbeddedCluster> {
  return await EmbeddedCluster.made({
    regions: [leaving, refuge, third],
    clock: 'manual',
    seed,
    links: { default: { ms: 40 } },
    tables: [
      {
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    ],
  })
}

/** By the routes of the administration. */
const askIn =
  (cluster: EmbeddedCluster): Ask =>
  async (name, path, body) => {
    const running = cluster.running(name)
    if (running === undefined) throw new Error(`${name} does not answer`)
    const { evacuation, engine, replication } = running.region
    if (path === 'status') return await replication.statusInTurns()
    const route = evacuationRoutes(evacuation, engine).find((each) => each.path === `/admin/${path}`)
    return await route?.answer({ query: {}, body })
  }

/** Returns the first promise that is broken. */
async function run(seed: number, bug: Bug = (_, ask) => ask): Promise<string | undefined> {
  const cluster = await clusterOf(seed)
  const random = new SeededRandom(seed)
  const clients = [leaving, refuge].map((name) => new DynamoDBClient({ ...cluster.client(name), maxAttempts: 1 }))
  const [own, other] = clients as [DynamoDBClient, DynamoDBClient]
  const acknowledged: Acknowledged[] = []
  const over = new AbortController()
  let isFenced = false
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; n < writesMax && !over.signal.aborted; n++) {
      const id = `${writer}/${n}`
      const isBehindFence = isFenced
      const put = own.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }))
      const isTaken = await put.then(
        () => true,
        () => false,
      )
      if (isTaken) acknowledged.push({ id, isBehindFence })
    }
  }
  try {
    const ask = bug(cluster, askIn(cluster))
    const told = async (...[name, path, body]: Parameters<Ask>): Promise<unknown> => {
      const answer = await ask(name, path, body)
      if (name === leaving && path === 'evacuation/fence') isFenced = true
      return answer
    }
    await own.send(new PutItemCommand({ TableName, Item: { id: { S: 'first' } } }))
    acknowledged.push({ id: 'first', isBehindFence: false })
    if (random.chance(0.5)) cluster.link(leaving, refuge).cut()
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
    await cluster.advance(random.between(1, 60))
    const pause = async (ms: number): Promise<void> => {
      await cluster.advance(ms)
      if (random.chance(0.3)) cluster.link(leaving, refuge).heal()
    }
    const steps = { ask: told, told: () => {}, pause, nowMs: () => cluster.now().getTime() }
    const ends = { owner: 'test', withinMs: 600_000, signal: new AbortController().signal }
    await evacuate({ region: leaving, to: refuge, leaveTables: false }, { ...steps, ...ends })
    // What is lost now stays lost.
    cluster.region(leaving).kill()
    over.abort()
    await cluster.advance(50)
    await Promise.race([writing, cluster.advance(1000)])
    const behind = acknowledged.find(({ isBehindFence }) => isBehindFence)
    if (behind !== undefined) return 'nothing is acknowledged behind the fence'
    for (const { id } of acknowledged) {
      const { Item } = await other.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))
      if (Item === undefined) return 'what was acknowledged is in the refuge'
    }
    return undefined
  } finally {
    for (const client of clients) client.destroy()
    await cluster.close()
  }
}

describe('an evacuation', () => {
  test(`loses nothing, for seeds ${seeds.join(', ')}`, async () => {
    for (const seed of seeds) expect([seed, await run(seed)]).toEqual([seed, undefined])
  })

  test.each<readonly [bug: string, breaks: string, inject: Bug]>([
    [
      'whose fence is told, and does not stand',
      'nothing is acknowledged behind the fence',
      (cluster, ask) => async (name, path, body) => {
        const answer = await ask(name, path, body)
        if (path === 'evacuation/fence') cluster.running(name)?.region.engine.lineage.fence(undefined)
        return answer
      },
    ],
    [
      'that takes the region for safe as soon as it is fenced',
      'what was acknowledged is in the refuge',
      (_, ask) => async (name, path, body) => {
        const answer = await ask(name, path, body)
        if (path !== 'status' || name !== leaving) return answer
        const status = answer as { readonly peers: readonly { readonly tables: readonly object[] }[] }
        const safe = { pending: 0, safeToEvacuate: true }
        const peers = status.peers.map((peer) => ({
          ...peer,
          ...safe,
          tables: peer.tables.map((table) => ({ ...table, ...safe })),
        }))
        return { ...status, peers }
      },
    ],
  ])('%s breaks a promise in some seed', async (_bug, breaks, inject) => {
    const broken = new Set<string | undefined>()
    for (const seed of seeds) {
      broken.add(await run(seed, inject))
      if (broken.has(breaks)) return
    }
    expect([...broken]).toContain(breaks)
  })
})
