/** The store of a node in a region of several: one that is found damaged is moved away, and another node's is copied. */
import type { LmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { systemClock } from '../../adapters/system/clocks.ts'
import { checkContent } from '../../engine/store/content.ts'
import { messageOf } from '../../process/failure.ts'
import { isOfContent } from '../store/own-engine.ts'
import type { RegionStore } from '../store/region-store.ts'
import { hasStoredKeys } from './stored-keys.ts'

/** Rejects with a Failure when the folder cannot be had. */
export async function openNodeStore(regionStore: RegionStore): Promise<LmdbStore> {
  const store = await regionStore.open()
  // Records that are encrypted are checked when they are read.
  if (!regionStore.isSuspect || hasStoredKeys(store)) return store
  try {
    for (const _ of checkContent(store)) {
      regionStore.progress()
      await systemClock.sleep(0)
    }
    return store
  } catch (error) {
    await store.close()
    if (!isOfContent(error)) throw error
    return await regionStore.replace(`The data in ${regionStore.folder} is damaged (${messageOf(error)}).`)
  }
}
