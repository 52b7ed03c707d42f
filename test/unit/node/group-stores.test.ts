import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { isEncrypted } from '../../../src/adapters/encryption/value-cipher.ts'
import { openLmdbStore } from '../../../src/adapters/lmdb/lmdb-store.ts'
import { KeyringFile, makeKeyring } from '../../../src/deployment/secrets/keys/keyring-file.ts'
import { DataKeys, fileOfKeys } from '../../../src/node/store/data-keys.ts'
import { groupsOf } from '../../../src/node/store/group-stores.ts'
import { Lifecycle } from '../../../src/region/lifecycle.ts'
import { quiet } from '../../replication/nats.ts'

let data = ''

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'longitude-groups-'))
})

afterEach(() => rm(data, { recursive: true, force: true }))

const key = Buffer.from('k')
const foldersIn = async (): Promise<readonly string[]> => (await readdir(join(data, 'groups'))).toSorted()

/** What the node does in one life. */
async function during(work: (storeOf: ReturnType<typeof groupsOf>['storeOf']) => Promise<void>, keys?: DataKeys) {
  const life = new Lifecycle()
  await work(groupsOf({ data, log: quiet }, keys, life).storeOf)
  await life.stop()
}

async function dataKeys(): Promise<DataKeys> {
  const keyring = join(data, 'keyring')
  makeKeyring(keyring)
  return await DataKeys.open(fileOfKeys(data), 'us', new KeyringFile(keyring))
}

/** As it lies on the disk. */
async function valueOnDisk(group: string, of: Buffer): Promise<Buffer | undefined> {
  const store = await openLmdbStore(join(data, 'groups', group), {})
  const value = store.get(of)
  await store.close()
  return value
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

test('the stores of a region that encrypts are encrypted, each with keys of its own', async () => {
  const keys = await dataKeys()
  await during(async (storeOf) => {
    for (const group of ['a_b_c', 'a_b_d']) {
      const store = await storeOf(group, 0, false)
      await store.write([{ key, value: Buffer.from('known') }])
      expect(store.get(key)?.toString()).toBe('known')
    }
    const next = await storeOf('a_b_c', 1, true)
    await next.write([{ key, value: Buffer.from('known') }])
  }, keys)
  for (const folder of ['a_b_c', 'a_b_c.1', 'a_b_d']) {
    const value = await valueOnDisk(folder, key)
    expect(value === undefined || !isEncrypted(value) || value.includes('known')).toBe(false)
  }
  const other = await valueOnDisk('a_b_d', key)
  const moved = await openLmdbStore(join(data, 'groups', 'a_b_c'), {})
  await moved.write([{ key, value: other ?? Buffer.alloc(0) }])
  await moved.close()
  await during(
    async (storeOf) => {
      expect((await storeOf('a_b_c', 0, false)).get(key)?.toString()).not.toBe('known')
      expect((await storeOf('a_b_d', 0, false)).get(key)?.toString()).toBe('known')
    },
    await dataKeys(),
  )
})

test('a store from before the region encrypted is encrypted when it is opened, also after a kill in the midst of that', async () => {
  const keyOf = (n: number): Buffer => Buffer.from(`k${n}`)
  await during(async (storeOf) => {
    const store = await storeOf('a_b_c', 0, false)
    await store.write(Array.from({ length: 100 }, (_, n) => ({ key: keyOf(n), value: systemRandom.bytes(50) })))
  })
  const before = await valueOnDisk('a_b_c', keyOf(99))
  // Killed after the first rename: the copy is whole, and nothing is under the store's name.
  await during(async (storeOf) => void (await storeOf('a_b_c', 0, false)), await dataKeys())
  await rename(join(data, 'groups', 'a_b_c'), join(data, 'groups', 'a_b_c.encrypting'))
  await mkdir(join(data, 'groups', 'a_b_c.plain'))
  await during(
    async (storeOf) => expect((await storeOf('a_b_c', 0, false)).get(keyOf(99))).toEqual(before),
    await dataKeys(),
  )
  expect(await foldersIn()).toEqual(['a_b_c'])
  const after = await valueOnDisk('a_b_c', keyOf(99))
  expect(after !== undefined && isEncrypted(after)).toBe(true)
})
