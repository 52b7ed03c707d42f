/** Who may do what, of the files of identities and of credentials. They are followed while a program runs, and neither secrets nor policies are ever logged. */
import { SessionKeys } from '../../../http/access/session-keys.ts'
import type { Identities } from '../../../core/access/identities/identities.ts'
import type { Credential, Credentials } from '../../../core/auth/credentials.ts'
import type { AccessMode, AccessSettings } from '../../../operations/access/authorizer.ts'
import type { Log } from '../../../ports/log.ts'
import type { SharedIdentities } from '../../../ports/shared-identities.ts'
import { readCredentials, watchCredentials } from './credentials-file.ts'
import { type FollowedFile, followFile } from '../followed-file.ts'
import {
  type Edit,
  editIdentities,
  inTurn,
  mergeInto,
  readBoth,
  readIdentities,
  type ReadIdentities,
} from './identity-file.ts'
import { sharedFileOf, sharedIdentities } from './shared-identities.ts'

export type AccessFiles = {
  readonly identities?: string | undefined
  readonly credentials?: string | undefined
  /** Twelve zeros where not given. */
  readonly accountId?: string | undefined
}

export type WatchedAccess = {
  /** Of both files; undefined where there is neither: signatures are not verified. */
  readonly credentials: (() => Credentials) | undefined
  readonly identities: (() => Identities) | undefined
  /** Changes the file of identities; undefined where there is none. */
  readonly change: ((edit: Edit) => Promise<void>) | undefined
  /** What peers are asked and told about identities; undefined where there is no file of them. */
  readonly shared: SharedIdentities | undefined
  stop(): void
}

export const noAccount = '0'.repeat(12)

/** Throws a Failure when a file cannot be read now. */
export function watchAccess(
  { identities: from, credentials: keys, accountId = noAccount }: AccessFiles,
  log: Log,
): WatchedAccess {
  const credentials = keys === undefined ? undefined : watchCredentials(keys, log)
  const followed = from === undefined ? undefined : followIdentities(from, accountId, log)
  const identities = followed?.identities
  return {
    credentials: identities === undefined ? credentials?.current : bothOf(credentials, identities),
    identities,
    change: followed?.change,
    shared: followed?.shared,
    stop: () => {
      credentials?.stop()
      followed?.stop()
    },
  }
}

function followIdentities(path: string, accountId: string, log: Log) {
  const told = ({ identities: { users, roles } }: ReadIdentities) => ({ users: users.size, roles: roles.size })
  const read = (at: string): ReadIdentities => readBoth(at, accountId)
  const followed = followFile({ path, beside: sharedFileOf(path), what: 'identities', read, told, log })
  const changed = async (work: () => void): Promise<void> => {
    await inTurn(path, work)
    followed.look()
  }
  return {
    identities: () => followed.current().identities,
    change: (edit: Edit) => changed(() => editIdentities(path, accountId, edit)),
    shared: sharedIdentities({
      current: () => {
        const { own, state } = followed.current()
        return own.shared && { state, keys: own.shared }
      },
      merge: (merged) => changed(() => mergeInto(path, accountId, merged)),
      nowMs: () => Date.now(),
    }),
    stop: () => followed.stop(),
  }
}

/** The keys of users beside those of the file of credentials; another map when either has changed. */
function bothOf(credentials: FollowedFile<Credentials> | undefined, identities: () => Identities): () => Credentials {
  let known: { readonly of: Credentials | undefined; readonly and: Identities; readonly both: Credentials } | undefined
  return () => {
    const of = credentials?.current()
    const and = identities()
    if (known === undefined || known.of !== of || known.and !== and)
      known = { of, and, both: withSessions(new Map([...(of ?? []), ...credentialsOf(and)]), and) }
    return known.both
  }
}

function withSessions(keys: Credentials, { definitions: { sessionKey } }: Identities): Credentials {
  return sessionKey === undefined ? keys : Object.assign(keys, { sessions: new SessionKeys(sessionKey) })
}

function credentialsOf({ users }: Identities): readonly (readonly [string, Credential])[] {
  return [...users.values()].flatMap(({ definition: { accessKeys = [] } }) =>
    accessKeys
      .filter(({ status }) => status !== 'Inactive')
      .map(({ accessKeyId, secretAccessKey }) => [accessKeyId, { accessKeyId, secretAccessKey }] as const),
  )
}

/** The active keys of both files, as they are now. Throws a Failure. */
export function keysIn({ identities: from, credentials: keys, accountId = noAccount }: AccessFiles): Credentials {
  const own = keys === undefined ? [] : readCredentials(keys)
  return new Map([...own, ...(from === undefined ? [] : credentialsOf(readIdentities(from, accountId)))])
}

/** For what decides over requests; undefined where policies decide nothing. */
export function accessSettings(
  mode: 'off' | AccessMode = 'off',
  { identities }: Pick<WatchedAccess, 'identities'>,
): AccessSettings | undefined {
  return mode === 'off' || identities === undefined ? undefined : { mode, identities }
}
