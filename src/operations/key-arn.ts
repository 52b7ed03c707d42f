/** Keys of KMS as DescribeTable names them. There is no key service: a key is known by its ARN alone, and encrypts nothing. */
import { managedKey } from '../core/table/own-key.ts'
import { uuidFrom } from '../core/uuid-from.ts'

export { managedKey }

type Place = { readonly region: string; readonly accountId: string }

const aliasPattern = /^arn:[^:]+:kms:[^:]*:[^:]*:alias\/./

/** The key's ARN, from its ARN, its id, or an alias or the ARN of one. An alias always means the same key. */
export function keyArnOf(place: Place, key: string): string {
  const prefix = `arn:aws:kms:${place.region}:${place.accountId}`
  if (key.startsWith('alias/')) return keyArnOf(place, `${prefix}:${key}`)
  if (aliasPattern.test(key)) return key.replace(/:alias\/.*$/s, `:key/${uuidFrom(key)}`)
  return key.startsWith('arn:') ? key : `${prefix}:key/${key}`
}
