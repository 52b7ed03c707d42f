/**
 * A whole region is copied while it is written to, and put back on an empty disk, with kills in the midst of both. It is then an older store: its peers
 * fill in what is newer. When every region is lost, the first that is restored is the source for the others.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { background, type Ended, longitude } from '../cli/command-line.ts'
import type { ChaosRegion } from './chaos-region.ts'
import type { Deployment } from './deployment.ts'
import { countOf, fill } from './fill.ts'
import { rounds, testMsMax } from './pace.ts'
import { sharedDeployment } from './shared.ts'
import { until } from './until.ts'

const timeout = testMsMax
const deployment = sharedDeployment({ regions: ['us-east-1', 'eu-west-1'] })
const some = rounds(60, 20_000)

type Places = {
  readonly world: Deployment
  readonly victim: ChaosRegion
  readonly data: string
  readonly copies: string
}

function places(copies: string): Places {
  const world = deployment()
  const [victim] = world.regions
  if (victim === undefined) throw new Error('no region')
  return { world, victim, data: join(world.folder, victim.name, 'node'), copies: join(world.folder, copies) }
}

const backup = ({ victim, data, copies }: Places): readonly string[] => [
  'backup',
  'region',
  victim.name,
  '--folder',
  data,
  '--to',
  copies,
]

const restore = ({ victim, data, copies }: Places): readonly string[] => [
  'restore',
  'region',
  victim.name,
  '--folder',
  data,
  '--from',
  copies,
]

function done({ status, output, errors }: Ended): string {
  expect(errors).toBe('')
  expect(status).toBe(0)
  return output
}

/** The program waits in the midst, at a file that nothing comes out of, and is killed there. */
async function killedAt(path: string, args: readonly string[], isThere: () => boolean): Promise<void> {
  if (existsSync(path)) renameSync(path, `${path}.kept`)
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  const { process: child, ended } = background(...args)
  await until('it waits in the midst', () => Promise.resolve(isThere()))
  child.kill('SIGKILL')
  await ended
  rmSync(path)
  if (existsSync(`${path}.kept`)) renameSync(`${path}.kept`, path)
}

function copiesOf({ victim, copies }: Places): readonly string[] {
  const folder = join(copies, 'regions', victim.name)
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^\d/.test(name)) : []
}

it('the disk of a region is lost: its copy, and then its peers, bring everything back', { timeout }, async () => {
  const here = places('copies')
  const { world, victim, data, copies } = here
  await world.globalTable('copied')
  await fill(victim, 'copied', { items: some, prefix: 'before-' })
  const isCopying = (): boolean => copiesOf(here).length === 1
  await killedAt(join(data, 'data-keys.json'), backup(here), isCopying)
  const [half = ''] = copiesOf(here)
  const filling = fill(victim, 'copied', { items: some, prefix: 'during-' })
  expect(done(await longitude(...backup(here)))).toContain(`${half} was not whole: it is removed`)
  await filling
  const listed = done(await longitude('backup', 'list', victim.name, '--from', copies, '--json'))
  const [copy, ...others] = JSON.parse(listed) as { id: string; isWhole: boolean }[]
  expect([others.length, copy?.isWhole]).toEqual([0, true])
  await fill(victim, 'copied', { items: some, prefix: 'after-' })
  await world.verified('copied')

  await victim.kill('node')
  rmSync(data, { recursive: true })
  const manifest = join(copies, 'regions', victim.name, copy?.id ?? '', 'store', '00000000')
  await killedAt(manifest, restore(here), () => existsSync(join(data, 'restoring')))
  await expect(victim.startNode()).rejects.toThrow(
    /holds a restore that is not finished: run `longitude restore region`/,
  )
  expect(done(await longitude(...restore(here)))).toContain(
    'an earlier restore had not come to its end: it was begun again',
  )
  expect((await longitude(...restore(here))).errors).toContain('a region is restored into an empty folder only')
  await victim.startNode()
  await until('its store is found older', async () => (await victim.status()).found?.found === 'older')
  await until('it is filled again', async () => (await countOf(victim, 'copied').catch(() => 0)) === 3 * some)
  await world.verified('copied')
})

it('all regions are lost: the first that is restored is the source of the others', { timeout }, async () => {
  const here = places('last-copies')
  const { world, victim, data } = here
  await world.globalTable('lost')
  await fill(victim, 'lost', { items: some, prefix: 'before-' })
  await world.verified('lost')
  done(await longitude(...backup(here)))
  await fill(victim, 'lost', { items: some, prefix: 'after-' })
  await Promise.all(world.regions.map((region) => region.end()))
  for (const { name } of world.regions) rmSync(join(world.folder, name), { recursive: true })
  done(await longitude(...restore(here)))
  expect(existsSync(data)).toBe(true)
  await victim.start()
  expect(await countOf(victim, 'lost')).toBe(some)
  await fill(victim, 'lost', { items: some, prefix: 'anew-' })
  for (const region of world.regions) if (region !== victim) await region.start()
  for (const region of world.regions)
    await until(`${region.name} has it`, async () => (await countOf(region, 'lost').catch(() => 0)) === 2 * some)
  await world.verified('lost')
})
