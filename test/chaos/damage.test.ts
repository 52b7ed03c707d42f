/** The structure of one region's store is damaged: it serves what it can prove, says so, and is filled again from its peers. */
import { expect, it } from 'vitest'
import { allLog, allNotes, allRows } from '../../src/engine/store/keys.ts'
import type { ChaosRegion } from './chaos-region.ts'
import type { Deployment } from './deployment.ts'
import { countOf, fill } from './fill.ts'
import { goesLong, testMsMax } from './pace.ts'
import { Refused, sendRequest } from './request.ts'
import { sharedDeployment } from './shared.ts'
import { until } from './until.ts'

const timeout = testMsMax
const deployment = sharedDeployment()

type Ready = {
  readonly damage?: {
    readonly reason: string
    readonly folder: string
    readonly filling: number
    readonly incomplete: readonly string[]
  }
}

const readyOf = async (region: ChaosRegion): Promise<Ready> =>
  (await (await fetch(`${region.endpoint}/ready`)).json()) as Ready

const scanned = (region: ChaosRegion, table: string): Promise<unknown> =>
  countOf(region, table).catch((error: unknown) => error)

async function parts(): Promise<{ world: Deployment; victim: ChaosRegion; others: readonly ChaosRegion[] }> {
  const world = deployment()
  const [victim, ...others] = world.regions
  if (victim === undefined) throw new Error('no region')
  return await Promise.resolve({ world, victim, others })
}

it('a damaged page: shared tables come back whole, what no peer had yet with them', { timeout }, async () => {
  const { world, victim, others } = await parts()
  await world.globalTable('shared')
  await world.globalTable('own', [victim])
  await fill(victim, 'shared', { items: 500, prefix: 'shared-', bytes: 300 })
  await fill(victim, 'own', { items: 300, prefix: 'own-', bytes: 300 })
  await world.verified('shared')
  world.setLinks({ state: 'down' })
  await sendRequest(victim.endpoint, 'PutItem', { TableName: 'shared', Item: { id: { S: 'last words' } } })
  expect(await victim.damagePages('shared-123"')).toBeGreaterThan(0)
  world.heal()
  await victim.startNode()
  const { damage } = await readyOf(victim)
  expect(damage?.reason).toMatch(/page \d+: /)
  expect((await world.operator('status')).output).toContain('had a damaged store')
  expect(await victim.metric('longitude_store_damaged')).toBe(1)
  await until('it is filled again', async () => (await scanned(victim, 'shared')) === 501)
  await world.verified('shared')
  for (const region of others) expect(await countOf(region, 'shared')).toBe(501)
})

it(
  'a table that no peer has is served whole, or not at all until a repair accepts what is left',
  { timeout },
  async () => {
    const { world, victim } = await parts()
    await world.globalTable('alone', [victim])
    await world.globalTable('lone', [victim])
    await fill(victim, 'alone', { items: 300, prefix: 'alone-', bytes: 300 })
    await fill(victim, 'lone', { items: 300, prefix: 'lone-', bytes: 300 })
    expect(await victim.damagePages('"alone-123"')).toBeGreaterThan(0)
    await victim.startNode()
    expect(await countOf(victim, 'lone')).toBe(300)
    expect((await readyOf(victim)).damage?.incomplete).toEqual(['alone'])
    expect(await victim.metric('longitude_tables_incomplete')).toBe(1)
    const refused = await scanned(victim, 'alone')
    expect(refused).toBeInstanceOf(Refused)
    expect(String(refused)).toContain('longitude repair alone')
    expect((await world.operator('status')).output).toContain('alone lost items and is not served')
    expect((await world.operator('repair', 'alone')).status).toBe(0)
    const left = await countOf(victim, 'alone')
    expect(left).toBeLessThan(300)
    expect(left).toBeGreaterThan(0)
    expect((await readyOf(victim)).damage?.incomplete).toEqual([])
  },
)

it.runIf(goesLong)('a file that loses its end while its node runs', { timeout }, async () => {
  const { world, victim } = await parts()
  await world.globalTable('cut')
  await fill(victim, 'cut', { items: 2000, prefix: 'cut-', bytes: 2000 })
  await world.verified('cut')
  victim.cutFile(6_000_000)
  // LMDB may end the process at the next read; the next start finds the cut.
  await sendRequest(victim.endpoint, 'Scan', { TableName: 'cut' }).catch(() => undefined)
  await victim.kill('node')
  await victim.startNode()
  expect((await readyOf(victim)).damage?.reason).toMatch(/page \d+: /)
  await until('it is filled again', async () => (await scanned(victim, 'cut')) === 2000)
  await world.verified('cut')
})

it('pages that change while the node runs: it stops, and its next start fills a new store', { timeout }, async () => {
  const { world, victim } = await parts()
  await world.globalTable('live')
  await fill(victim, 'live', { items: 300, prefix: 'live-', bytes: 300 })
  await world.verified('live')
  expect(victim.damagePagesInUse('"live-123"')).toBeGreaterThan(0)
  // LMDB itself may meet the page first, and end the process.
  expect([70, null]).toContain(await victim.nodeEnded())
  await victim.startNode()
  expect((await readyOf(victim)).damage?.reason).toMatch(/page \d+: /)
  await until('it is filled again', async () => (await scanned(victim, 'live')) === 300)
  await world.verified('live')
})

/** At the second start at the latest: the first may end at the record, also after it was ready for a moment. */
async function recovers(victim: ChaosRegion, reason: RegExp): Promise<void> {
  await victim.startNode().catch(() => undefined)
  const first = await readyOf(victim).catch(() => undefined)
  if (first?.damage === undefined || !reason.test(first.damage.reason)) {
    expect(await victim.nodeEnded()).toBe(70)
    await victim.startNode()
  }
  expect((await readyOf(victim)).damage?.reason).toMatch(reason)
}

it('a change that cannot be decoded ends one start at most', { timeout }, async () => {
  const { world, victim } = await parts()
  await world.globalTable('undecodable')
  await fill(victim, 'undecodable', { items: 100, prefix: 'before-' })
  await world.verified('undecodable')
  world.setLinks({ state: 'down' })
  await fill(victim, 'undecodable', { items: 5, prefix: 'last-' })
  await victim.damageRecords(allLog, 3)
  world.heal()
  await recovers(victim, /position \d+ of the log is damaged/)
  expect((await world.operator('status')).output).toMatch(/had a damaged store/)
  expect(await victim.metric('longitude_store_damaged')).toBe(1)
  await until('it is filled again', async () => (await scanned(victim, 'undecodable')) === 105)
  await world.verified('undecodable')
})

it.runIf(goesLong)('a note that cannot be decoded ends one start at most', { timeout }, async () => {
  const { world, victim } = await parts()
  await world.globalTable('noted')
  await fill(victim, 'noted', { items: 100, prefix: 'noted-' })
  await world.verified('noted')
  await victim.damageRecords(allNotes, 100)
  await recovers(victim, /the note \S+ is damaged/)
  await until('it is filled again', async () => (await scanned(victim, 'noted')) === 100)
  await world.verified('noted')
})

it('rows that are damaged are quarantined, and mended from a peer while the node runs', { timeout }, async () => {
  const { world, victim } = await parts()
  await world.globalTable('rotten')
  await fill(victim, 'rotten', { items: 100, prefix: 'rotten-' })
  await world.verified('rotten')
  const before = (await readyOf(victim)).damage?.folder
  await victim.damageRecords(allRows, 3)
  await victim.startNode()
  expect(await scanned(victim, 'rotten')).toBeInstanceOf(Refused)
  expect(await victim.metric('longitude_store_damaged_records_total')).toBeGreaterThan(0)
  await until('they are mended', async () => (await scanned(victim, 'rotten')) === 100)
  await world.verified('rotten')
  // The store is the same one: no other was moved away.
  expect((await readyOf(victim)).damage?.folder).toBe(before)
})
