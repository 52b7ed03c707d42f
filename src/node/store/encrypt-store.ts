/**
 * Encrypts a store that was written without a keyring: copies it, encrypted, to a folder beside it, and puts the copy in its place. A kill at any moment
 * leaves either the plain store or the whole encrypted one, and the next start goes on from there. Nothing is read or written by others meanwhile.
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'
import { openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { encryptedBatchBytesMax, encryptedEditsMax } from '../../core/key-limits.ts'
import type { Log } from '../../ports/log.ts'
import type { Edit, Store } from '../../ports/store.ts'
import { flushFolder } from '../../process/secret-file.ts'
import type { DataKeys } from './data-keys.ts'

export type EncryptStoreOptions = {
  readonly data: string
  /** Of the store, in `data`. */
  readonly folder: string
  readonly keys: DataKeys
  readonly log: Log
  readonly onProgress: () => void
  /** Opens the plain store; rejects with StoreDamaged as always. */
  readonly openPlain: () => Promise<Store>
}

const tellMs = 5000

export async function encryptStore(options: EncryptStoreOptions): Promise<void> {
  const { data, folder, keys } = options
  const plain = join(data, 'store.plain')
  const copy = join(data, 'store.encrypting')
  if (!existsSync(plain) && existsSync(folder)) {
    await copyStore(options, copy)
    await rename(folder, plain)
  }
  // From the first rename on the copy is whole.
  if (existsSync(plain)) {
    if (!existsSync(folder)) await rename(copy, folder)
    flushFolder(data)
    await rm(plain, { recursive: true, force: true })
  }
  keys.whole()
}

async function copyStore({ folder, keys, log, onProgress, openPlain }: EncryptStoreOptions, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  log.info('the store is encrypted: this start takes longer', { folder })
  const source = await openPlain()
  const target = new EncryptedStore(await openLmdbStore(to, { onProgress }), keys.cipher())
  let count = 0
  let told = Date.now()
  try {
    for (const batch of batchesOf(source)) {
      await target.write(batch)
      count += batch.length
      onProgress()
      if (Date.now() - told > tellMs) {
        log.info('the store is being encrypted', { records: count })
        told = Date.now()
      }
      await nextTurn()
    }
  } finally {
    await source.close()
    await target.close()
  }
  log.info('the store is encrypted', { folder, records: count })
}

const beyondAll = Buffer.alloc(8, 0xff)

/** All records, a batch at a time. */
function* batchesOf(store: Pick<Store, 'entries'>): Generator<readonly Edit[]> {
  let from: Buffer = Buffer.of(0)
  for (;;) {
    const batch: Edit[] = []
    let sizeBytes = 0
    for (const { key, value } of store.entries({ from, to: beyondAll, limit: encryptedEditsMax })) {
      batch.push({ key: Buffer.from(key), value: Buffer.from(value) })
      sizeBytes += value.length
      if (sizeBytes >= encryptedBatchBytesMax) break
    }
    const last = batch.at(-1)
    if (last === undefined) return
    yield batch
    from = Buffer.concat([last.key, Buffer.of(0)])
  }
}
