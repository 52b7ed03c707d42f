/**
 * Encrypts the blobs that are put into another store. Each one brings its data key with it, wrapped by the keyring, so that it can be read on an
 * empty machine which has the keyring alone:
 *
 *   LNGTSEAL · format u8 · length of the key's name u8 · name · length of the wrapped key u16 · wrapped key · the encrypted blob (value-cipher.ts)
 *
 * Blobs that were written before encryption was switched on are read as they are.
 */
import { createSecretKey } from 'node:crypto'
import type { BlobRange, Blobs } from '../../ports/blobs.ts'
import { BlobsFailed } from '../../ports/blobs.ts'
import { KeyUnavailable, type Keyring, type WrappedKey } from '../../ports/keyring.ts'
import type { Random } from '../../ports/random.ts'
import { dataKeySizeBytes, ValueCipher } from './value-cipher.ts'

const magic = Buffer.from('LNGTSEAL')
const formatVersion = 1
const fixedSizeBytes = magic.length + 4
const keyNameBytesMax = 255
/** Keys of other processes whose blobs are read. */
const ciphersMax = 64

export type EncryptedBlobsOptions = {
  readonly inner: Blobs
  readonly keyring: Keyring
  readonly random: Pick<Random, 'bytes'>
  /** What data keys are wrapped for. */
  readonly context: string
}

type Own = { readonly head: Buffer; readonly cipher: ValueCipher }

export class EncryptedBlobs implements Blobs {
  readonly #options: EncryptedBlobsOptions
  readonly #ciphers = new Map<string, ValueCipher>()
  #own: Promise<Own> | undefined

  constructor(options: EncryptedBlobsOptions) {
    this.#options = options
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const { head, cipher } = await this.#ownKey()
    await this.#options.inner.put(name, Buffer.concat([head, cipher.encrypt(Buffer.from(name), bytes)]))
  }

  /** A blob that does not decrypt is given as it lies there, and what reads it takes it for no blob of ours. */
  async get(name: string, range?: BlobRange): Promise<Buffer | undefined> {
    const bytes = await this.#options.inner.get(name)
    if (bytes === undefined) return undefined
    const content = await this.#decrypted(name, bytes)
    return range === undefined ? content : content.subarray(range.from, range.to)
  }

  list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    return this.#options.inner.list(prefix, after, countMax)
  }

  delete(name: string): Promise<void> {
    return this.#options.inner.delete(name)
  }

  async #decrypted(name: string, bytes: Buffer): Promise<Buffer> {
    const parts = partsOf(bytes)
    if (parts === undefined) return bytes
    const cipher = await this.#cipherOf(parts.wrapped)
    return cipher.decrypt(Buffer.from(name), parts.body) ?? bytes
  }

  async #cipherOf(wrapped: WrappedKey): Promise<ValueCipher> {
    const id = `${wrapped.by} ${wrapped.bytes.toString('base64')}`
    const known = this.#ciphers.get(id)
    if (known !== undefined) return known
    const cipher = this.#cipherWith(await this.#unwrapped(wrapped))
    if (this.#ciphers.size >= ciphersMax) this.#ciphers.clear()
    this.#ciphers.set(id, cipher)
    return cipher
  }

  async #unwrapped(wrapped: WrappedKey): Promise<Buffer> {
    const { keyring, context } = this.#options
    try {
      return await keyring.unwrap(wrapped, context)
    } catch (error) {
      throw asBlobsFailed(error)
    }
  }

  #ownKey(): Promise<Own> {
    this.#own ??= this.#makeOwn().catch((error: unknown) => {
      this.#own = undefined
      throw asBlobsFailed(error)
    })
    return this.#own
  }

  async #makeOwn(): Promise<Own> {
    const { keyring, context, random } = this.#options
    const key = random.bytes(dataKeySizeBytes)
    return { head: headOf(await keyring.wrap(key, context)), cipher: this.#cipherWith(key) }
  }

  #cipherWith(key: Buffer): ValueCipher {
    return ValueCipher.of(createSecretKey(key), this.#options.random)
  }
}

function headOf({ by, bytes }: WrappedKey): Buffer {
  const name = Buffer.from(by)
  if (name.length > keyNameBytesMax) throw new KeyUnavailable(`the name of the key ${by} is too long`)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([magic, Buffer.of(formatVersion, name.length), name, length, bytes])
}

function partsOf(bytes: Buffer): { readonly wrapped: WrappedKey; readonly body: Buffer } | undefined {
  if (bytes.length < fixedSizeBytes || bytes.compare(magic, 0, magic.length, 0, magic.length) !== 0) return undefined
  if (bytes[magic.length] !== formatVersion) return undefined
  const nameAt = magic.length + 2
  const nameEnd = nameAt + (bytes[magic.length + 1] as number)
  if (bytes.length < nameEnd + 2) return undefined
  const keyEnd = nameEnd + 2 + bytes.readUInt16BE(nameEnd)
  const wrapped = { by: bytes.toString('utf8', nameAt, nameEnd), bytes: bytes.subarray(nameEnd + 2, keyEnd) }
  return { wrapped, body: bytes.subarray(keyEnd) }
}

/** What waits for the store of blobs waits for its keys too. */
function asBlobsFailed(error: unknown): unknown {
  return error instanceof KeyUnavailable ? new BlobsFailed(error.message, { cause: error }) : error
}
