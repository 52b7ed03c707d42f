/**
 * The file of identities: users with their access keys, groups, roles, and policies (docs/operating/access.md). It is followed while the node runs, like
 * the file of credentials, and neither secrets nor policies are ever logged.
 */
import { z } from 'zod'
import { SessionKeys } from '../../http/access/session-keys.ts'
import { replaceFile, withLock } from './replaced-file.ts'
import {
  accessKeysPerUserMax,
  attachedPoliciesMax,
  identityGroupsMax,
  identityPoliciesMax,
  identityRolesMax,
  identityUsersMax,
} from '../../core/access-limits.ts'
import {
  compileIdentities,
  type Identities,
  type IdentityDefinitions,
  IdentityProblem,
} from '../../core/access/identities.ts'
import type { Credential, Credentials } from '../../core/auth/credentials.ts'
import type { Log } from '../../ports/log.ts'
import type { AccessMode, AccessSettings } from '../../operations/access/authorizer.ts'
import { Failure } from '../../process/failure.ts'
import { accessKeyIdForm, readCredentials, secretForm, watchCredentials } from './credentials.ts'
import { type FollowedFile, followFile, readSecretFile } from './followed-file.ts'

const name = z.string().regex(/^[\w+=,.@-]{1,64}$/, 'up to 64 letters, digits and _ + = , . @ -')
const path = z
  .string()
  .regex(/^(\/|\/[\x21-\x7e]{1,510}\/)$/, 'a path that begins and ends with /')
  .optional()
const policyName = z.string().regex(/^[\w+=,.@-]{1,128}$/, 'up to 128 letters, digits and _ + = , . @ -')
const tags = z.record(z.string().min(1).max(128), z.string().max(256)).optional()
const createdMs = z.number().int().min(0).optional()
const description = z.string().max(1000).optional()
const common = {
  name,
  path,
  createdMs,
  policies: z.record(policyName, z.unknown()).optional(),
  managedPolicies: z.array(z.string().min(1).max(2048)).max(attachedPoliciesMax).optional(),
}
const boundary = z.string().min(1).max(2048).optional()
const accessKey = z.strictObject({
  accessKeyId: accessKeyIdForm,
  secretAccessKey: secretForm,
  status: z.enum(['Active', 'Inactive']).optional(),
  createdMs,
})
const user = z.strictObject({
  ...common,
  boundary,
  tags,
  groups: z.array(name).max(10).optional(),
  accessKeys: z.array(accessKey).max(accessKeysPerUserMax).optional(),
})
const role = z.strictObject({
  ...common,
  boundary,
  tags,
  trust: z.unknown(),
  description,
  maxSessionSeconds: z.number().int().min(3600).max(43_200).optional(),
})
const policy = z.strictObject({ name: policyName, path, document: z.unknown(), description, createdMs })
const file = z.strictObject({
  users: z.array(user).max(identityUsersMax).default([]),
  groups: z.array(z.strictObject(common)).max(identityGroupsMax).default([]),
  roles: z.array(role).max(identityRolesMax).default([]),
  policies: z.array(policy).max(identityPoliciesMax).default([]),
  sessionKey: z.string().min(32, 'at least 32 characters').max(256).optional(),
})

/** Throws a Failure that names the place. */
export function readIdentities(from: string, accountId: string): Identities {
  const definitions = readSecretFile(from, 'identities', file)
  try {
    return compileIdentities(accountId, definitions)
  } catch (error) {
    if (error instanceof IdentityProblem) throw new Failure(`the identities file ${from}: ${error.message}`)
    throw error
  }
}

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
  readonly change: ((edit: (definitions: IdentityDefinitions) => IdentityDefinitions) => Promise<void>) | undefined
  stop(): void
}

export const noAccount = '0'.repeat(12)

/** Throws a Failure when a file cannot be read now. */
export function watchAccess(
  { identities: from, credentials: keys, accountId = noAccount }: AccessFiles,
  log: Log,
): WatchedAccess {
  const credentials = keys === undefined ? undefined : watchCredentials(keys, log)
  const told = ({ users, roles }: Identities) => ({ users: users.size, roles: roles.size })
  const read = (at: string): Identities => readIdentities(at, accountId)
  const identities = from === undefined ? undefined : followFile({ path: from, what: 'identities', read, told, log })
  return {
    credentials: identities === undefined ? credentials?.current : bothOf(credentials, identities),
    identities: identities?.current,
    change:
      from === undefined || identities === undefined
        ? undefined
        : async (edit) => {
            await editIdentities(from, accountId, edit)
            identities.look()
          },
    stop: () => {
      credentials?.stop()
      identities?.stop()
    },
  }
}

const editing = new Map<string, Promise<void>>()

/** One change after the other within this process; others of this machine are kept out by a file beside it. */
async function editIdentities(
  from: string,
  accountId: string,
  edit: (definitions: IdentityDefinitions) => IdentityDefinitions,
): Promise<void> {
  const before = editing.get(from) ?? Promise.resolve()
  const mine = editAfter(before, from, () => {
    const definitions = edit(readIdentities(from, accountId).definitions)
    compileIdentities(accountId, file.parse(definitions))
    replaceFile(from, `${JSON.stringify(definitions, undefined, 2)}\n`)
  })
  editing.set(
    from,
    mine.catch(() => undefined),
  )
  await mine
}

async function editAfter(before: Promise<void>, from: string, work: () => void): Promise<void> {
  await before
  await withLock(`${from}.lock`, work)
}

/** The keys of users beside those of the file of credentials; another map when either has changed. */
function bothOf(
  credentials: FollowedFile<Credentials> | undefined,
  identities: FollowedFile<Identities>,
): () => Credentials {
  let known: { readonly of: Credentials | undefined; readonly and: Identities; readonly both: Credentials } | undefined
  return () => {
    const of = credentials?.current()
    const and = identities.current()
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
