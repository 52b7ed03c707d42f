/**
 * Encrypts the region's stream, which the NATS server keeps on a disk. Each region encrypts with a key of its own that its peers have too
 * (they follow from the keys of messages); what it asks and answers is not kept anywhere. Whether a region encrypts or not, it reads what
 * an encrypting peer wrote.
 */
import type { KeyObject } from 'node:crypto'
import type { Answerer, Bus, CacheFeed, PeerSession, Stream, StreamEnd } from '../../ports/bus.ts'
import type { Random } from '../../ports/random.ts'
import { isEncrypted, ValueCipher } from './value-cipher.ts'

export interface StreamKeys {
  /** Of a region's stream, the one that encrypts first. Empty where none is known. */
  streamKeysOf(region: string): readonly KeyObject[]
  /** Something does not decrypt: the keys may have been rotated just now. */
  lookAgain(): boolean
}

export type EncryptedBusOptions = {
  readonly inner: Bus
  readonly keys: StreamKeys
  readonly self: string
  /** Whether what this region appends is encrypted. */
  readonly encrypts: boolean
  readonly random: Pick<Random, 'bytes'>
}

export class EncryptedBus implements Bus {
  readonly stream: Stream
  readonly #inner: Bus
  readonly #options: EncryptedBusOptions
  readonly #ciphers = new WeakMap<KeyObject, ValueCipher>()

  constructor(options: EncryptedBusOptions) {
    this.#options = options
    this.#inner = options.inner
    const { inner, self } = options
    this.stream = {
      append: async (payload, after) => await inner.stream.append(this.#encrypted(payload), after),
      last: async (): Promise<StreamEnd> => {
        const { sequence, payload } = await inner.stream.last()
        return { sequence, payload: payload && this.#decrypted(self, payload) }
      },
    }
  }

  get caches(): CacheFeed {
    return this.#inner.caches
  }

  announce(payload: Buffer): void {
    this.#inner.announce(payload)
  }

  serve(handler: Answerer): void {
    this.#inner.serve(handler)
  }

  async connect(region: string): Promise<PeerSession> {
    const session = await this.#inner.connect(region)
    const consume: PeerSession['consume'] = (from, onMessage) =>
      session.consume(from, ({ sequence, payload }) =>
        onMessage({ sequence, payload: this.#decrypted(region, payload) }),
      )
    return new Proxy(session, {
      get: (target, name) => {
        if (name === 'consume') return consume
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #encrypted(payload: Buffer): Buffer {
    const { encrypts, keys, self } = this.#options
    if (!encrypts) return payload
    const [key] = keys.streamKeysOf(self)
    if (key === undefined) throw new Error(`this region has no message key of its own (${self})`)
    return this.#cipherOf(key).encrypt(placeOf(self), payload)
  }

  /** What no key decrypts is given as it came, and its reader refuses it. */
  #decrypted(region: string, payload: Buffer): Buffer {
    if (!isEncrypted(payload)) return payload
    const { keys } = this.#options
    return this.#opened(region, payload) ?? (keys.lookAgain() ? this.#opened(region, payload) : undefined) ?? payload
  }

  #opened(region: string, payload: Buffer): Buffer | undefined {
    for (const key of this.#options.keys.streamKeysOf(region)) {
      const found = this.#cipherOf(key).decrypt(placeOf(region), payload)
      if (found !== undefined) return found
    }
    return undefined
  }

  #cipherOf(key: KeyObject): ValueCipher {
    const known = this.#ciphers.get(key)
    if (known !== undefined) return known
    const cipher = ValueCipher.of(key, this.#options.random)
    this.#ciphers.set(key, cipher)
    return cipher
  }
}

const placeOf = (region: string): Buffer => Buffer.from(`stream of ${region}`)
