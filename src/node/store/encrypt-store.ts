/**
 * Encrypts a store that was written without a keyring: copies it, encrypted, to a folder beside it, and puts the copy in its place. A kill at any moment
 * leaves either the plain store or the whole encrypted one, and the next start goes on from there. Nothing is read or written by others meanwhile.
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'
import type { ValueCipher } from '../../adapters/encryption/value-cipher.ts'
import { openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { encryptedBatchBytesMax, encryptedEditsMax } from '../../core/limits/key-limits.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { flushFolder } from '../../process/files/secret-file.ts'
import { recordsOf } from './records.ts'

export type EncryptStoreOptions = {
  /** Of the store. */
  readonly folder: string
  readonly cipher: ValueCipher
  readonly log: Log
  readonly onProgress: () => void
  /** Opens the plain store; rejects with StoreDamaged as always. */
  readonly openPlain: () => Promise<Store>
}

const tellMs = 5000

export async function encryptStore(options: EncryptStoreOptions): Promise<void> {
  const { folder } = options
  const plain = plainFolder(folder)
  const copy = `${folder}.encrypting`
  if (!existsSync(plain) && existsSync(folder)) {
    await copyStore(options, copy)
    await rename(folder, plain)
  }
  // From the first rename on the copy is whole.
  if (existsSync(plain)) {
    if (!existsSync(folder)) await rename(copy, folder)
    flushFolder(dirname(folder))
    await rm(plain, { recursive: true, force: true })
  }
}

/** It is there while an encryption is not finished. */
export const plainFolder = (folder: string): string => `${folder}.plain`

async function copyStore(
  { folder, cipher, log, onProgress, openPlain }: EncryptStoreOptions,
  to: string,
): Promise<void> {
  await rm(to, { recursive: true, force: true })
  log.info('the store is encrypted: this start takes longer', { folder })
  const source = await openPlain()
  const target = new EncryptedStore(await openLmdbStore(to, { onProgress }), cipher)
  let count = 0
  let told = Date.now()
  try {
    for (const batch of recordsOf(source, { recordsMax: encryptedEditsMax, bytesMax: encryptedBatchBytesMax })) {
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
