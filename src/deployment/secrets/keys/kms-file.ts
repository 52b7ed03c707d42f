/**
 * The keys of a region's own key service, in a file (0600) that is replaced as a whole. It is read again when it has changed, so that an operator can take
 * it away and put it back to rehearse the loss of every key.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { kmsKeysMax, kmsMaterialsMax } from '../../../core/limits/kms-limits.ts'
import { type KmsKeys, noKeys } from '../../../core/kms/key-states.ts'
import type { KeptKeys } from '../../../operations/kms/kms.ts'
import { KeyUnavailable } from '../../../ports/keyring.ts'
import type { Log } from '../../../ports/log.ts'
import { messageOf } from '../../../process/failure.ts'
import { makeSecretFile, replaceSecretFile } from '../../../process/files/secret-file.ts'
import { readSecretFile } from '../followed-file.ts'

const what = 'the file of the key service'

const ms = z.number().int().min(0)
const material = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  secret: z.string().regex(/^[A-Za-z0-9+/]{43}=$/, '32 bytes in base64'),
  madeMs: ms,
  cause: z.enum(['CREATION', 'AUTOMATIC', 'ON_DEMAND']),
})
const key = z.strictObject({
  id: z.string().regex(/^[0-9a-f-]{36}$/),
  createdMs: ms,
  description: z.string().max(8192),
  isEnabled: z.boolean(),
  manager: z.enum(['CUSTOMER', 'AWS']),
  deletion: z.strictObject({ atMs: ms, windowDays: z.number().int().min(1) }).optional(),
  rotation: z.strictObject({ periodDays: z.number().int().min(1), nextMs: ms }).optional(),
  tags: z.record(z.string(), z.string()),
  materials: z.array(material).min(1).max(kmsMaterialsMax),
})
const alias = z.strictObject({ name: z.string(), keyId: z.string(), createdMs: ms, updatedMs: ms })
const file = z.strictObject({
  format: z.literal(1),
  region: z.string(),
  keys: z.array(key).max(kmsKeysMax),
  aliases: z.array(alias),
})

export class KmsFile implements KeptKeys {
  readonly #path: string
  readonly #region: string
  readonly #log: Log
  #state = ''
  #keys: KmsKeys = noKeys
  #complaint = ''

  /** Makes the file where there is none. Throws a Failure, or KeyUnavailable for a file that cannot be read. */
  constructor(folder: string, region: string, log: Log) {
    this.#path = join(folder, `${region}.json`)
    this.#region = region
    this.#log = log
    if (!existsSync(this.#path)) makeSecretFile({ path: this.#path, what, text: this.#textOf(noKeys) })
    this.current()
  }

  current(): KmsKeys {
    try {
      const state = this.#stateNow()
      if (state === this.#state) return this.#keys
      const { region, keys, aliases } = readSecretFile(this.#path, 'key service', file)
      if (region !== this.#region) throw new KeyUnavailable(`it has the keys of ${region}, not of ${this.#region}`)
      this.#keys = { keys, aliases }
      this.#state = state
      this.#complaint = ''
      return this.#keys
    } catch (error) {
      throw this.#told(error)
    }
  }

  /** Throws KeyUnavailable where another process has replaced them meanwhile, such as a node that has begun to lead the region. */
  replace(all: KmsKeys): void {
    if (this.#state !== '' && this.#stateNow() !== this.#state)
      throw new KeyUnavailable(`${what} ${this.#path} has changed meanwhile: try again`)
    replaceSecretFile({ path: this.#path, what, text: this.#textOf(all) })
    this.#state = ''
  }

  #stateNow(): string {
    const { mtimeMs, size, ino } = statSync(this.#path, { throwIfNoEntry: false }) ?? {}
    return `${mtimeMs} ${size} ${ino}`
  }

  /** Once in the log, until it is another or the file is back. */
  #told(error: unknown): KeyUnavailable {
    const reason = messageOf(error)
    if (reason !== this.#complaint)
      this.#log.error('the keys of the key service cannot be read', { path: this.#path, reason })
    this.#complaint = reason
    this.#state = ''
    return new KeyUnavailable(`${what} ${this.#path} cannot be read: ${reason}`)
  }

  #textOf({ keys, aliases }: KmsKeys): string {
    return `${JSON.stringify({ format: 1, region: this.#region, keys, aliases }, undefined, 2)}\n`
  }
}
