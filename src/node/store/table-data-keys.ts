/**
 * The data keys of tables that have a key of their own: each lies under its table key, and the table key under a key of the key service, so that the loss
 * of that key is the loss of the table and of nothing else. What they encrypt goes over to another data key in the background.
 */
import { AesKeySeal } from '../../adapters/encryption/key-seal.ts'
import type { EncryptedStore } from '../../adapters/encryption/encrypted-store.ts'
import { dataKeySizeBytes } from '../../adapters/encryption/value-cipher.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { tableKeysMax, tableKeysOpenedAtOnceMax } from '../../core/limits/key-limits.ts'
import { valuesOfTable } from '../../engine/store/keys.ts'
import type { KeyContext, KeyService } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import type { TableSecret, TableSecrets } from '../../ports/table-secrets.ts'

/** As the file has it. A former one encrypts nothing any more that is written, and is kept for what it has encrypted. */
export type TableKeyEntry = {
  readonly table: number
  readonly key: string
  readonly context: KeyContext
  /** The table key, encrypted by the key service. */
  readonly wrapped: string
  /** Number of the data key; the data key under the table key. */
  readonly number: number
  readonly sealed: string
  readonly isFormer?: boolean | undefined
}

/** Tables some of whose values may still be under another data key than their present one. */
export type KeptTableKeys = { readonly entries: readonly TableKeyEntry[]; readonly renewing: readonly number[] }

type Deps = {
  readonly region: string
  readonly service: KeyService | undefined
  readonly kept: KeptTableKeys
  /** A number that no data key has. */
  readonly freeNumber: () => number
  /** Returns when it is on the disk, and every process of the region that reads the store knows the keys. */
  readonly keep: (kept: KeptTableKeys) => Promise<void>
}

const seal = new AesKeySeal(systemRandom)

export class TableDataKeys implements TableSecrets {
  readonly #deps: Deps
  #entries: readonly TableKeyEntry[]
  #renewing: ReadonlySet<number>
  /** By number. */
  readonly #open = new Map<number, Buffer>()
  readonly #errors = new Map<number, unknown>()
  #store: EncryptedStore | undefined
  /** By table: what encrypts there. */
  #current = new Map<number, number>()

  constructor(deps: Deps) {
    this.#deps = deps
    this.#entries = deps.kept.entries
    this.#renewing = new Set(deps.kept.renewing)
    this.#index()
  }

  /** Tries each; a service that is away is not asked for all of them. */
  async openAll(): Promise<void> {
    let away: unknown
    for (let from = 0; from < this.#entries.length; from += tableKeysOpenedAtOnceMax) {
      const part = this.#entries.slice(from, from + tableKeysOpenedAtOnceMax)
      await Promise.all(
        part.map(async (entry) => {
          try {
            if (away !== undefined) throw away
            await this.#openEntry(entry)
          } catch (error) {
            if (error instanceof KeyUnavailable) away = error
            this.#errors.set(entry.number, error)
          }
        }),
      )
    }
  }

  attach(store: EncryptedStore): void {
    this.#store = store
  }

  get kept(): KeptTableKeys {
    return { entries: this.#entries, renewing: [...this.#renewing] }
  }

  /** The data keys that are open. */
  get secrets(): ReadonlyMap<number, Buffer> {
    return this.#open
  }

  get numbers(): readonly number[] {
    return this.#entries.map(({ number }) => number)
  }

  /** What encrypts the table's values; undefined: the region's own data key, also while the table's is not open. */
  numberOf(table: number): number | undefined {
    const number = this.#current.get(table)
    return number !== undefined && this.#open.has(number) ? number : undefined
  }

  /** Throws KeyUnavailable for the number of a data key that is there and not open. */
  refuseLocked(number: number): void {
    const entry = this.#entries.find((each) => each.number === number)
    if (entry !== undefined)
      throw new KeyUnavailable(`the key ${entry.key} is lost, and with it what the table number ${entry.table} holds`)
  }

  of(table: number): TableSecret | undefined {
    const entry = this.#entryOf(table)
    if (entry === undefined) return undefined
    const error = this.#errors.get(entry.number)
    const isOpen = this.#entries.every((each) => each.table !== table || this.#open.has(each.number))
    return { key: entry.key, isOpen, ...(error === undefined ? {} : { error }) }
  }

  renewing(): readonly number[] {
    return [...this.#renewing]
  }

  tables(): readonly number[] {
    return [...new Set([...this.#entries.map(({ table }) => table), ...this.#renewing])]
  }

  async assign(table: number, key: string | undefined, context: KeyContext): Promise<void> {
    const former = this.#entries.map((entry) => (entry.table === table ? { ...entry, isFormer: true } : entry))
    const made = key === undefined ? [] : [await this.#made({ table, key, context })]
    if (former.length + made.length > tableKeysMax)
      throw new KeyUnavailable(`a region has at most ${tableKeysMax} table keys`)
    this.#renewing = new Set([...this.#renewing, table])
    this.#entries = [...former, ...made]
    // Every process knows the new key before something is encrypted with it.
    await this.#keep()
    this.#index()
  }

  async open(table: number): Promise<void> {
    const entries = this.#entries.filter((entry) => entry.table === table)
    const isLocked = entries.some(({ number }) => !this.#open.has(number))
    for (const entry of entries) await this.#openEntry(entry)
    if (!isLocked) return
    // Meanwhile the region's own data key has encrypted what was written.
    this.#renewing = new Set([...this.#renewing, table])
    await this.#keep()
  }

  async renew(table: number, progress: (values: number) => void, isStopped: () => boolean): Promise<void> {
    const store = this.#store
    if (store === undefined) return
    const keeps = this.#entryOf(table)?.number
    for (const range of valuesOfTable(table)) {
      for (let from: Uint8Array | undefined = range.from; from !== undefined;) {
        if (isStopped()) return
        const { next, looked } = await store.renew({ ...range, from })
        progress(looked)
        from = next
      }
    }
    // The key may have become another one meanwhile.
    if (this.#entryOf(table)?.number !== keeps) return
    this.#entries = this.#entries.filter((entry) => entry.table !== table || entry.number === keeps)
    this.#renewing = new Set([...this.#renewing].filter((each) => each !== table))
    this.#index()
    await this.#keep()
  }

  async forget(table: number): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.table !== table)
    this.#renewing = new Set([...this.#renewing].filter((each) => each !== table))
    this.#index()
    await this.#keep()
  }

  #entryOf(table: number): TableKeyEntry | undefined {
    return this.#entries.find((entry) => entry.table === table && entry.isFormer !== true)
  }

  #index(): void {
    this.#current = new Map(
      this.#entries.flatMap(({ table, number, isFormer }) => (isFormer === true ? [] : [[table, number] as const])),
    )
    const numbers = new Set(this.numbers)
    for (const number of this.#open.keys()) if (!numbers.has(number)) this.#open.delete(number)
  }

  async #keep(): Promise<void> {
    await this.#deps.keep(this.kept)
  }

  async #made({ table, key, context }: Pick<TableKeyEntry, 'table' | 'key' | 'context'>): Promise<TableKeyEntry> {
    const { plain: tableKey, encrypted } = await this.#service.generate(key, context)
    if (tableKey.length !== dataKeySizeBytes) throw new KeyUnavailable('the key service gave no key of 32 bytes')
    const number = this.#deps.freeNumber()
    const dataKey = systemRandom.bytes(dataKeySizeBytes)
    this.#open.set(number, dataKey)
    const sealed = seal.seal(tableKey, this.#placeOf(table, number), dataKey).toString('base64')
    return { table, key, context, wrapped: encrypted.toString('base64'), number, sealed }
  }

  async #openEntry({ table, key, context, wrapped, number, sealed }: TableKeyEntry): Promise<void> {
    const tableKey = await this.#service.decrypt(key, Buffer.from(wrapped, 'base64'), context)
    const isKey = tableKey.length === dataKeySizeBytes
    const dataKey = isKey ? seal.open(tableKey, this.#placeOf(table, number), Buffer.from(sealed, 'base64')) : undefined
    if (dataKey === undefined) throw new KeyUnavailable(`the data key of table number ${table} is damaged`)
    this.#open.set(number, dataKey)
    this.#errors.delete(number)
  }

  get #service(): KeyService {
    const { service } = this.#deps
    if (service === undefined)
      throw new KeyUnavailable('tables are encrypted with keys of a key service: give its --kms or --key-service')
    return service
  }

  #placeOf(table: number, number: number): Buffer {
    return Buffer.from(`data key ${number} of table ${table} of ${this.#deps.region}`)
  }
}
