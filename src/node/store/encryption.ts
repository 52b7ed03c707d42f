/** What encrypts all that a region keeps on a disk: its store, its blobs, its stream at the NATS server. */
import { existsSync } from 'node:fs'
import { EncryptedBlobs } from '../../adapters/encryption/encrypted-blobs.ts'
import { EncryptedBus, type StreamKeys } from '../../adapters/encryption/encrypted-bus.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import type { ToldKeys } from '../../deployment/secrets/keys/key-service-file.ts'
import { KeyringFile, makeKeyring } from '../../deployment/secrets/keys/keyring-file.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { KeyService } from '../../ports/key-service.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { DataKeys, fileOfKeys, type KeysPlace } from './data-keys.ts'
import { ServiceKeyring } from './service-keyring.ts'

export type EncryptionFiles = {
  /** Of all regions; undefined: messages are not signed. */
  readonly messageKeysFolder?: string | undefined
  /** A file: what this region keeps on a disk is encrypted. */
  readonly keyring?: string | undefined
  /** A folder: the region has a key service of its own, whose keys lie there. */
  readonly kms?: string | undefined
  /** A file that says which key service is asked. */
  readonly keyService?: string | undefined
}

export type EncryptionOptions = EncryptionFiles & {
  readonly self: { readonly name: string }
  readonly data: string
  /** Where the data keys are kept; a file in `data` unless it says otherwise. */
  readonly dataKeysIn?: KeysPlace
}

/** How often a node looks whether the keyring has a newer key: of a file, and of a service. */
const lookMs = 10_000
const serviceLookMs = 60_000

/** Undefined where nothing is to be encrypted. Rejects with a Failure where a key cannot be had, or where none is given for data that is encrypted. */
export async function openEncryption(
  options: EncryptionOptions,
  log: Log,
  service?: ToldKeys,
  tables?: KeyService,
): Promise<Encryption | undefined> {
  const { self, data, messageKeysFolder, dataKeysIn: place = fileOfKeys(data) } = options
  const keyring = keyringOf(options, place, service)
  if (keyring === undefined) {
    if (place.read() !== undefined)
      throw new Failure(
        `the data in ${data} is encrypted: give the --keyring or the --key-service that it was encrypted with`,
      )
    return undefined
  }
  if (messageKeysFolder === undefined)
    throw new Failure(
      'encryption needs --message-keys: what lies at the NATS server is encrypted with keys that follow from those',
    )
  const everyMs = service?.key === undefined ? lookMs : serviceLookMs
  return new Encryption({
    keys: await DataKeys.open(place, self.name, keyring, tables),
    keyring,
    region: self.name,
    log,
    everyMs,
  })
}

/** With both, the service wraps, and the file opens what it has wrapped before. */
function keyringOf(
  { data, keyring: path }: EncryptionOptions,
  place: KeysPlace,
  service: ToldKeys | undefined,
): Keyring | undefined {
  const of = service?.key === undefined ? undefined : new ServiceKeyring(service.keys, service.key)
  if (path === undefined) return of
  if (place.read() !== undefined && !existsSync(path))
    throw new Failure(`the data in ${data} is encrypted, and the keyring ${path} is not there: put it back`)
  if (of === undefined) makeKeyring(path)
  const former = new KeyringFile(path)
  return of === undefined ? former : movingKeyring(of, former)
}

const movingKeyring = (to: Keyring, from: KeyringFile): Keyring => ({
  newest: () => to.newest(),
  wrap: (dataKey, context) => to.wrap(dataKey, context),
  unwrap: (wrapped, context) => (KeyringFile.hasNamed(wrapped.by) ? from : to).unwrap(wrapped, context),
})

type Parts = {
  readonly keys: DataKeys
  readonly keyring: Keyring
  readonly region: string
  readonly log: Log
  readonly everyMs: number
}

export class Encryption {
  readonly keys: DataKeys
  readonly #parts: Parts
  #timer: NodeJS.Timeout | undefined
  #complaint: string | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.keys = parts.keys
  }

  /** Looks now, and again and again, whether the data keys are to be wrapped again. */
  watch(meter: Pick<Meter, 'gauge'>): void {
    this.#timer = setInterval(() => void this.#look(meter), this.#parts.everyMs).unref()
    void this.#look(meter)
  }

  blobs(inner: Blobs): Blobs {
    const { keyring, region } = this.#parts
    return new EncryptedBlobs({ inner, keyring, random: systemRandom, context: `blobs of ${region}` })
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The keyring may be out of reach while the node runs: its keys are open. */
  async #look(meter: Pick<Meter, 'gauge'>): Promise<void> {
    const { keys, log } = this.#parts
    try {
      const count = await keys.rewrap()
      if (count > 0) log.info('the data keys are wrapped with the newest key of the keyring', { count })
      this.#complaint = undefined
      meter.gauge('longitude_key_unreachable', 0, { key: 'region' })
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint)
        log.error('the keyring cannot be read: this node goes on, but its next start would fail', { error: complaint })
      this.#complaint = complaint
      meter.gauge('longitude_key_unreachable', 1, { key: 'region' })
    }
  }
}

export type BusKeys = { readonly self: string; readonly keys: StreamKeys | undefined; readonly encrypts: boolean }

/** A peer may encrypt its stream whether this region does or not. */
export function encryptedBus(inner: Bus, { self, keys, encrypts }: BusKeys): Bus {
  return keys === undefined ? inner : new EncryptedBus({ inner, keys, self, encrypts, random: systemRandom })
}
