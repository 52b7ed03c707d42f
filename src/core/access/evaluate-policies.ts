/**
 * The decision over a request, in AWS's order (IAM User Guide, "How AWS enforcement code logic evaluates requests"): an explicit deny ends
 * it; then a request needs an allow. Within an account that is one of the resource's policy or one of all of identity, boundary and session;
 * from another account it is both. What a resource's policy grants goes past the others by how closely it names who asks. The policy of the endpoint
 * that a request came by must allow it too.
 */
import { globMatches } from './glob.ts'
import type { Matched, Policy, Statement } from './policy.ts'
import { type Identity, isExempt, type NamedAs, namedAs } from './principals.ts'
import { type Facts, globFor } from './template.ts'

export type AccessRequest = {
  readonly identity: Identity
  /** `dynamodb:GetItem` */
  readonly action: string
  /** An ARN, or `*` where an action has none. */
  readonly resource: string
  /** The account of the resource. */
  readonly resourceAccount: string
  readonly facts: Facts
}

/** A policy with the name that people know it by. */
export type Named = { readonly name: string; readonly policy: Policy }

export type PolicySet = {
  readonly identity: readonly Named[]
  readonly boundary?: Named | undefined
  /** Of a session that was given some: all of them together are one list of what may be done. */
  readonly session?: readonly Named[] | undefined
  /** Of the resource. */
  readonly resource?: Named | undefined
  /** Of the private listener that the request came by: it grants nothing, and must allow too. */
  readonly endpoint?: Named | undefined
}

export type PolicyType = 'identity' | 'boundary' | 'session' | 'resource' | 'endpoint'

export type Deciding = {
  readonly type: PolicyType
  readonly name: string
  readonly policy: Policy
  readonly statement: Statement
}

export type Decision =
  | { readonly allowed: true; /** Absent for an account's root, which needs no policy. */ readonly by?: Deciding }
  /** `type`: the kind of policy that denies, or that lacks an allow. */
  | { readonly allowed: false; readonly type: PolicyType; readonly by?: Deciding }

export function evaluate(policies: PolicySet, request: AccessRequest): Decision {
  const denied = explicitDeny(policies, request)
  if (denied !== undefined) return { allowed: false, type: denied.type, by: denied }
  const decision = granting(policies, request)
  const { endpoint } = policies
  if (!decision.allowed || endpoint === undefined) return decision
  return first([endpoint], 'endpoint', 'Allow', request) === undefined ? { allowed: false, type: 'endpoint' } : decision
}

/** Where nothing denies. */
function granting(policies: PolicySet, request: AccessRequest): Decision {
  const granted = grantedByResource(policies, request)
  const isOwn = request.identity.accountId === request.resourceAccount
  if (request.identity.kind === 'root') {
    if (isOwn) return { allowed: true }
    return granted === undefined ? { allowed: false, type: 'resource' } : { allowed: true, by: granted.by }
  }
  if (isOwn && granted !== undefined && granted.closely !== 'account') {
    const limit = limited(policies, request, granted.closely)
    return limit === undefined ? { allowed: true, by: granted.by } : { allowed: false, type: limit }
  }
  const own = first(policies.identity, 'identity', 'Allow', request)
  if (own === undefined) return { allowed: false, type: 'identity' }
  const limit = limited(policies, request, 'account')
  if (limit !== undefined) return { allowed: false, type: limit }
  if (!isOwn && granted === undefined) return { allowed: false, type: 'resource' }
  return { allowed: true, by: own }
}

function explicitDeny(policies: PolicySet, request: AccessRequest): Deciding | undefined {
  return (
    first(policies.identity, 'identity', 'Deny', request) ??
    first(listOf(policies.boundary), 'boundary', 'Deny', request) ??
    first(policies.session ?? [], 'session', 'Deny', request) ??
    first(listOf(policies.resource), 'resource', 'Deny', request) ??
    first(listOf(policies.endpoint), 'endpoint', 'Deny', request)
  )
}

const listOf = (named: Named | undefined): readonly Named[] => (named === undefined ? [] : [named])

/**
 * The limit that no allow goes past. A grant to a user, or to a session by its own ARN, goes past both; one to a role is limited by the role's
 * boundary and the session's policies; one to everybody goes past neither for a user, and both for a session, as one to its role.
 */
function limited(
  { boundary, session }: PolicySet,
  request: AccessRequest,
  closely: NamedAs,
): 'boundary' | 'session' | undefined {
  if (closely === 'itself' || (closely === 'anyone' && request.identity.kind === 'user')) return undefined
  if (boundary !== undefined && first([boundary], 'boundary', 'Allow', request) === undefined) return 'boundary'
  if (session !== undefined && first(session, 'session', 'Allow', request) === undefined) return 'session'
  return undefined
}

type Granted = { readonly closely: NamedAs; readonly by: Deciding }

const closeness: readonly NamedAs[] = ['itself', 'anyone', 'role', 'account']

/** The closest allow of the resource's own policy. */
function grantedByResource({ resource }: PolicySet, request: AccessRequest): Granted | undefined {
  if (resource === undefined) return undefined
  const { name, policy } = resource
  let best: Granted | undefined
  for (const statement of policy.statements) {
    if (statement.effect !== 'Allow' || !matchesStatement(statement, request)) continue
    const { principals } = statement
    if (principals === undefined) continue
    const closely = principals.isNot ? 'account' : namedAs(principals.names, request.identity)
    if (closely === undefined) continue
    if (best === undefined || closeness.indexOf(closely) < closeness.indexOf(best.closely))
      best = { closely, by: { type: 'resource', name, policy, statement } }
  }
  return best
}

function first(
  policies: readonly Named[],
  type: PolicyType,
  effect: Statement['effect'],
  request: AccessRequest,
): Deciding | undefined {
  for (const { name, policy } of policies)
    for (const statement of policy.statements)
      if (statement.effect === effect && matchesStatement(statement, request)) return { type, name, policy, statement }
  return undefined
}

/** Whether the statement is about the request: who, what, on what, and under which conditions. */
export function matchesStatement(statement: Statement, request: AccessRequest): boolean {
  const { principals, actions, resources, conditions } = statement
  const { identity, action, resource, facts } = request
  if (principals !== undefined) {
    const { isNot, names } = principals
    if (isNot ? isExempt(names, identity) : namedAs(names, identity) === undefined) return false
  }
  const { effect } = statement
  if (!matches(actions, action.toLowerCase(), facts, effect)) return false
  if (resources !== undefined && !matches(resources, resource, facts, effect)) return false
  return conditions.every((condition) => condition.holds(facts))
}

/** A pattern whose variable has no value matches nothing. Under NotResource that would make an allow wider: there it counts for denials only. */
function matches({ isNot, patterns }: Matched, text: string, facts: Facts, effect: Statement['effect']): boolean {
  let unknown = false
  const found = patterns.some((pattern) => {
    const glob = globFor(pattern, facts)
    if (glob === undefined) unknown = true
    return glob !== undefined && globMatches(glob, text)
  })
  return isNot ? !found && (!unknown || effect === 'Deny') : found
}
