/** Aliases of keys. */
import { kmsAliasesPerKeyMax, kmsPageUsual } from '../../core/limits/kms-limits.ts'
import { aliasNamed, arnOfAlias, findKey, notFound, refused, requireNotPending } from '../../core/kms/find-key.ts'
import type { KmsAlias, KmsKey } from '../../core/kms/key-states.ts'
import { ServiceError } from '../../core/errors.ts'
import { type Asked, dateOf, type Handlers, page } from './kms-handler.ts'

export const aliasHandlers: Handlers = {
  CreateAlias: (asked) => {
    const { all, place, nowMs } = asked
    const name = nameOf(asked)
    const key = targetOf(asked)
    if (aliasNamed(all, name) !== undefined)
      throw refused('AlreadyExistsException', `An alias with the name ${arnOfAlias(place, name)} already exists`)
    const alias: KmsAlias = { name, keyId: key.id, createdMs: nowMs, updatedMs: nowMs }
    return { all: { ...all, aliases: [...all.aliases, alias] } }
  },
  UpdateAlias: (asked) => {
    const { all, nowMs } = asked
    const alias = existing(asked)
    const key = targetOf(asked)
    const changed = { ...alias, keyId: key.id, updatedMs: nowMs }
    return { all: { ...all, aliases: all.aliases.map((each) => (each === alias ? changed : each)) } }
  },
  DeleteAlias: (asked) => {
    const alias = existing(asked)
    return { all: { ...asked.all, aliases: asked.all.aliases.filter((each) => each !== alias) } }
  },
  ListAliases: ({ all, place, input }) => {
    const of = input.KeyId === undefined ? undefined : findKey(all, place, input.KeyId).id
    const found = all.aliases.filter(({ keyId }) => of === undefined || keyId === of)
    const { shown, more } = page(
      found.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      { usual: kmsPageUsual.aliases, input },
    )
    const Aliases = shown.map(({ name, keyId, createdMs, updatedMs }) => ({
      AliasName: name,
      AliasArn: arnOfAlias(place, name),
      TargetKeyId: keyId,
      CreationDate: dateOf(createdMs),
      LastUpdatedDate: dateOf(updatedMs),
    }))
    return { output: { Aliases, ...more } }
  },
}

function nameOf({ input }: Asked): string {
  const name = input.AliasName ?? ''
  if (!/^alias\/[A-Za-z0-9/_-]+$/.test(name))
    throw name.startsWith('alias/')
      ? refused('InvalidAliasNameException', 'Alias contains invalid characters for an alias')
      : new ServiceError('ValidationException', 'Invalid identifier')
  if (name.startsWith('alias/aws/'))
    throw new ServiceError('AccessDeniedException', 'Aliases that begin with alias/aws/ are those of AWS')
  return name
}

function existing(asked: Asked): KmsAlias {
  const name = nameOf(asked)
  const alias = aliasNamed(asked.all, name)
  if (alias === undefined) throw notFound(`Alias ${arnOfAlias(asked.place, name)} is not found.`)
  return alias
}

function targetOf({ all, place, input }: Asked): KmsKey {
  const name = input.TargetKeyId ?? ''
  if (name.includes('alias/')) throw new ServiceError('ValidationException', 'Aliases must refer to keys. Not aliases')
  const key = requireNotPending(findKey(all, place, name), place)
  if (key.manager === 'AWS') throw new ServiceError('AccessDeniedException', 'A key of AWS takes no alias')
  if (all.aliases.filter(({ keyId }) => keyId === key.id).length >= kmsAliasesPerKeyMax)
    throw refused('LimitExceededException', `A key has at most ${kmsAliasesPerKeyMax} aliases`)
  return key
}
