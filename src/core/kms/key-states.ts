/** The keys of a region's key service, as they are kept: what each state of AWS KMS follows from. */
export type KeyMaterial = {
  /** 64 hexadecimal digits, as AWS's ids of key materials. */
  readonly id: string
  /** 32 bytes in base64. */
  readonly secret: string
  readonly madeMs: number
  readonly cause: 'CREATION' | 'AUTOMATIC' | 'ON_DEMAND'
}

export type KmsKey = {
  readonly id: string
  readonly createdMs: number
  readonly description: string
  readonly isEnabled: boolean
  /** AWS: the key that DynamoDB takes where a request names none. */
  readonly manager: 'CUSTOMER' | 'AWS'
  readonly deletion?: { readonly atMs: number; readonly windowDays: number } | undefined
  readonly rotation?: { readonly periodDays: number; readonly nextMs: number } | undefined
  readonly tags: Readonly<Record<string, string>>
  /** Oldest first; the last one encrypts. */
  readonly materials: readonly KeyMaterial[]
}

export type KmsAlias = {
  /** With `alias/`. */
  readonly name: string
  readonly keyId: string
  readonly createdMs: number
  readonly updatedMs: number
}

export type KmsKeys = { readonly keys: readonly KmsKey[]; readonly aliases: readonly KmsAlias[] }

export const noKeys: KmsKeys = { keys: [], aliases: [] }

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

export function stateOf({ isEnabled, deletion }: KmsKey): KeyState {
  if (deletion !== undefined) return 'PendingDeletion'
  return isEnabled ? 'Enabled' : 'Disabled'
}

export const materialOf = ({ materials }: KmsKey): KeyMaterial => {
  const last = materials.at(-1)
  if (last === undefined) throw new Error('a key has no material')
  return last
}

export const withKey = ({ keys, aliases }: KmsKeys, changed: KmsKey): KmsKeys => ({
  keys: keys.map((key) => (key.id === changed.id ? changed : key)),
  aliases,
})

/** Without the keys whose time has come. The same object where there is none. */
export function withoutDeleted(all: KmsKeys, nowMs: number): KmsKeys {
  const isGone = ({ deletion }: KmsKey): boolean => deletion !== undefined && deletion.atMs <= nowMs
  if (!all.keys.some(isGone)) return all
  const gone = new Set(all.keys.filter(isGone).map(({ id }) => id))
  return {
    keys: all.keys.filter(({ id }) => !gone.has(id)),
    aliases: all.aliases.filter(({ keyId }) => !gone.has(keyId)),
  }
}
