/** A region that is upgraded to another version of the message format, and back: refused clearly, and never half-applied. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { formatVersion } from '../../src/core/change/message.ts'
import { root } from './chaos-region.ts'
import { testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause, until } from './until.ts'

const deployment = sharedDeployment()
const next = formatVersion + 1

it(
  'a peer that speaks another message format is refused until it speaks ours, and nothing is lost',
  { timeout: testMsMax },
  () =>
    underLoad(deployment(), 'versions', async (load) => {
      const world = deployment()
      const [one, other, upgraded] = world.regions
      if (one === undefined || other === undefined || upgraded === undefined) return
      const program = upgraded.program
      upgraded.program = otherVersion(join(world.folder, 'another-version'))
      await upgraded.kill('node')
      await upgraded.startNode()
      for (const region of [one, other])
        await until('it is refused', async () => (await region.peer(upgraded.name))?.state === 'refused')
      await until('so are the others there', async () =>
        (await upgraded.status()).peers.every(({ state }) => state === 'refused'),
      )
      const { cursor } = (await one.peer(upgraded.name)) as unknown as { cursor: number }
      const reason = `message format ${next} is not ${formatVersion}, the one that this region speaks`
      expect((await one.peer(upgraded.name))?.reason).toContain(reason)
      const { output } = await world.operator('status')
      expect(output).toMatch(new RegExp(`${upgraded.name} +${one.name} .*refused.*${reason}`))
      const before = world.regions.map((region) => load.accepted(region))
      await pause(1500)
      for (const [n, region] of world.regions.entries())
        expect(load.accepted(region)).toBeGreaterThan((before[n] ?? 0) + 10)
      // Nothing of what it has written since is here: the cursor stands.
      expect(await one.peer(upgraded.name)).toMatchObject({ cursor, state: 'refused' })
      expect(await one.peer(other.name)).toMatchObject({ state: expect.stringMatching(/live|idle/) })
      upgraded.program = program
      await upgraded.kill('node')
      await upgraded.startNode()
    }),
)

/** The program as it is, but for the version that it says of its messages. */
function otherVersion(folder: string): string {
  mkdirSync(folder)
  for (const name of ['dist', 'package.json', 'regions'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const path = join(folder, 'dist', 'core', 'change', 'message.js')
  const text = readFileSync(path, 'utf8')
  const changed = text.replace(`formatVersion = ${formatVersion}`, `formatVersion = ${next}`)
  if (changed === text) throw new Error('the version is not where it was')
  writeFileSync(path, changed)
  // As compiled: in the bundle that usually runs the version is somewhere else.
  return join(folder, 'dist', 'cli', 'cli-parts.js')
}
