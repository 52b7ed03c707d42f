/**
 * Opens a region's store, and survives that it is damaged: the damaged one is moved to `store.damaged-<time>` beside it, a new one
 * begins, peers fill it, and what only the damaged one has is read from there (engine/store/leftovers.ts). The folder of a damaged store
 * says in `damage.json` what was found, and in `restored.json` that everything readable was taken over. Nothing of it is deleted
 * but the oldest of more than a few, and then with a line in the log.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DecryptingReader, EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'
import { DamagedStore } from '../../adapters/lmdb/damaged-store.ts'
import { systemClock } from '../../adapters/system/clocks.ts'
import { type LmdbStore, openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { damagedStoresMax, storeCheckMsMax, suspectStartsMax } from '../../core/limits/limits.ts'
import type { Log } from '../../ports/log.ts'
import { type Entry, type Range, type Store, StoreDamaged, StoreInUse, StoreUnusable } from '../../ports/store.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { Starts } from '../../process/starts.ts'
import type { DataKeys } from './data-keys.ts'
import { storeFolderName } from './data-names.ts'
import { encryptStore } from './encrypt-store.ts'

const damagedPrefix = 'store.damaged-'
const reportName = 'damage.json'
const restoredName = 'restored.json'

const report = z.object({ reason: z.string(), foundMs: z.number(), isPlain: z.boolean().optional() })

export type DamageReport = z.output<typeof report> & {
  /** Where the damaged store is now. */
  readonly folder: string
  readonly isRestored: boolean
}

export type RegionStoreOptions = {
  readonly data: string
  readonly log: Log
  /** The check goes on: a supervisor that waits for the start may wait longer. */
  readonly onProgress: () => void
  /** Everything is encrypted with them. */
  readonly keys?: DataKeys | undefined
}

export type Remains = Pick<DamagedStore, 'isPartial' | 'close'> & { entries(range: Range): Iterable<Entry> }

/** The node before us may still be closing it: its port is free a moment earlier. */
const storeWaitMsMax = 5000
const storeRetryMs = 100

export class RegionStore {
  readonly #options: RegionStoreOptions
  readonly #starts: Starts
  #isSuspect = false

  constructor(options: RegionStoreOptions) {
    this.#options = options
    this.#starts = new Starts(options.data)
  }

  get folder(): string {
    return join(this.#options.data, storeFolderName)
  }

  /** The node did not stay up lately, or ended at something that it could not decode. */
  get isSuspect(): boolean {
    return this.#isSuspect
  }

  /** Rejects with a Failure when the folder cannot be had. */
  async open(): Promise<LmdbStore> {
    const before = this.#starts.begin()
    this.#isSuspect = before >= suspectStartsMax
    if (this.#isSuspect)
      this.#options.log.warn('the last starts did not end in order: the whole store is checked', { before })
    try {
      await this.#encrypt()
      return await this.#openWithin(this.#isSuspect ? undefined : storeCheckMsMax)
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error
      return await this.replace(error.message)
    }
  }

  /** The store is closed, or was never opened. */
  async replace(reason: string): Promise<LmdbStore> {
    const { log, data } = this.#options
    const foundMs = systemClock.wallMs()
    try {
      const isPlain = this.#options.keys?.isWhole === false
      writeFileSync(join(this.folder, reportName), JSON.stringify({ reason, foundMs, ...(isPlain ? { isPlain } : {}) }))
    } catch (error) {
      log.warn('the report of the damage is not written', { error: messageOf(error) })
    }
    const folder = join(data, `${damagedPrefix}${new Date(foundMs).toISOString().replaceAll(':', '-')}`)
    renameSync(this.folder, folder)
    log.error('the store is damaged: it is moved away, and a new one is filled from the peers', { reason, folder })
    this.#makeRoom(folder)
    // A plain one could not be encrypted. The new one holds nothing yet.
    if (this.#options.keys?.isWhole === false) await this.#options.keys.whole()
    await this.#options.keys?.anotherStore()
    return await this.#openWithin(undefined)
  }

  /** The store as the engine sees it. */
  inner(store: Store): Store {
    const { keys } = this.#options
    if (keys === undefined) return store
    const encrypted = new EncryptedStore(store, keys.cipher())
    keys.tables.attach(encrypted)
    return encrypted
  }

  /** What is left of a damaged store, likewise. */
  remains({ folder, isPlain }: DamageReport): Remains {
    const { keys } = this.#options
    const remains = new DamagedStore(folder)
    if (keys === undefined || isPlain === true) return remains
    const decrypting = new DecryptingReader(
      { get: () => undefined, entries: (range) => remains.entries(range) },
      keys.cipher(),
    )
    return {
      entries: (range) => decrypting.entries(range),
      isPartial: (range) => remains.isPartial(range),
      close: () => remains.close(),
    }
  }

  /** The newest damaged store, as long as its folder is there. */
  damage(): DamageReport | undefined {
    const name = this.#damaged().at(-1)
    if (name === undefined) return undefined
    const folder = join(this.#options.data, name)
    try {
      const found = report.parse(JSON.parse(readFileSync(join(folder, reportName), 'utf8')))
      return { ...found, folder, isRestored: isThere(join(folder, restoredName)) }
    } catch (error) {
      this.#options.log.warn('the report of a damaged store cannot be read', { folder, error: messageOf(error) })
      return undefined
    }
  }

  restored(folder: string): void {
    writeFileSync(join(folder, restoredName), JSON.stringify({ restoredMs: systemClock.wallMs() }))
    this.#options.log.info('everything readable of the damaged store was taken over', { folder })
  }

  progress(): void {
    this.#options.onProgress()
  }

  /** The region has run long enough, or has ended in order. */
  steady(): void {
    this.#starts.end()
  }

  async #encrypt(): Promise<void> {
    const { keys, log, onProgress } = this.#options
    if (keys === undefined || keys.isWhole) return
    const openPlain = async (): Promise<Store> => await this.#openWithin(undefined)
    await encryptStore({ folder: this.folder, cipher: keys.cipher(), log, onProgress, openPlain })
    await keys.whole()
  }

  async #openWithin(checkMsMax: number | undefined): Promise<LmdbStore> {
    const { onProgress } = this.#options
    const deadline = systemClock.monotonicMs() + storeWaitMsMax
    for (;;) {
      try {
        return await openLmdbStore(this.folder, { ...(checkMsMax === undefined ? {} : { checkMsMax }), onProgress })
      } catch (error) {
        if (error instanceof StoreDamaged || !(error instanceof StoreUnusable)) throw error
        if (!(error instanceof StoreInUse) || systemClock.monotonicMs() > deadline) throw new Failure(error.message)
      }
      await systemClock.sleep(storeRetryMs)
    }
  }

  /** Oldest first: their names tell their times. */
  #damaged(): readonly string[] {
    return readdirSync(this.#options.data)
      .filter((name) => name.startsWith(damagedPrefix))
      .toSorted()
  }

  /** The oldest go when there are too many, or when the new store could not become as large as the damaged one. */
  #makeRoom(newest: string): void {
    const { data, log } = this.#options
    const sizeBytes = readdirSync(newest).reduce((sum, name) => sum + statSync(join(newest, name)).size, 0)
    for (let names = this.#damaged(); names.length > 1; names = names.slice(1)) {
      const { bavail, bsize } = statfsSync(data)
      if (names.length <= damagedStoresMax && bavail * bsize > sizeBytes) return
      const folder = join(data, names[0] ?? '')
      rmSync(folder, { recursive: true, force: true })
      log.warn('an older damaged store is deleted, to make room', { folder })
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
