/** A keyring whose keys never leave a key service. What it wraps names the key and its version; the service finds the version by itself. */
import { type KeyService, KeyRefusal } from '../../ports/key-service.ts'
import { KeyUnavailable, type Keyring, type WrappedKey } from '../../ports/keyring.ts'

const versionMark = '#'

export class ServiceKeyring implements Keyring {
  readonly #keys: KeyService
  readonly #key: string

  constructor(keys: KeyService, key: string) {
    this.#keys = keys
    this.#key = key
  }

  async newest(): Promise<string> {
    const { arn, version, state, isSymmetric } = await asked(() => this.#keys.describe(this.#key))
    if (!isSymmetric) throw new KeyUnavailable(`the key ${arn} is none that encrypts and decrypts`)
    if (state !== 'Enabled') throw new KeyUnavailable(`the key ${arn} is ${state}`)
    return version === undefined ? arn : `${arn}${versionMark}${version}`
  }

  async wrap(dataKey: Buffer, context: string): Promise<WrappedKey> {
    const by = await this.newest()
    return { by, bytes: await asked(() => this.#keys.encrypt(keyOf(by), dataKey, { longitude: context })) }
  }

  async unwrap({ by, bytes }: WrappedKey, context: string): Promise<Buffer> {
    return await asked(() => this.#keys.decrypt(keyOf(by), bytes, { longitude: context }))
  }
}

const keyOf = (by: string): string => by.split(versionMark, 1)[0] as string

/** The keyring's users wait, whatever the reason. */
async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error
    throw new KeyUnavailable(`the key service refuses: ${error.code} ${error.message}`.trim(), { cause: error })
  }
}
