/** What looks after a node's store while the node runs, whether it is the only node of its region or one of several. */
import type { LmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import type { Lifecycle } from '../../region/lifecycle.ts'
import type { NodeOptions } from '../node-options.ts'
import type { RegionStore } from './region-store.ts'
import { scrubStore, type StoreScrub } from './store-scrub.ts'
import { watchStoreFolder } from './store-watch.ts'

/** A node that lives so long does not die of its store. */
const steadyMs = 60_000

type Guarded = Pick<NodeOptions, 'onStoreGone' | 'onStoreDamaged'> & {
  readonly regionStore: RegionStore
  readonly store: LmdbStore
  /** Of what was opened on it. */
  readonly close: () => Promise<void>
}

/** Watches its folder and its pages, and in the end closes it. */
export function guardStore(guarded: Guarded, life: Lifecycle): StoreScrub {
  const { regionStore, store, close, onStoreGone, onStoreDamaged } = guarded
  const { folder } = regionStore
  life.add(() => regionStore.steady())
  life.add(close)
  life.add(watchStoreFolder(folder, onStoreGone))
  const scrub = scrubStore(folder, store.scrub(), onStoreDamaged)
  life.add(() => scrub.stop())
  return scrub
}

/** Notes that the node has lived long enough; the returned function ends the wait. */
export function steadyLater(regionStore: RegionStore): () => void {
  const steady = setTimeout(() => regionStore.steady(), steadyMs).unref()
  return () => clearTimeout(steady)
}
