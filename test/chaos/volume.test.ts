/** Much at once: the largest items there can be, one item that all regions write at once, and what has piled up during a cut. */
import { expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import type { Deployment } from './deployment.ts'
import { fill } from './fill.ts'
import { backlogChanges, rounds, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause, until } from './until.ts'

const timeout = testMsMax
const deployment = sharedDeployment()
const itemBytes = 400 * 1024

it(
  'items of 400 KB, of one attribute, of eighty thousand and of several megabytes as JSON, arrive through kills and cuts',
  { timeout },
  async () => {
    const world = deployment()
    await world.globalTable('large')
    const [one, other] = world.regions
    if (one === undefined || other === undefined) return
    for (let round = 0; round < rounds(1, 15); round++) {
      const disturbed = disturb(world, other)
      for (const item of [inOne(`one-${round}`), inMany(`many-${round}`), inList(`list-${round}`)])
        await sendRequest(one.endpoint, 'PutItem', { TableName: 'large', Item: item })
      await disturbed
    }
    for (const region of world.regions)
      for (const item of [inOne('one-0'), inMany('many-0'), inList('list-0')]) {
        const get = () => sendRequest(region.endpoint, 'GetItem', { TableName: 'large', Key: { id: item.id } })
        await until(`${item.id.S} is in ${region.name}`, async () => (await get())['Item'] !== undefined)
        // Not toEqual, whose difference of two such items nobody would read.
        expect(sameItem((await get())['Item'] as object, item)).toBe(true)
      }
    await world.verified('large')
  },
)

it(
  'a hot key written in three regions at once ends the same, and each write that lost is told once',
  { timeout },
  async () => {
    const world = deployment()
    await world.globalTable('hot')
    const count = rounds(20, 500)
    const key = (n: number) => ({ id: { S: `hot-${n}` } })
    // Nobody can have seen another's write of a key: each loses to one other, or wins.
    world.setLinks({ state: 'down' })
    const write = (region: ChaosRegion, n: number) =>
      sendRequest(region.endpoint, 'PutItem', { TableName: 'hot', Item: { ...key(n), by: { S: region.name } } })
    for (let n = 0; n < count; n++) await Promise.all(world.regions.map((region) => write(region, n)))
    world.heal()
    await world.verified('hot')
    const { conflicts: lost } = JSON.parse((await world.operator('conflicts', 'hot', '--json')).output) as {
      conflicts: { key: { id: { S: string } }; loser: string; winner: string }[]
    }
    for (let n = 0; n < count; n++) {
      const { Item } = (await sendRequest(world.regions[0]?.endpoint ?? '', 'GetItem', {
        TableName: 'hot',
        Key: key(n),
      })) as {
        Item: { by: { S: string } }
      }
      const losers = lost.filter((each) => each.key.id.S === `hot-${n}`).map(({ loser }) => loser)
      expect([Item.by.S, ...losers].toSorted()).toEqual(world.regions.map(({ name }) => name).toSorted())
    }
  },
)

async function disturb(world: Deployment, region: ChaosRegion): Promise<void> {
  await pause(300)
  world.setLinks({ state: 'reset' })
  await pause(300)
  world.heal()
  await region.kill('node')
  await region.startNode()
}

it(`${backlogChanges} changes of backlog after a cut are drained while new writes come`, { timeout: testMsMax }, () =>
  underLoad(deployment(), 'backlog', async (load) => {
    const world = deployment()
    const [one, ...others] = world.regions
    if (one === undefined) return
    await world.globalTable('piled')
    world.setLinks({ state: 'down' })
    await fill(one, 'piled', { items: backlogChanges })
    for (const { name } of others) {
      const peer = await one.peer(name)
      expect(peer?.pending).toBeGreaterThanOrEqual(backlogChanges)
      expect(peer).toMatchObject({ safeToEvacuate: false })
    }
    const [before, healedAtMs] = [load.accepted(), performance.now()]
    world.heal()
    await until(
      'the backlog is drained',
      async () => {
        const peers = await Promise.all(others.map(({ name }) => one.peer(name)))
        return peers.every((peer) => peer !== undefined && peer.lagMs < 2000 && peer.outbound !== 'cut')
      },
      testMsMax / 2,
    )
    const seconds = (performance.now() - healedAtMs) / 1000
    console.log(
      `${backlogChanges} changes to two peers in ${seconds.toFixed(1)} s, and ${load.accepted() - before} new writes`,
    )
    expect(load.accepted() - before).toBeGreaterThan(0)
    await world.verified('piled')
  }),
)

type Item = { readonly id: { readonly S: string }; readonly [name: string]: object }

function inOne(id: string): Item {
  return { id: { S: id }, v: { S: 'x'.repeat(itemBytes - 3 - id.length) } }
}

/** Four bytes of DynamoDB's, twenty of JSON: two megabytes as JSON. */
function inMany(id: string): Item {
  const item: Record<string, object> = { id: { S: id } }
  for (let n = 0; n < 80_000; n++) item[n.toString(36).padStart(4, '_')] = { NULL: true }
  return item as Item
}

/** An empty string in a list costs one byte of DynamoDB's and nine of JSON. */
function inList(id: string): Item {
  return { id: { S: id }, v: { L: Array.from({ length: itemBytes - 3 - id.length - 10 }, () => ({ S: '' })) } }
}

function sameItem(a: object, b: Item): boolean {
  const sorted = (item: object): string => JSON.stringify(Object.entries(item).toSorted(([x], [y]) => (x < y ? -1 : 1)))
  return sorted(a) === sorted(b)
}
