/** Finds the key that a request names: by id, by ARN, by alias or by the ARN of an alias. Refuses in the words of AWS KMS. */
import { ServiceRefusal } from '../services/refusal.ts'
import { type KmsAlias, type KmsKey, type KmsKeys, stateOf } from './key-states.ts'

export type KmsPlace = { readonly region: string; readonly accountId: string }

const prefixOf = ({ region, accountId }: KmsPlace): string => `arn:aws:kms:${region}:${accountId}:`
export const arnOfKey = (place: KmsPlace, id: string): string => `${prefixOf(place)}key/${id}`
export const arnOfAlias = (place: KmsPlace, name: string): string => `${prefixOf(place)}${name}`

export const refused = (type: string, message: string): ServiceRefusal => new ServiceRefusal(type, message)
export const notFound = (message: string): ServiceRefusal => refused('NotFoundException', message)
export const invalidState = (message: string): ServiceRefusal => refused('KMSInvalidStateException', message)

const uuidPattern = /^(mrk-)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/
const arnPattern = /^arn:[^:]*:kms:([^:]*):([^:]*):(key\/|alias\/)(.+)$/s

/** Throws a ServiceRefusal. */
export function findKey(all: KmsKeys, place: KmsPlace, name: string): KmsKey {
  if (name.startsWith('alias/')) return keyOfAlias(all, place, name)
  if (name.startsWith('arn:')) return keyOfArn(all, place, name)
  if (!uuidPattern.test(name)) throw notFound(`Invalid keyId '${name}'`)
  return keyOfId(all, place, name)
}

function keyOfArn(all: KmsKeys, place: KmsPlace, arn: string): KmsKey {
  const [, region, accountId, kind, rest = ''] = arnPattern.exec(arn) ?? []
  if (kind === undefined) throw notFound(`Invalid arn ${arn}`)
  if (region !== place.region) throw notFound(`Invalid arn ${region ?? ''}`)
  const isOwn = accountId === place.accountId
  if (kind === 'alias/') return isOwn ? keyOfAlias(all, place, `alias/${rest}`) : missing(`Alias ${arn} is not found.`)
  return isOwn ? keyOfId(all, place, rest) : missing(`Key '${arn}' does not exist`)
}

function keyOfId({ keys }: KmsKeys, place: KmsPlace, id: string): KmsKey {
  return keys.find((key) => key.id === id) ?? missing(`Key '${arnOfKey(place, id)}' does not exist`)
}

function keyOfAlias(all: KmsKeys, place: KmsPlace, name: string): KmsKey {
  const alias = aliasNamed(all, name)
  return alias === undefined
    ? missing(`Alias ${arnOfAlias(place, name)} is not found.`)
    : keyOfId(all, place, alias.keyId)
}

export const aliasNamed = ({ aliases }: KmsKeys, name: string): KmsAlias | undefined =>
  aliases.find((alias) => alias.name === name)

function missing(message: string): never {
  throw notFound(message)
}

/** Throws a ServiceRefusal where the key can do no cryptography now. */
export function requireUsable(key: KmsKey, place: KmsPlace): KmsKey {
  const state = stateOf(key)
  if (state === 'Disabled') throw refused('DisabledException', `${arnOfKey(place, key.id)} is disabled.`)
  return requireNotPending(key, place)
}

export function requireNotPending(key: KmsKey, place: KmsPlace): KmsKey {
  if (stateOf(key) === 'PendingDeletion') throw invalidState(`${arnOfKey(place, key.id)} is pending deletion.`)
  return key
}
