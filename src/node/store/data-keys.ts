/**
 * The keys that a region's store is encrypted with, in a file beside it: each wrapped by the keyring, so that the file alone opens nothing. No key ever leaves
 * the file while the store may hold something that it encrypted.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { dataKeySizeBytes, ValueCipher } from '../../adapters/encryption/value-cipher.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { dataKeyNumberMax, dataKeysMax, tableKeysMax } from '../../core/limits/key-limits.ts'
import { tablesMax } from '../../core/limits/limits.ts'
import { tableOfValue } from '../../engine/store/keys.ts'
import type { KeyService } from '../../ports/key-service.ts'
import { type Keyring, KeyUnavailable, type WrappedKey } from '../../ports/keyring.ts'
import { Failure, codeOf, messageOf } from '../../process/failure.ts'
import { replaceSecretFile } from '../../process/files/secret-file.ts'
import { type KeptTableKeys, TableDataKeys } from './table-data-keys.ts'

export const dataKeysName = 'data-keys.json'
const what = 'the file of data keys'
/** The second has keys of tables. A region without them keeps the first, which older versions read. */
const formatVersion = 1
const formatWithTables = 2

const tableKey = z.object({
  table: z.number().int().min(0),
  key: z.string(),
  context: z.record(z.string(), z.string()),
  wrapped: z.string(),
  number: z.number().int().min(1).max(dataKeyNumberMax),
  sealed: z.string(),
  isFormer: z.boolean().optional(),
})

const file = z.object({
  format: z.union([z.literal(formatVersion), z.literal(formatWithTables)]),
  region: z.string(),
  /** Whether all of the store is encrypted: not while a plain one is being copied. */
  isWhole: z.boolean(),
  keys: z
    .array(z.object({ number: z.number().int().min(1).max(dataKeyNumberMax), by: z.string(), wrapped: z.string() }))
    .min(1)
    .max(dataKeysMax),
  tables: z.array(tableKey).max(tableKeysMax).optional(),
  renewing: z.array(z.number().int().min(0)).max(tablesMax).optional(),
})

type DataKeysFile = z.output<typeof file>
type OpenKey = { readonly number: number; readonly secret: Buffer; readonly wrapped: WrappedKey }

/** Where the keys are kept. Nodes of one region, which hold the same bytes, keep them in their stores. */
export type KeysPlace = {
  /** For people. */
  readonly name: string
  /** Undefined where nothing is encrypted. Throws a Failure. */
  readonly read: () => string | undefined
  /** Resolves when it is durable. */
  readonly write: (text: string) => Promise<void>
}

/** The file beside the store. */
export function fileOfKeys(data: string): KeysPlace {
  const path = join(data, dataKeysName)
  return {
    name: path,
    read: () => dataKeysText(data),
    write: async (text) => {
      replaceSecretFile({ path, what, text })
      await Promise.resolve()
    },
  }
}

export class DataKeys {
  readonly #place: KeysPlace
  readonly #region: string
  readonly #keyring: Keyring
  #service: KeyService | undefined
  #keys: readonly OpenKey[] = []
  #isWhole = false
  #tables: TableDataKeys
  #tell: (secrets: DataSecrets) => Promise<void> = () => Promise.resolve()
  /** Shared by all ciphers: a new key is known to each. */
  readonly #live = new Map<number, KeyObject>()

  private constructor(place: KeysPlace, region: string, keyring: Keyring) {
    this.#place = place
    this.#region = region
    this.#keyring = keyring
    this.#tables = this.#tableKeys({ entries: [], renewing: [] }, undefined)
  }

  /** Makes the first key where there is none. Rejects with a Failure when a key cannot be had; one of a table alone may be lost. */
  static async open(place: KeysPlace, region: string, keyring: Keyring, service?: KeyService): Promise<DataKeys> {
    const keys = new DataKeys(place, region, keyring)
    try {
      await keys.#open(service)
      await keys.tables.openAll()
      keys.#follow()
    } catch (error) {
      if (error instanceof Failure) throw error
      throw new Failure(
        `the data is encrypted, and its keys cannot be had, which ${place.name} has: ${messageOf(error)}`,
      )
    }
    return keys
  }

  /** Whether all of the store is encrypted. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  get count(): number {
    return this.#keys.length
  }

  get tables(): TableDataKeys {
    return this.#tables
  }

  /** For the store's other processes. The region's own last. */
  get secrets(): DataSecrets {
    const all = [...this.#tables.secrets, ...this.#keys.map(({ number, secret }) => [number, secret] as const)]
    return all.map(([number, secret]) => [number, secret.toString('base64')])
  }

  /** What tells the store's other processes of keys; resolves when they know them. */
  tellOthers(tell: (secrets: DataSecrets) => Promise<void>): void {
    this.#tell = tell
  }

  cipher(): ValueCipher {
    const tables = (): TableDataKeys => this.#tables
    return new ValueCipher(
      {
        keys: this.#live,
        current: this.#keys.at(-1)?.number ?? 0,
        currentAt: (place) => {
          const table = tableOfValue(place)
          return table === undefined ? undefined : tables().numberOf(table)
        },
        onMissing: (number) => tables().refuseLocked(number),
      },
      systemRandom,
    )
  }

  /** Of another store of this region, whose tables have no keys of their own. Its keys follow from the region's, and no value moves between stores. */
  cipherOf(store: string): ValueCipher {
    const keys = this.#keys.map(({ number, secret }) => {
      const derived = Buffer.from(hkdfSync('sha256', secret, '', `store ${store}`, dataKeySizeBytes))
      return [number, createSecretKey(derived)] as const
    })
    return new ValueCipher({ keys: new Map(keys), current: this.#keys.at(-1)?.number ?? 0 }, systemRandom)
  }

  /** The store begins again, and numbers its tables again: what the former one holds is read with the keys that there are. */
  async anotherStore(): Promise<void> {
    const entries = this.#tables.kept.entries.map((entry) => ({ ...entry, isFormer: true }))
    this.#tables = this.#tableKeys({ entries, renewing: [] }, this.#service)
    await this.#tables.openAll()
    await this.#write()
    this.#follow()
  }

  /** The store is encrypted as a whole from now on. */
  async whole(): Promise<void> {
    this.#isWhole = true
    await this.#write()
  }

  /** Wraps again what an older key of the keyring has wrapped. Returns how many keys. Rejects with KeyUnavailable, or a Failure. */
  async rewrap(): Promise<number> {
    const newest = await this.#keyring.newest()
    const old = this.#keys.filter(({ wrapped }) => wrapped.by !== newest).length
    if (old === 0) return 0
    this.#keys = await Promise.all(
      this.#keys.map(async (key) => ({ ...key, wrapped: await this.#keyring.wrap(key.secret, this.#context) })),
    )
    await this.#write()
    return old
  }

  async #open(service: KeyService | undefined): Promise<void> {
    this.#service = service
    this.#tables = this.#tableKeys({ entries: [], renewing: [] }, service)
    const text = this.#place.read()
    if (text === undefined) return await this.#begin()
    const read = parsed(text, this.#place.name)
    if (read.region !== this.#region)
      throw new Failure(`${this.#place.name} has the data keys of ${read.region}, not of ${this.#region}`)
    this.#isWhole = read.isWhole
    this.#tables = this.#tableKeys({ entries: read.tables ?? [], renewing: read.renewing ?? [] }, service)
    this.#keys = await Promise.all(
      read.keys.map(async ({ number, by, wrapped: bytes }) => {
        const wrapped = { by, bytes: Buffer.from(bytes, 'base64') }
        return { number, wrapped, secret: await this.#keyring.unwrap(wrapped, this.#context) }
      }),
    )
  }

  async #begin(): Promise<void> {
    const secret = systemRandom.bytes(dataKeySizeBytes)
    this.#keys = [{ number: 1, secret, wrapped: await this.#keyring.wrap(secret, this.#context) }]
    await this.#write()
  }

  async #write(): Promise<void> {
    const keys = this.#keys.map(({ number, wrapped: { by, bytes } }) => ({
      number,
      by,
      wrapped: bytes.toString('base64'),
    }))
    const { entries, renewing } = this.#tables.kept
    const hasTables = entries.length + renewing.length > 0
    const content: DataKeysFile = {
      format: hasTables ? formatWithTables : formatVersion,
      region: this.#region,
      isWhole: this.#isWhole,
      keys,
      ...(hasTables ? { tables: [...entries], renewing: [...renewing] } : {}),
    }
    await this.#place.write(`${JSON.stringify(content, undefined, 2)}\n`)
  }

  #tableKeys(kept: KeptTableKeys, service: KeyService | undefined): TableDataKeys {
    return new TableDataKeys({
      region: this.#region,
      service,
      kept,
      freeNumber: () => this.#freeNumber(),
      keep: async () => {
        await this.#write()
        this.#follow()
        await this.#tell(this.secrets)
      },
    })
  }

  #freeNumber(): number {
    const taken = new Set([...this.#keys.map(({ number }) => number), ...this.#tables.numbers])
    for (let number = Math.max(...taken) + 1; number <= dataKeyNumberMax; number++) return number
    for (let number = 1; number <= dataKeyNumberMax; number++) if (!taken.has(number)) return number
    throw new Failure('no number is left for a data key')
  }

  #follow(): void {
    this.#live.clear()
    for (const [number, secret] of this.secrets) this.#live.set(number, createSecretKey(secret, 'base64'))
  }

  get #context(): string {
    return `store of ${this.#region}`
  }
}

/** Number and key in base64. */
export type DataSecrets = readonly (readonly [number, string])[]

/** Of a process that reads the store and is told of further keys. */
export class ReaderKeys {
  readonly #keys = new Map<number, KeyObject>()
  readonly cipher: ValueCipher

  constructor(secrets: DataSecrets) {
    this.know(secrets)
    // A key that it was not told of is a lost one, of a table that refuses reads before.
    const onMissing = (number: number): void => {
      throw new KeyUnavailable(`this process was not told the data key ${number}`)
    }
    this.cipher = new ValueCipher({ keys: this.#keys, current: secrets.at(-1)?.[0] ?? 0, onMissing }, systemRandom)
  }

  know(secrets: DataSecrets): void {
    for (const [number, secret] of secrets) this.#keys.set(number, createSecretKey(secret, 'base64'))
  }
}

/** The file, whose keys are wrapped; undefined where nothing is encrypted. Throws a Failure. */
export function dataKeysText(data: string): string | undefined {
  const path = join(data, dataKeysName)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new Failure(`${what} ${path} cannot be read: ${messageOf(error)}`)
  }
}

function parsed(text: string, path: string): DataKeysFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  const { success, data } = file.safeParse(json)
  if (!success)
    throw new Failure(
      `${what} ${path} is not what Longitude wrote: put it back from a copy, since nothing of the store can be read without it`,
    )
  return data
}
