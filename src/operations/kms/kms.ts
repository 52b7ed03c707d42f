/**
 * A small key service, so that the loss of a key can be rehearsed without another program: symmetric keys with their states, aliases, rotation, and the
 * cryptography under them. Its keys lie in a file of their own. It serves the endpoint (kms-service.ts) and the region's own encryption (own-keys.ts).
 */
import { kmsKeysMax, kmsMaterialsMax } from '../../core/limits/kms-limits.ts'
import { ciphertextIn } from '../../core/kms/ciphertext.ts'
import { aliasNamed, arnOfAlias, arnOfKey, findKey, type KmsPlace, refused } from '../../core/kms/find-key.ts'
import { type KmsKey, type KmsKeys, withKey, withoutDeleted } from '../../core/kms/key-states.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { uuidFrom } from '../../core/uuid-from.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeySeal } from '../../ports/key-service.ts'
import type { Random } from '../../ports/random.ts'
import { managedKey } from '../key-arn.ts'
import { aliasHandlers } from './aliases.ts'
import type { Asked, Handlers, Input } from './kms-handler.ts'
import { cryptographyHandlers } from './cryptography.ts'
import { keyHandlers, newMaterial } from './key-handlers.ts'
import { rotationHandlers, rotatedInTime } from './rotation.ts'

/** Where the keys lie. Both throw KeyUnavailable. */
export interface KeptKeys {
  current(): KmsKeys
  /** Returns when they are on the disk. */
  replace(all: KmsKeys): void
}

export type KmsPorts = {
  readonly place: KmsPlace
  readonly kept: KeptKeys
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes' | 'uuid'>
  readonly seal: KeySeal
}

const handlers: Handlers = { ...keyHandlers, ...aliasHandlers, ...rotationHandlers, ...cryptographyHandlers }

export class Kms {
  readonly #ports: KmsPorts

  constructor(ports: KmsPorts) {
    this.#ports = ports
  }

  get place(): KmsPlace {
    return this.#ports.place
  }

  /** Throws a ServiceRefusal. A change is kept before it returns. */
  run(operation: string, input: object): object | undefined {
    const handler = handlers[operation]
    if (handler === undefined)
      throw new ServiceRefusal('UnsupportedOperationException', `${operation} is not served here`)
    const given = input as Input
    const names = [given.KeyId, given.TargetKeyId, given.DestinationKeyId]
    const before = this.#kept()
    const all = names.some((name) => name !== undefined && this.#isManaged(name)) ? this.#withManaged(before) : before
    const { output, all: after = all } = handler(this.#asked(given, all))
    if (after !== before) this.#replace(after)
    return output
  }

  /** What policies are asked about: the key, also where its alias is named. */
  resourceOf(input: object): string {
    const { KeyId, TargetKeyId, AliasName, CiphertextBlob } = input as Input
    const { place } = this.#ports
    const name = KeyId ?? TargetKeyId
    try {
      if (name !== undefined) return arnOfKey(place, findKey(this.#kept(), place, name).id)
    } catch (error) {
      if (!(error instanceof ServiceRefusal)) throw error
      return name?.startsWith('arn:') === true ? name : '*'
    }
    if (AliasName !== undefined) return arnOfAlias(place, AliasName)
    const found = CiphertextBlob === undefined ? undefined : ciphertextIn(Buffer.from(CiphertextBlob, 'base64'))
    return found === undefined ? '*' : arnOfKey(place, found.keyId)
  }

  #asked(input: Input, all: KmsKeys): Asked {
    const { place, clock, random, seal } = this.#ports
    return { input, all, place, nowMs: clock.wallMs(), random, seal }
  }

  /** As they are now: keys whose time has come are gone, and those that are to rotate have rotated. */
  #kept(): KmsKeys {
    const { kept, clock, random } = this.#ports
    const nowMs = clock.wallMs()
    let all: KmsKeys
    try {
      all = kept.current()
    } catch {
      throw unreadable()
    }
    const left = withoutDeleted(all, nowMs)
    const due = left.keys.filter(
      ({ rotation, materials }) =>
        rotation !== undefined && rotation.nextMs <= nowMs && materials.length < kmsMaterialsMax,
    )
    const settled = due.reduce((so, key) => withKey(so, rotatedInTime(key, { nowMs, random })), left)
    if (settled !== all) this.#replace(settled)
    return settled
  }

  #replace(all: KmsKeys): void {
    if (all.keys.length > kmsKeysMax)
      throw refused('LimitExceededException', `You have reached the limit of ${kmsKeysMax} keys of this key service`)
    try {
      this.#ports.kept.replace(all)
    } catch {
      throw unreadable()
    }
  }

  #isManaged(name: string): boolean {
    return name === managedKey || name === arnOfAlias(this.#ports.place, managedKey)
  }

  /** AWS makes the key when it is first asked for. */
  #withManaged(all: KmsKeys): KmsKeys {
    if (aliasNamed(all, managedKey) !== undefined) return all
    const { place, clock, random } = this.#ports
    const nowMs = clock.wallMs()
    const key: KmsKey = {
      id: uuidFrom(arnOfAlias(place, managedKey)),
      createdMs: nowMs,
      description: 'Default key that protects my DynamoDB data when no other key is defined',
      isEnabled: true,
      manager: 'AWS',
      tags: {},
      materials: [newMaterial('CREATION', { nowMs, random })],
    }
    const alias = { name: managedKey, keyId: key.id, createdMs: nowMs, updatedMs: nowMs }
    return { keys: [...all.keys, key], aliases: [...all.aliases, alias] }
  }
}

const unreadable = (): ServiceRefusal =>
  new ServiceRefusal('KMSInternalException', 'The keys of this region cannot be read or written: see its log', {
    status: 500,
  })
