/**
 * A region's store is put back to an older copy of itself, as a restored snapshot of a machine is: it begins a new log, is filled
 * again from its peers, and what clients write to it after the restore is kept everywhere. No region calls that safe too early.
 */
import { expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import type { Deployment } from './deployment.ts'
import { countOf, fill } from './fill.ts'
import { goesLong, rounds, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { sharedDeployment } from './shared.ts'
import { until } from './until.ts'
import { freePort } from '../free-port.ts'

const timeout = testMsMax
const deployment = sharedDeployment()
const some = rounds(60, 2000)

type Scene = { readonly world: Deployment; readonly victim: ChaosRegion; readonly others: readonly ChaosRegion[] }

async function scene(table: string): Promise<Scene> {
  const world = deployment()
  const [victim, ...others] = world.regions
  if (victim === undefined) throw new Error('no region')
  await world.globalTable(table)
  await fill(victim, table, { items: some, prefix: 'before-' })
  await world.verified(table)
  return { world, victim, others }
}

/** What both ends of a link say, of every link. */
async function isSafe({ regions }: Deployment): Promise<boolean> {
  const all = await Promise.all(regions.map((region) => region.status()))
  return all.every(({ peers, doubts }) => doubts.length === 0 && peers.every((peer) => peer.safeToEvacuate))
}

/** Nothing is written any more: as soon as it is called safe, every region has every item. */
async function becomesWhole({ world, victim }: Scene, table: string, items: number): Promise<void> {
  await until('it is called safe', async () => await isSafe(world).catch(() => false))
  for (const region of world.regions) expect(await countOf(region, table), region.name).toBe(items)
  await world.verified(table)
  expect((await victim.status()).found?.found).toBe('older')
  expect((await world.operator('status')).output).toMatch(/its store was found older/)
  expect(await victim.metric('longitude_store_found_total')).toBe(1)
}

it(
  'while all regions write: what peers had confirmed is there, and so is what is written next',
  { timeout },
  async () => {
    const here = await scene('restored')
    const { world, victim, others } = here
    const putBack = await victim.copyStore('node')
    await fill(victim, 'restored', { items: some, prefix: 'confirmed-' })
    await world.verified('restored')
    await putBack()
    await victim.startNode()
    await Promise.all([
      fill(victim, 'restored', { items: some, prefix: 'after-' }),
      ...others.map((region) => fill(region, 'restored', { items: some, prefix: `${region.name}-` })),
    ])
    await becomesWhole(here, 'restored', some * (3 + others.length))
  },
)

it.runIf(goesLong)(
  'with its stream, and no peer there until it has written at the same positions again',
  { timeout },
  async () => {
    const here = await scene('rewritten')
    const { world, victim, others } = here
    const putBack = await victim.copyStore('node', 'nats')
    await fill(victim, 'rewritten', { items: some, prefix: 'confirmed-' })
    await world.verified('rewritten')
    await Promise.all(others.map((region) => region.end()))
    await putBack()
    await victim.start()
    await fill(victim, 'rewritten', { items: 2 * some, prefix: 'after-' })
    await Promise.all(others.map((region) => region.start()))
    await becomesWhole(here, 'rewritten', some * 4)
  },
)

it.runIf(goesLong)('twice, before the first restore is over', { timeout }, async () => {
  const here = await scene('twice')
  const { world, victim } = here
  const putBack = await victim.copyStore('node')
  await fill(victim, 'twice', { items: some, prefix: 'confirmed-' })
  await world.verified('twice')
  for (const prefix of ['first-', 'second-']) {
    await putBack()
    await victim.startNode()
    await fill(victim, 'twice', { items: some, prefix })
    // What is acknowledged and on no other disk is lost with the disk.
    if (prefix === 'first-') await until('a peer has it', () => hasAll(here, 'twice', { prefix, items: some }))
  }
  await becomesWhole(here, 'twice', some * 4)
})

it(
  'in use twice: the later process stops taking writes, and nothing that the earlier one took is lost',
  { timeout },
  async () => {
    const here = await scene('shared-store')
    const { world, victim, others } = here
    const twin = await victim.startTwin(await freePort())
    const readiness = async (): Promise<{ ready: boolean; reason?: string }> =>
      (await (await fetch(`${twin}/ready`)).json()) as { ready: boolean; reason?: string }
    await fill(victim, 'shared-store', { items: some, prefix: 'meanwhile-' })
    await until('the later process is found', async () => {
      const { reason } = await readiness().catch(() => ({ reason: undefined }))
      return reason?.includes('a copy of this store runs in another process') === true
    })
    const put = sendRequest(twin, 'PutItem', { TableName: 'shared-store', Item: { id: { S: 'of the copy' } } })
    // It may have found its store older before, and have no table to be written to.
    await expect(put).rejects.toThrow(/takes no writes: a copy of this store runs|ResourceNotFoundException/)
    await fill(victim, 'shared-store', { items: some, prefix: 'beside-' })
    expect(await victim.isReady()).toBe(true)
    await victim.killTwin()
    for (const region of others) await fill(region, 'shared-store', { items: some, prefix: `${region.name}-` })
    await until('it is called safe', async () => await isSafe(world).catch(() => false))
    for (const region of world.regions) expect(await countOf(region, 'shared-store')).toBe(some * (3 + others.length))
    await world.verified('shared-store')
  },
)

async function hasAll(
  { others }: Scene,
  table: string,
  { prefix, items }: { readonly prefix: string; readonly items: number },
): Promise<boolean> {
  for (const { endpoint } of others) {
    const named = { '#p': { S: prefix } }
    const { Count } = await sendRequest(endpoint, 'Scan', {
      TableName: table,
      FilterExpression: 'begins_with(id, :p)',
      ExpressionAttributeValues: { ':p': named['#p'] },
      Select: 'COUNT',
    })
    if (Count !== items) return false
  }
  return true
}
