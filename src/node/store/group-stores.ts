/**
 * The stores of the groups of regions with strong consistency that this region is in, each in a folder of its own beside the region's store:
 *
 *   <data>/groups/<group>/        and <group>.1/ … after the state of another region was taken
 *
 * They are not encrypted at rest, so a region that encrypts has none, and refuses such tables.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AesKeySeal } from '../../adapters/encryption/key-seal.ts'
import { openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import type { Lifecycle } from '../../region/lifecycle.ts'
import type { GroupPorts } from '../../region/strong/strong.ts'
import type { DataKeys } from './data-keys.ts'

const groupsFolderName = 'groups'

type GroupOptions = {
  readonly data: string
  /** Whether a write is refused that did not know of another region's write of its item. */
  readonly mrscConflicts?: 'refuse' | 'off' | undefined
}

/** They are closed after the region. */
export function groupsOf(
  { data, mrscConflicts }: GroupOptions,
  keys: DataKeys | undefined,
  life: Lifecycle,
): GroupPorts | undefined {
  if (keys !== undefined) return undefined
  const open: { close(): Promise<void> | void }[] = []
  life.add(async () => {
    for (const store of open.splice(0)) await store.close()
  })
  return {
    storeOf: async (group, number, isNew) => {
      const folderOf = (n: number): string => join(data, groupsFolderName, n === 0 ? group : `${group}.${n}`)
      if (isNew) await rm(folderOf(number), { recursive: true, force: true })
      // The one before is read until this one has a state.
      else if (number > 0) await rm(folderOf(number - 1), { recursive: true, force: true })
      const store = await openLmdbStore(folderOf(number), {})
      open.push(store)
      return store
    },
    seal: new AesKeySeal(systemRandom),
    guards: mrscConflicts !== 'off',
  }
}
