/** What encrypts all that a region keeps on a disk: its store, its blobs, its stream at the NATS server. */
import { existsSync } from 'node:fs'
import { EncryptedBlobs } from '../../adapters/encryption/encrypted-blobs.ts'
import { EncryptedBus, type StreamKeys } from '../../adapters/encryption/encrypted-bus.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import { KeyringFile, makeKeyring } from '../../deployment/secrets/keyring-file.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { Log } from '../../ports/log.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { DataKeys, hasDataKeys } from './data-keys.ts'

export type EncryptionFiles = {
  /** Of all regions; undefined: messages are not signed. */
  readonly messageKeysFolder?: string | undefined
  /** A file: what this region keeps on a disk is encrypted. */
  readonly keyring?: string | undefined
  /** A folder: the region has a key service of its own, whose keys lie there. */
  readonly kms?: string | undefined
}

export type EncryptionOptions = EncryptionFiles & { readonly self: { readonly name: string }; readonly data: string }

/** How often a node looks whether the keyring has a newer key. */
const lookMs = 10_000

/** Undefined where nothing is to be encrypted. Rejects with a Failure where a key cannot be had, or where none is given for data that is encrypted. */
export async function openEncryption(options: EncryptionOptions, log: Log): Promise<Encryption | undefined> {
  const { self, data, keyring: path, messageKeysFolder } = options
  const wasEncrypted = hasDataKeys(data)
  if (path === undefined) {
    if (wasEncrypted)
      throw new Failure(`the data in ${data} is encrypted: give the --keyring that it was encrypted with`)
    return undefined
  }
  if (messageKeysFolder === undefined)
    throw new Failure(
      '--keyring needs --message-keys: what lies at the NATS server is encrypted with keys that follow from those',
    )
  if (wasEncrypted && !existsSync(path))
    throw new Failure(`the data in ${data} is encrypted, and the keyring ${path} is not there: put it back`)
  makeKeyring(path)
  const keyring = new KeyringFile(path)
  return new Encryption({ keys: await DataKeys.open(data, self.name, keyring), keyring, region: self.name, log })
}

type Parts = { readonly keys: DataKeys; readonly keyring: Keyring; readonly region: string; readonly log: Log }

class Encryption {
  readonly keys: DataKeys
  readonly #parts: Parts
  readonly #timer: NodeJS.Timeout
  #complaint: string | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.keys = parts.keys
    this.#timer = setInterval(() => void this.#look(), lookMs).unref()
    void this.#look()
  }

  blobs(inner: Blobs): Blobs {
    const { keyring, region } = this.#parts
    return new EncryptedBlobs({ inner, keyring, random: systemRandom, context: `blobs of ${region}` })
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The keyring may be out of reach while the node runs: its keys are open. */
  async #look(): Promise<void> {
    const { keys, log } = this.#parts
    try {
      const count = await keys.rewrap()
      if (count > 0) log.info('the data keys are wrapped with the newest key of the keyring', { count })
      this.#complaint = undefined
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint)
        log.error('the keyring cannot be read: this node goes on, but its next start would fail', { error: complaint })
      this.#complaint = complaint
    }
  }
}

export type BusKeys = { readonly self: string; readonly keys: StreamKeys | undefined; readonly encrypts: boolean }

/** A peer may encrypt its stream whether this region does or not. */
export function encryptedBus(inner: Bus, { self, keys, encrypts }: BusKeys): Bus {
  return keys === undefined ? inner : new EncryptedBus({ inner, keys, self, encrypts, random: systemRandom })
}
