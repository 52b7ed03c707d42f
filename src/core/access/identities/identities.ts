/**
 * Users, groups, roles and managed policies of an account, compiled from their definitions. The definitions are data: a file has them, and
 * IAM's operations change them.
 */
import {
  groupPoliciesCharactersMax,
  managedPolicyCharactersMax,
  rolePoliciesCharactersMax,
  trustPolicyCharactersMax,
  userPoliciesCharactersMax,
} from '../../limits/access-limits.ts'
import { uuidFrom } from '../../uuid-from.ts'
import type { Named, PolicySet } from '../evaluate-policies.ts'
import { managedByAws } from './managed-policies.ts'
import { parsePolicy, type PolicyKind, PolicyProblem } from '../parse-policy.ts'
import type { Identity } from '../principals.ts'
import type { Policy } from '../policy.ts'

type Documents = Readonly<Record<string, unknown>>

type Definition = {
  readonly name: string
  /** `/` where not given. */
  readonly path?: string | undefined
  /** Inline, by name. */
  readonly policies?: Documents | undefined
  /** Managed ones, by name or ARN. */
  readonly managedPolicies?: readonly string[] | undefined
  readonly createdMs?: number | undefined
}

type Bounded = Definition & {
  readonly boundary?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

export type AccessKey = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Absent is active. */
  readonly status?: 'Active' | 'Inactive' | undefined
  readonly createdMs?: number | undefined
}

export type UserDefinition = Bounded & {
  readonly groups?: readonly string[] | undefined
  readonly accessKeys?: readonly AccessKey[] | undefined
}

export type GroupDefinition = Definition

export type RoleDefinition = Bounded & {
  /** Who may assume it. */
  readonly trust: unknown
  readonly description?: string | undefined
  readonly maxSessionSeconds?: number | undefined
}

export type PolicyVersion = {
  readonly version: number
  readonly document: unknown
  readonly createdMs?: number | undefined
}

export type PolicyDefinition = {
  readonly name: string
  readonly path?: string | undefined
  /** Of the default version. */
  readonly document: unknown
  /** The default version: 1 where not given. */
  readonly version?: number | undefined
  /** All of them, where there has been another than the first. */
  readonly versions?: readonly PolicyVersion[] | undefined
  /** No number is given twice. */
  readonly lastVersion?: number | undefined
  readonly updatedMs?: number | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly description?: string | undefined
  readonly createdMs?: number | undefined
}

export type IdentityDefinitions = {
  readonly users: readonly UserDefinition[]
  readonly groups: readonly GroupDefinition[]
  readonly roles: readonly RoleDefinition[]
  readonly policies: readonly PolicyDefinition[]
  /** What temporary credentials are sealed with; there are none without it. */
  readonly sessionKey?: string | undefined
  /** With what the regions of a deployment seal the identities that they share; they share none without it. */
  readonly shared?: { readonly key: string; readonly formerKeys?: readonly string[] | undefined } | undefined
}

export type Principalled = {
  readonly name: string
  readonly arn: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
  readonly policies: Pick<PolicySet, 'identity' | 'boundary'>
}

export type User = Principalled & { readonly definition: UserDefinition; readonly identity: Identity }
export type Role = Principalled & { readonly definition: RoleDefinition; readonly trust: Named }

export type ManagedPolicy = Named & { readonly definition?: PolicyDefinition }

export type Identities = {
  readonly accountId: string
  readonly definitions: IdentityDefinitions
  readonly users: ReadonlyMap<string, User>
  readonly roles: ReadonlyMap<string, Role>
  /** By ARN, those of AWS included. */
  readonly policies: ReadonlyMap<string, ManagedPolicy>
  readonly userOfKey: ReadonlyMap<string, User>
}

/** Thrown for definitions that do not fit together; says where. */
export class IdentityProblem extends Error {
  override readonly name = 'IdentityProblem'
}

export const noDefinitions: IdentityDefinitions = { users: [], groups: [], roles: [], policies: [] }

export const iamArn = (
  accountId: string,
  kind: string,
  { name, path = '/' }: Pick<Definition, 'name' | 'path'>,
): string => `arn:aws:iam::${accountId}:${kind}${path}${name}`

/**
 * As AWS's are: a prefix of four letters, then letters and digits. Follows from the ARN and the moment of the making, so that it is the same in
 * every region, and another for one that is made again.
 */
export const idFor = (prefix: string, arn: string, createdMs?: number): string =>
  `${prefix}${uuidFrom(createdMs === undefined ? arn : `${arn} ${createdMs}`)
    .replaceAll('-', '')
    .slice(0, 17)
    .toUpperCase()}`

/** Throws an IdentityProblem. `hasQuotas`: false for what several regions have added to at the same time. */
export function compileIdentities(accountId: string, definitions: IdentityDefinitions, hasQuotas = true): Identities {
  const checkSizes = hasQuotas ? checkQuota : () => undefined
  const { users, groups, roles, policies } = definitions
  const managed = new Map<string, ManagedPolicy>(managedByAws)
  for (const definition of policies) {
    const name = iamArn(accountId, 'policy', definition)
    const place = `policy ${definition.name}`
    checkSizes([definition.document], managedPolicyCharactersMax, place)
    const policy = compiled(definition.document, 'identity', place)
    if (managed.has(name)) throw new IdentityProblem(`policy ${definition.name} is there twice`)
    managed.set(name, { name, policy, definition })
  }
  const around = { accountId, managed, groups: unique(groups, 'group'), checkSizes }
  const userMap = new Map([...unique(users, 'user').values()].map((each) => [each.name, userOf(each, around)]))
  const roleMap = new Map([...unique(roles, 'role').values()].map((each) => [each.name, roleOf(each, around)]))
  for (const group of groups) {
    const place = `group ${group.name}`
    checkSizes(Object.values(group.policies ?? {}), groupPoliciesCharactersMax, place)
    policiesOf(group, place, around)
  }
  return { accountId, definitions, users: userMap, roles: roleMap, policies: managed, userOfKey: keysOf(userMap) }
}

type Around = {
  readonly accountId: string
  readonly managed: ReadonlyMap<string, ManagedPolicy>
  readonly groups: ReadonlyMap<string, GroupDefinition>
  readonly checkSizes: typeof checkQuota
}

function unique<Each extends { readonly name: string }>(all: readonly Each[], what: string): ReadonlyMap<string, Each> {
  const found = new Map<string, Each>()
  for (const each of all) {
    if (found.has(each.name)) throw new IdentityProblem(`${what} ${each.name} is there twice`)
    found.set(each.name, each)
  }
  return found
}

function keysOf(users: ReadonlyMap<string, User>): ReadonlyMap<string, User> {
  const found = new Map<string, User>()
  for (const user of users.values())
    for (const { accessKeyId } of user.definition.accessKeys ?? []) {
      if (found.has(accessKeyId)) throw new IdentityProblem(`an access key of user ${user.name} is there twice`)
      found.set(accessKeyId, user)
    }
  return found
}

function userOf(definition: UserDefinition, around: Around): User {
  const { accountId, groups, checkSizes } = around
  const { name, tags = {} } = definition
  const place = `user ${name}`
  const arn = iamArn(accountId, 'user', definition)
  checkSizes(Object.values(definition.policies ?? {}), userPoliciesCharactersMax, place)
  const id = idFor('AIDA', arn, definition.createdMs)
  const ofGroups = (definition.groups ?? []).flatMap((group) => {
    const found = groups.get(group)
    if (found === undefined) throw new IdentityProblem(`${place} is in the group ${group}, which there is not`)
    return policiesOf(found, `group ${group}`, around)
  })
  const identity: Identity = { kind: 'user', accountId, arn, userId: id }
  const policies = {
    identity: [...policiesOf(definition, place, around), ...ofGroups],
    ...boundaryOf(definition, place, around),
  }
  return { name, arn, id, tags, policies, definition, identity }
}

function roleOf(definition: RoleDefinition, around: Around): Role {
  const { name, tags = {}, trust } = definition
  const place = `role ${name}`
  const arn = iamArn(around.accountId, 'role', definition)
  around.checkSizes(Object.values(definition.policies ?? {}), rolePoliciesCharactersMax, place)
  around.checkSizes([trust], trustPolicyCharactersMax, `${place}, trust`)
  const policies = { identity: policiesOf(definition, place, around), ...boundaryOf(definition, place, around) }
  const trusted = { name: `trust policy of ${place}`, policy: compiled(trust, 'trust', `${place}, trust`) }
  return { name, arn, id: idFor('AROA', arn, definition.createdMs), tags, policies, definition, trust: trusted }
}

function policiesOf(
  { policies = {}, managedPolicies = [] }: Definition,
  place: string,
  around: Around,
): readonly Named[] {
  const inline = Object.entries(policies).map(([name, document]) => ({
    name: `policy ${name} of ${place}`,
    policy: compiled(document, 'identity', `${place}, policy ${name}`),
  }))
  return [...inline, ...managedPolicies.map((given) => managedNamed(given, place, around))]
}

/** All inline policies of one identity together; AWS does not count blanks. */
function checkQuota(documents: readonly unknown[], max: number, place: string): void {
  const size = documents.reduce<number>((sum, each) => sum + (JSON.stringify(each) ?? '').length, 0)
  if (size > max) throw new IdentityProblem(`${place}: its policies have ${size} characters; ${max} are allowed`)
}

function boundaryOf({ boundary }: Bounded, place: string, around: Around): Pick<PolicySet, 'boundary'> {
  return boundary === undefined ? {} : { boundary: managedNamed(boundary, place, around) }
}

/** By its ARN, or by its name alone. */
function managedNamed(given: string, place: string, { accountId, managed }: Around): Named {
  const found = given.startsWith('arn:')
    ? managed.get(given)
    : ([...managed.values()].find(({ definition }) => definition?.name === given) ??
      managed.get(`arn:aws:iam::aws:policy/${given}`) ??
      managed.get(iamArn(accountId, 'policy', { name: given })))
  if (found === undefined) throw new IdentityProblem(`${place} has the managed policy ${given}, which there is not`)
  return found
}

function compiled(document: unknown, kind: PolicyKind, place: string): Policy {
  try {
    return parsePolicy(document, kind)
  } catch (error) {
    if (error instanceof PolicyProblem) throw new IdentityProblem(`${place}: ${error.message}`)
    throw error
  }
}
