/**
 * A keyring in a file: a key a line, the newest first, each 32 bytes in base64url. A key's name is the beginning of its hash. Rotation puts a new key
 * before the others, and the nodes wrap their data keys again; older keys stay, for backups that were wrapped with them. Who loses the file loses everything
 * that was encrypted.
 */
import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { ValueCipher } from '../../../adapters/encryption/value-cipher.ts'
import { systemRandom } from '../../../adapters/system/random.ts'
import { keyringKeysMax } from '../../../core/limits/key-limits.ts'
import { KeyUnavailable, type Keyring, type WrappedKey } from '../../../ports/keyring.ts'
import { messageOf } from '../../../process/failure.ts'
import { makeSecretFile, replaceSecretFile } from '../../../process/files/secret-file.ts'
import { readSecret } from '../nats/nats-access.ts'

const what = 'the keyring'
const option = '--keyring'
const keySizeBytes = 32
const nameLength = 16

type NamedKey = { readonly name: string; readonly key: Buffer }

/** Makes the file when it is not there. Throws a Failure that says what cannot be made. */
export function makeKeyring(path: string): void {
  if (!existsSync(path)) makeSecretFile({ path, what, text: textOf([randomBytes(keySizeBytes)]) })
}

/** Puts a new key before the others. Throws KeyUnavailable, or a Failure. */
export function rotateKeyring(path: string): void {
  const keys = keysIn(path)
  if (keys.length >= keyringKeysMax)
    throw new KeyUnavailable(
      `${what} ${path} has ${keys.length} keys, which is the most: take out those that nothing was wrapped with`,
    )
  replaceSecretFile({ path, what, text: textOf([randomBytes(keySizeBytes), ...keys.map(({ key }) => key)]) })
}

export class KeyringFile implements Keyring {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Whether a key of such a file is named so, and not one of a key service. */
  static hasNamed(by: string): boolean {
    return /^[0-9a-f]{16}$/.test(by)
  }

  async newest(): Promise<string> {
    return await Promise.resolve(keysIn(this.#path)[0].name)
  }

  async wrap(dataKey: Buffer, context: string): Promise<WrappedKey> {
    const [{ name, key }] = keysIn(this.#path)
    return await Promise.resolve({ by: name, bytes: cipherOf(key).encrypt(placeOf(name, context), dataKey) })
  }

  async unwrap({ by, bytes }: WrappedKey, context: string): Promise<Buffer> {
    const found = keysIn(this.#path).find(({ name }) => name === by)
    if (found === undefined)
      throw new KeyUnavailable(`${what} ${this.#path} has no key ${by}: put back the file that had it`)
    const dataKey = cipherOf(found.key).decrypt(placeOf(by, context), bytes)
    if (dataKey === undefined) throw damaged(by)
    return await Promise.resolve(dataKey)
  }
}

const cipherOf = (key: Buffer): ValueCipher => ValueCipher.of(createSecretKey(key), systemRandom)

const damaged = (by: string): KeyUnavailable =>
  new KeyUnavailable(
    `a data key that the key ${by} is said to have wrapped is damaged, or was wrapped for something else`,
  )

const placeOf = (name: string, context: string): Buffer => Buffer.from(`${name}\n${context}`)

/** Throws KeyUnavailable, which shows nothing of the file. */
function keysIn(path: string): readonly [NamedKey, ...NamedKey[]] {
  const [first, ...others] = textIn(path)
    .split(/\s+/)
    .filter((line) => line !== '')
    .map((line) => named(Buffer.from(line, 'base64url')))
  if (
    first === undefined ||
    others.length >= keyringKeysMax ||
    [first, ...others].some(({ key }) => key.length !== keySizeBytes)
  )
    throw new KeyUnavailable(
      `${what} ${path} is not one: it has a key of ${keySizeBytes} bytes in base64url in each line, at most ${keyringKeysMax}`,
    )
  return [first, ...others]
}

function textIn(path: string): string {
  try {
    return readSecret(path, option)
  } catch (error) {
    throw new KeyUnavailable(messageOf(error), { cause: error })
  }
}

function named(key: Buffer): NamedKey {
  return { name: createHash('sha256').update(key).digest('hex').slice(0, nameLength), key }
}

function textOf(keys: readonly Buffer[]): string {
  return keys.map((key) => `${key.toString('base64url')}\n`).join('')
}
