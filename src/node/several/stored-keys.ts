/**
 * Encryption at rest of a region of several nodes. The nodes hold the same bytes, so they need the same data keys: these are a record of the store, wrapped by the
 * keyring or the key service that all nodes have, and come to every node as all records do. The node that leads opens them, when its term begins.
 */
import { isMarked } from '../../engine/store/identity.ts'
import type { Store } from '../../ports/store.ts'
import { Failure } from '../../process/failure.ts'
import type { Lifecycle } from '../../region/lifecycle.ts'
import { openKeys } from '../key-services.ts'
import type { NodeOptions } from '../node-options.ts'
import type { KeysPlace } from '../store/data-keys.ts'
import { EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'

/** Beside the kinds of the engine (engine/store/keys.ts), and of those that nodes share (region/nodes/store/node-place.ts). */
const keysKey = Buffer.from([0x91, ...Buffer.from('data-keys')])

/** A region that holds something in plain gets no keys. */
const placeIn = (store: Store): KeysPlace => ({
  name: 'the store of the region',
  read: () => store.get(keysKey)?.toString(),
  write: async (text) => {
    if (!hasStoredKeys(store) && isMarked(store))
      throw new Failure(
        'the region holds data that is not encrypted: a region of several nodes is encrypted from its beginning, or not at all',
      )
    await store.write([{ key: keysKey, value: Buffer.from(text) }])
  },
})

/** As long as the term. Rejects with a Failure where the store and the options do not go together. */
export async function openStoredKeys(options: NodeOptions, store: Store, life: Lifecycle) {
  const place = placeIn(store)
  const isNew = place.read() === undefined
  const keys = await openKeys({ ...options, dataKeysIn: place }, life)
  const { dataKeys } = keys
  if (dataKeys === undefined) return { keys, store }
  if (isNew) await dataKeys.whole()
  const encrypted = new EncryptedStore(store, dataKeys.cipher())
  dataKeys.tables.attach(encrypted)
  return { keys, store: encrypted }
}

export const hasStoredKeys = (store: Pick<Store, 'get'>): boolean => store.get(keysKey) !== undefined
