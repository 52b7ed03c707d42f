/**
 * The stores of the groups of regions with strong consistency that this region is in, each in a folder of its own beside the region's store:
 *
 *   <data>/groups/<group>/
 *
 * They are not encrypted at rest, so a region that encrypts has none, and refuses such tables.
 */
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
    storeOf: async (group) => {
      const store = await openLmdbStore(join(data, groupsFolderName, group), {})
      open.push(store)
      return store
    },
    seal: new AesKeySeal(systemRandom),
    guards: mrscConflicts !== 'off',
  }
}
