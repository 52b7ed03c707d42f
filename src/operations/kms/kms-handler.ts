/** What an operation of the key service is given, and what it answers: an output, and keys where it changes some. */
import { findKey, type KmsPlace, refused } from '../../core/kms/find-key.ts'
import type { KmsKey, KmsKeys } from '../../core/kms/key-states.ts'
import type { KeySeal } from '../../ports/key-service.ts'
import type { Random } from '../../ports/random.ts'

/** Members that the operations name; each is in form and within the model's constraints. Bytes are in base64. */
export type Input = {
  readonly KeyId?: string
  readonly TargetKeyId?: string
  readonly AliasName?: string
  readonly Policy?: string
  readonly Description?: string
  readonly KeyUsage?: string
  readonly KeySpec?: string
  readonly CustomerMasterKeySpec?: string
  readonly Origin?: string
  readonly MultiRegion?: boolean
  readonly CustomKeyStoreId?: string
  readonly XksKeyId?: string
  readonly Tags?: readonly { readonly TagKey: string; readonly TagValue: string }[]
  readonly TagKeys?: readonly string[]
  readonly Limit?: number
  readonly Marker?: string
  readonly Plaintext?: string
  readonly CiphertextBlob?: string
  readonly EncryptionContext?: Readonly<Record<string, string>>
  readonly EncryptionAlgorithm?: string
  readonly SourceEncryptionContext?: Readonly<Record<string, string>>
  readonly SourceKeyId?: string
  readonly SourceEncryptionAlgorithm?: string
  readonly DestinationKeyId?: string
  readonly DestinationEncryptionContext?: Readonly<Record<string, string>>
  readonly DestinationEncryptionAlgorithm?: string
  readonly NumberOfBytes?: number
  readonly Recipient?: object
  readonly DryRun?: boolean
  readonly DryRunModifiers?: readonly string[]
  readonly GrantTokens?: readonly string[]
  readonly PendingWindowInDays?: number
  readonly RotationPeriodInDays?: number
  readonly IncludeKeyMaterial?: string
}

export type Asked = {
  readonly input: Input
  readonly all: KmsKeys
  readonly place: KmsPlace
  readonly nowMs: number
  readonly random: Pick<Random, 'bytes' | 'uuid'>
  readonly seal: KeySeal
}

export type Answered = { readonly output?: object; readonly all?: KmsKeys }

export type Handler = (asked: Asked) => Answered

export type Handlers = Readonly<Record<string, Handler>>

export const dateOf = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

export const keyOf = ({ all, place, input }: Asked): KmsKey => findKey(all, place, input.KeyId ?? '')

type Paging = { readonly usual: number; readonly input: Input }

/** A page of a list, in the order of the list, with KMS' markers. */
export function page<Each>(list: readonly Each[], { usual, input: { Limit: limit = usual, Marker: marker } }: Paging) {
  const from = marker === undefined ? 0 : Number(marker)
  if (!Number.isSafeInteger(from) || from < 0) throw refused('InvalidMarkerException', 'Invalid marker')
  const shown = list.slice(from, from + limit)
  const end = from + shown.length
  return { shown, more: end < list.length ? { Truncated: true, NextMarker: String(end) } : { Truncated: false } }
}
