import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupsOf } from '../../../src/node/store/group-stores.ts'
import { Lifecycle } from '../../../src/region/lifecycle.ts'

let data = ''

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'longitude-groups-'))
})

afterEach(() => rm(data, { recursive: true, force: true }))

const key = Buffer.from('k')
const foldersIn = async (): Promise<readonly string[]> => (await readdir(join(data, 'groups'))).toSorted()

/** What the node does in one life. */
async function during(work: (storeOf: NonNullable<ReturnType<typeof groupsOf>>['storeOf']) => Promise<void>) {
  const life = new Lifecycle()
  const groups = groupsOf({ data }, undefined, life)
  if (groups === undefined) throw new Error('a region that does not encrypt has groups')
  await work(groups.storeOf)
  await life.stop()
}

test('a replica that takes the state of another has a store beside the former one, which goes at the next start', async () => {
  await during(async (storeOf) => {
    const former = await storeOf('a_b_c', 0, false)
    await former.write([{ key, value: Buffer.from('former') }])
    const broken = await storeOf('a_b_c', 1, true)
    await broken.write([{ key, value: Buffer.from('half of it') }])
    await broken.close()
    const taken = await storeOf('a_b_c', 1, true)
    expect(taken.get(key)).toBeUndefined()
    await taken.write([{ key, value: Buffer.from('taken') }])
    expect(former.get(key)?.toString()).toBe('former')
    expect(await foldersIn()).toEqual(['a_b_c', 'a_b_c.1'])
  })
  await during(async (storeOf) => {
    const store = await storeOf('a_b_c', 1, false)
    expect(store.get(key)?.toString()).toBe('taken')
    expect(await foldersIn()).toEqual(['a_b_c.1'])
  })
})
