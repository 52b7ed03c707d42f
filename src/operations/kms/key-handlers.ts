/** Making, describing and losing keys. */
import { kmsPageUsual, kmsPendingWindowDays, kmsTagsMax } from '../../core/limits/kms-limits.ts'
import { arnOfKey, invalidState, type KmsPlace, refused, requireNotPending } from '../../core/kms/find-key.ts'
import { type KeyMaterial, type KmsKey, materialOf, stateOf, withKey } from '../../core/kms/key-states.ts'
import { ServiceError } from '../../core/errors.ts'
import { type Answered, type Asked, dateOf, type Handlers, type Input, keyOf, page } from './kms-handler.ts'

const dayMs = 86_400_000
const algorithm = 'SYMMETRIC_DEFAULT'

type Making = Pick<Asked, 'nowMs' | 'random'>

export function newMaterial(cause: KeyMaterial['cause'], { nowMs, random }: Making): KeyMaterial {
  return { id: random.bytes(32).toString('hex'), secret: random.bytes(32).toString('base64'), madeMs: nowMs, cause }
}

export const keyHandlers: Handlers = {
  CreateKey: (asked) => {
    const { input, all, place, nowMs, random } = asked
    refuseOtherKinds(input)
    const key: KmsKey = {
      id: random.uuid(),
      createdMs: nowMs,
      description: input.Description ?? '',
      isEnabled: true,
      manager: 'CUSTOMER',
      tags: tagged({}, input.Tags ?? []),
      materials: [newMaterial('CREATION', asked)],
    }
    return { output: { KeyMetadata: metadataOf(key, place) }, all: { ...all, keys: [...all.keys, key] } }
  },
  DescribeKey: (asked) => ({ output: { KeyMetadata: metadataOf(keyOf(asked), asked.place) } }),
  ListKeys: ({ all, place, input }) => {
    const { shown, more } = page(all.keys, { usual: kmsPageUsual.keys, input })
    return { output: { Keys: shown.map(({ id }) => ({ KeyId: id, KeyArn: arnOfKey(place, id) })), ...more } }
  },
  UpdateKeyDescription: (asked) => {
    const key = changeable(asked)
    return { all: withKey(asked.all, { ...key, description: asked.input.Description ?? '' }) }
  },
  EnableKey: (asked) => switched(asked, true),
  DisableKey: (asked) => switched(asked, false),
  ScheduleKeyDeletion: (asked) => {
    const { all, place, nowMs, input } = asked
    const key = changeable(asked)
    const windowDays = input.PendingWindowInDays ?? kmsPendingWindowDays.usual
    if (windowDays < kmsPendingWindowDays.min || windowDays > kmsPendingWindowDays.max)
      throw new ServiceError(
        'ValidationException',
        `PendingWindowInDays must be from ${kmsPendingWindowDays.min} to ${kmsPendingWindowDays.max} days`,
      )
    const atMs = nowMs + windowDays * dayMs
    return {
      output: {
        KeyId: arnOfKey(place, key.id),
        DeletionDate: dateOf(atMs),
        KeyState: 'PendingDeletion',
        PendingWindowInDays: windowDays,
      },
      all: withKey(all, { ...key, isEnabled: false, deletion: { atMs, windowDays } }),
    }
  },
  CancelKeyDeletion: (asked) => {
    const { all, place } = asked
    const key = keyOf(asked)
    const arn = arnOfKey(place, key.id)
    if (key.deletion === undefined) throw invalidState(`${arn} is not pending deletion.`)
    return { output: { KeyId: arn }, all: withKey(all, { ...key, deletion: undefined }) }
  },
  TagResource: (asked) => {
    const key = changeable(asked)
    return { all: withKey(asked.all, { ...key, tags: tagged(key.tags, asked.input.Tags ?? []) }) }
  },
  UntagResource: (asked) => {
    const key = changeable(asked)
    const gone = new Set(asked.input.TagKeys)
    const tags = Object.fromEntries(Object.entries(key.tags).filter(([name]) => !gone.has(name)))
    return { all: withKey(asked.all, { ...key, tags }) }
  },
  ListResourceTags: (asked) => {
    const tags = Object.entries(keyOf(asked).tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
    const { shown, more } = page(tags, { usual: kmsPageUsual.tags, input: asked.input })
    return { output: { Tags: shown, ...more } }
  },
}

/** What is answered must be true: a policy, or a key of another kind, would not be. */
function refuseOtherKinds(input: Input): void {
  const unsupported = (what: string) =>
    refused('UnsupportedOperationException', `${what}: the key service of Longitude does not have it`)
  if ((input.KeySpec ?? algorithm) !== algorithm || (input.CustomerMasterKeySpec ?? algorithm) !== algorithm)
    throw unsupported(`KeySpec ${input.KeySpec ?? input.CustomerMasterKeySpec ?? ''}`)
  if ((input.KeyUsage ?? 'ENCRYPT_DECRYPT') !== 'ENCRYPT_DECRYPT') throw unsupported(`KeyUsage ${input.KeyUsage ?? ''}`)
  if ((input.Origin ?? 'AWS_KMS') !== 'AWS_KMS') throw unsupported(`Origin ${input.Origin ?? ''}`)
  if (input.MultiRegion === true) throw unsupported('MultiRegion')
  if (input.Policy !== undefined) throw unsupported('Policy')
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) throw unsupported('CustomKeyStoreId')
}

function switched(asked: Asked, isEnabled: boolean): Answered {
  const key = changeable(asked)
  return { all: withKey(asked.all, { ...key, isEnabled }) }
}

/** Throws a ServiceRefusal for one that is pending deletion, or that is AWS's. */
export function changeable(asked: Asked): KmsKey {
  const key = requireNotPending(keyOf(asked), asked.place)
  if (key.manager === 'AWS') throw new ServiceError('AccessDeniedException', notOfAws(arnOfKey(asked.place, key.id)))
  return key
}

const notOfAws = (arn: string): string => `${arn} is managed by AWS: it cannot be changed`

function tagged(tags: KmsKey['tags'], given: NonNullable<Input['Tags']>): KmsKey['tags'] {
  const all = { ...tags, ...Object.fromEntries(given.map(({ TagKey, TagValue }) => [TagKey, TagValue])) }
  if (Object.keys(all).length > kmsTagsMax) throw refused('TagException', 'Too many tags')
  if (given.some(({ TagKey }) => TagKey.startsWith('aws:')))
    throw refused('TagException', 'Tags may not begin with aws:')
  return all
}

function metadataOf(key: KmsKey, place: KmsPlace): object {
  const state = stateOf(key)
  return {
    AWSAccountId: place.accountId,
    KeyId: key.id,
    Arn: arnOfKey(place, key.id),
    CreationDate: dateOf(key.createdMs),
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: state,
    ...(key.deletion === undefined ? {} : { DeletionDate: dateOf(key.deletion.atMs) }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: algorithm,
    KeySpec: algorithm,
    EncryptionAlgorithms: [algorithm],
    MultiRegion: false,
    CurrentKeyMaterialId: materialOf(key).id,
  }
}
