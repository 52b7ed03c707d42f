/**
 * The keys that a region's store is encrypted with, in a file beside it: each wrapped by the keyring, so that the file alone opens nothing. No key ever leaves
 * the file while the store may hold something that it encrypted.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type CipherKeys, dataKeySizeBytes, ValueCipher } from '../../adapters/encryption/value-cipher.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { dataKeysMax } from '../../core/key-limits.ts'
import type { Keyring, WrappedKey } from '../../ports/keyring.ts'
import { Failure, codeOf, messageOf } from '../../process/failure.ts'
import { replaceSecretFile } from '../../process/secret-file.ts'

export const dataKeysName = 'data-keys.json'
const what = 'the file of data keys'
const formatVersion = 1

const file = z.object({
  format: z.literal(formatVersion),
  region: z.string(),
  /** Whether all of the store is encrypted: not while a plain one is being copied. */
  isWhole: z.boolean(),
  keys: z
    .array(z.object({ number: z.number().int().min(1).max(dataKeysMax), by: z.string(), wrapped: z.string() }))
    .min(1)
    .max(dataKeysMax),
})

type DataKeysFile = z.output<typeof file>
type OpenKey = { readonly number: number; readonly secret: Buffer; readonly wrapped: WrappedKey }

/** Whether the region's data was encrypted before. */
export function hasDataKeys(data: string): boolean {
  return dataKeysText(data) !== undefined
}

export class DataKeys {
  readonly #data: string
  readonly #region: string
  readonly #keyring: Keyring
  #keys: readonly OpenKey[] = []
  #isWhole = false

  private constructor(data: string, region: string, keyring: Keyring) {
    this.#data = data
    this.#region = region
    this.#keyring = keyring
  }

  /** Makes the first key where there is none. Rejects with a Failure when a key cannot be had. */
  static async open(data: string, region: string, keyring: Keyring): Promise<DataKeys> {
    const keys = new DataKeys(data, region, keyring)
    try {
      await keys.#open()
    } catch (error) {
      if (error instanceof Failure) throw error
      throw new Failure(`the data in ${data} is encrypted, and its keys cannot be had: ${messageOf(error)}`)
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

  /** For the store's other processes. */
  get secrets(): DataSecrets {
    return this.#keys.map(({ number, secret }) => [number, secret.toString('base64')])
  }

  cipher(): ValueCipher {
    return cipherOf(this.secrets)
  }

  /** The store is encrypted as a whole from now on. */
  whole(): void {
    this.#isWhole = true
    this.#write()
  }

  /** Wraps again what an older key of the keyring has wrapped. Returns how many keys. Rejects with KeyUnavailable, or a Failure. */
  async rewrap(): Promise<number> {
    const newest = await this.#keyring.newest()
    const old = this.#keys.filter(({ wrapped }) => wrapped.by !== newest).length
    if (old === 0) return 0
    this.#keys = await Promise.all(
      this.#keys.map(async (key) => ({ ...key, wrapped: await this.#keyring.wrap(key.secret, this.#context) })),
    )
    this.#write()
    return old
  }

  async #open(): Promise<void> {
    const text = dataKeysText(this.#data)
    if (text === undefined) return await this.#begin()
    const read = parsed(text, join(this.#data, dataKeysName))
    if (read.region !== this.#region)
      throw new Failure(`${join(this.#data, dataKeysName)} has the data keys of ${read.region}, not of ${this.#region}`)
    this.#isWhole = read.isWhole
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
    this.#write()
  }

  #write(): void {
    const keys = this.#keys.map(({ number, wrapped: { by, bytes } }) => ({
      number,
      by,
      wrapped: bytes.toString('base64'),
    }))
    const content: DataKeysFile = { format: formatVersion, region: this.#region, isWhole: this.#isWhole, keys }
    replaceSecretFile({
      path: join(this.#data, dataKeysName),
      what,
      text: `${JSON.stringify(content, undefined, 2)}\n`,
    })
  }

  get #context(): string {
    return `store of ${this.#region}`
  }
}

/** Number and key in base64. */
export type DataSecrets = readonly (readonly [number, string])[]

/** The last one encrypts. */
export function cipherOf(secrets: DataSecrets): ValueCipher {
  const keys = secrets.map(([number, secret]): [number, KeyObject] => [number, createSecretKey(secret, 'base64')])
  const all: CipherKeys = { keys: new Map(keys), current: keys.at(-1)?.[0] ?? 0 }
  return new ValueCipher(all, systemRandom)
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
