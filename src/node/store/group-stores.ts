/**
 * The stores of the groups of regions with strong consistency that this region is in, each in a folder of its own beside the region's store:
 *
 *   <data>/groups/<group>/        and <group>.1/ … after the state of another region was taken
 *
 * A region that encrypts what it keeps encrypts them too, with keys that follow from those of its own store.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'
import { AesKeySeal } from '../../adapters/encryption/key-seal.ts'
import { isEncrypted, type ValueCipher } from '../../adapters/encryption/value-cipher.ts'
import { openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import type { Lifecycle } from '../../region/lifecycle.ts'
import type { GroupPorts } from '../../region/strong/strong.ts'
import type { DataKeys } from './data-keys.ts'
import { encryptStore, plainFolder } from './encrypt-store.ts'
import { recordsOf } from './records.ts'

const groupsFolderName = 'groups'

type GroupOptions = {
  readonly data: string
  readonly log: Log
  /** The start takes longer, and goes on. */
  readonly onProgress?: (() => void) | undefined
  /** Whether a write is refused that did not know of another region's write of its item. */
  readonly mrscConflicts?: 'refuse' | 'off' | undefined
}

/** They are closed after the region. */
export function groupsOf(options: GroupOptions, keys: DataKeys | undefined, life: Lifecycle): GroupPorts {
  const open: { close(): Promise<void> | void }[] = []
  life.add(async () => {
    for (const store of open.splice(0)) await store.close()
  })
  const { data, mrscConflicts } = options
  return {
    storeOf: async (group, number, isNew) => {
      const folderOf = (n: number): string => join(data, groupsFolderName, n === 0 ? group : `${group}.${n}`)
      if (isNew) await rm(folderOf(number), { recursive: true, force: true })
      // The one before is read until this one has a state.
      else if (number > 0) await rm(folderOf(number - 1), { recursive: true, force: true })
      const store = await openStore(folderOf(number), keys?.cipherOf(`of the group ${group}`), options)
      open.push(store)
      return store
    },
    seal: new AesKeySeal(systemRandom),
    guards: mrscConflicts !== 'off',
  }
}

async function openStore(folder: string, cipher: ValueCipher | undefined, options: GroupOptions): Promise<Store> {
  if (cipher === undefined) return await openLmdbStore(folder, {})
  const { log, onProgress = () => undefined } = options
  const openPlain = async (): Promise<Store> => await openLmdbStore(folder, {})
  if (await isPlain(folder)) await encryptStore({ folder, cipher, log, onProgress, openPlain })
  return new EncryptedStore(await openLmdbStore(folder, {}), cipher)
}

/** Written before the region encrypted, or the encryption of such a store is not finished. */
async function isPlain(folder: string): Promise<boolean> {
  if (existsSync(plainFolder(folder))) return true
  if (!existsSync(folder)) return false
  const store = await openLmdbStore(folder, {})
  try {
    for (const batch of recordsOf(store, { recordsMax: 1, bytesMax: 1 }))
      for (const { value } of batch) if (value.length > 0) return !isEncrypted(value)
    return false
  } finally {
    await store.close()
  }
}
