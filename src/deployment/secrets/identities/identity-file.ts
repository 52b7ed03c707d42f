/**
 * The file of identities (docs/operating/access.md), read and changed: its own, and those that regions share, which lie beside it. What it
 * has of its own is changed in the file; all else is shared where the file has a key to share with.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import {
  accessKeysPerUserMax,
  attachedPoliciesMax,
  formerShareKeysMax,
  identityGroupsMax,
  identityPoliciesMax,
  identityRolesMax,
  identityUsersMax,
  policyVersionsMax,
} from '../../../core/limits/access-limits.ts'
import {
  compileIdentities,
  type Identities,
  type IdentityDefinitions,
  IdentityProblem,
} from '../../../core/access/identities/identities.ts'
import { editShared, sharedDefinitions, withShared } from '../../../core/access/identities/shared-definitions.ts'
import { nextStamp, noSharedThings, type SharedState } from '../../../core/access/identities/shared-state.ts'
import { Failure } from '../../../process/failure.ts'
import { accessKeyIdForm, secretForm } from './credentials-file.ts'
import { readSecretFile } from '../followed-file.ts'
import { replaceFile, withLock } from '../replaced-file.ts'
import { readShared, sharedFileOf, writeShared } from './shared-identities.ts'

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
const versionNumber = z.number().int().min(1).optional()
const policyVersion = z.strictObject({ version: z.number().int().min(1), document: z.unknown(), createdMs })
const policy = z.strictObject({
  name: policyName,
  path,
  document: z.unknown(),
  description,
  createdMs,
  version: versionNumber,
  versions: z.array(policyVersion).max(policyVersionsMax).optional(),
  lastVersion: versionNumber,
  updatedMs: createdMs,
  tags,
})
const secret = z.string().min(32, 'at least 32 characters').max(256)
const file = z.strictObject({
  users: z.array(user).max(identityUsersMax).default([]),
  groups: z.array(z.strictObject(common)).max(identityGroupsMax).default([]),
  roles: z.array(role).max(identityRolesMax).default([]),
  policies: z.array(policy).max(identityPoliciesMax).default([]),
  sessionKey: secret.optional(),
  shared: z.strictObject({ key: secret, formerKeys: z.array(secret).max(formerShareKeysMax).optional() }).optional(),
})

export type Edit = (definitions: IdentityDefinitions) => IdentityDefinitions

export type ReadIdentities = {
  readonly identities: Identities
  readonly own: IdentityDefinitions
  readonly state: SharedState
}

/** The file's own identities, and those that regions share. Throws a Failure that names the place. */
export const readIdentities = (from: string, accountId: string): Identities => readBoth(from, accountId).identities

export function readBoth(from: string, accountId: string): ReadIdentities {
  const own: IdentityDefinitions = readSecretFile(from, 'identities', file)
  try {
    const identities = compileIdentities(accountId, own)
    if (own.shared === undefined) return { identities, own, state: noSharedThings }
    const state = readShared(sharedFileOf(from), own.shared)
    const all = withShared(accountId, own, sharedDefinitions(state))
    return { identities: compileIdentities(accountId, all, false), own, state }
  } catch (error) {
    if (error instanceof IdentityProblem) throw new Failure(`the identities file ${from}: ${error.message}`)
    throw error
  }
}

const turns = new Map<string, Promise<void>>()

/** One change after the other within this process; others of this machine are kept out by a file beside it. */
export async function inTurn(from: string, work: () => void): Promise<void> {
  const before = turns.get(from) ?? Promise.resolve()
  const mine = before.then(() => withLock(`${from}.lock`, work))
  turns.set(
    from,
    mine.catch(() => undefined),
  )
  await mine
}

export function mergeInto(from: string, accountId: string, merged: (state: SharedState) => SharedState): void {
  const { own, state } = readBoth(from, accountId)
  const after = merged(state)
  if (own.shared !== undefined && after !== state) writeShared(sharedFileOf(from), after, own.shared, 2)
}

/** What the file has of its own is changed in the file. All else is shared where identities are shared. */
export function editIdentities(from: string, accountId: string, edit: Edit): void {
  const { identities, own, state } = readBoth(from, accountId)
  const before = identities.definitions
  const after = edit(before)
  requireFitting(accountId, before, after)
  const { own: ownAfter, others } = parted(after, own)
  if (own.shared === undefined || !isSame(ownAfter, parted(before, own).own)) {
    const kept = own.shared === undefined ? after : ownAfter
    replaceFile(from, `${JSON.stringify(kept, undefined, 2)}\n`)
  }
  if (own.shared === undefined) return
  const editing = {
    state,
    stamp: nextStamp(state, Date.now(), randomBytes(4)),
    newId: () => randomBytes(12).toString('hex'),
  }
  const shared = editShared(parted(before, own).others, others, editing)
  if (shared === state) return
  try {
    writeShared(sharedFileOf(from), shared, own.shared)
  } catch (error) {
    if (error instanceof RangeError) throw new IdentityProblem(error.message)
    throw error
  }
}

/** Regions that could not hear each other may have come beyond a quota together: then edits still count. */
function requireFitting(accountId: string, before: IdentityDefinitions, after: IdentityDefinitions): void {
  file.parse(after)
  try {
    compileIdentities(accountId, after)
  } catch (error) {
    compileIdentities(accountId, after, false)
    try {
      compileIdentities(accountId, before)
    } catch {
      return
    }
    throw error
  }
}

function parted(all: IdentityDefinitions, own: IdentityDefinitions) {
  const names = (list: 'users' | 'groups' | 'roles' | 'policies') => new Set(own[list].map((each) => each.name))
  const [users, groups, roles, policies] = [names('users'), names('groups'), names('roles'), names('policies')]
  const part = (isOwn: boolean): IdentityDefinitions => ({
    users: all.users.filter((each) => users.has(each.name) === isOwn),
    groups: all.groups.filter((each) => groups.has(each.name) === isOwn),
    roles: all.roles.filter((each) => roles.has(each.name) === isOwn),
    policies: all.policies.filter((each) => policies.has(each.name) === isOwn),
  })
  return { own: { ...all, ...part(true) }, others: part(false) }
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
