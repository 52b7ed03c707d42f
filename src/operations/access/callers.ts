/** Who a signature's principal is among the identities, and which policies come with that. */
import { parsePolicyText } from '../../core/access/parse-policy.ts'
import type { PolicySet } from '../../core/access/evaluate-policies.ts'
import type { Identities, User } from '../../core/access/identities/identities.ts'
import { type Identity, lastOf } from '../../core/access/principals.ts'
import type { Principal, Session } from '../../core/auth/credentials.ts'
import { accessCallersMax } from '../../core/limits/access-limits.ts'

export type Caller = {
  readonly identity: Identity
  readonly policies: Pick<PolicySet, 'identity' | 'boundary' | 'session'>
  readonly tags: Readonly<Record<string, string>>
  /** Of a user, also in a session of its own. */
  readonly userName?: string | undefined
  /** Of a session. */
  readonly issuedMs?: number | undefined
}

/** Keeps callers as long as the identities stay the same. */
export class Callers {
  readonly #identities: () => Identities
  #known: Identities | undefined
  readonly #callers = new Map<string, Caller>()

  constructor(identities: () => Identities) {
    this.#identities = identities
  }

  /** Undefined for a session whose role or user is there no more. */
  callerOf(principal: Principal | undefined): Caller | undefined {
    const identities = this.#identities()
    if (identities !== this.#known) {
      this.#callers.clear()
      this.#known = identities
    }
    const id = principal?.accessKeyId ?? ''
    const known = this.#callers.get(id)
    if (known !== undefined) return known
    const caller = found(identities, principal)
    if (caller === undefined) return undefined
    if (this.#callers.size >= accessCallersMax) this.#callers.clear()
    this.#callers.set(id, caller)
    return caller
  }
}

/** A key that is no user's, as those of a file of credentials alone, is the account's own: its root may do everything. */
function found(identities: Identities, principal: Principal | undefined): Caller | undefined {
  const { session, accessKeyId = '' } = principal ?? {}
  if (session?.roleArn !== undefined) return ofRole(identities, session, session.roleArn)
  if (session !== undefined) return ofOwnSession(identities, session)
  const user = identities.userOfKey.get(accessKeyId)
  return user === undefined ? rootOf(identities.accountId) : ofUser(user, undefined)
}

/** A session that a user, or the root, has of itself. */
function ofOwnSession({ users, accountId }: Identities, session: Session): Caller | undefined {
  if (session.userName === undefined) return { ...rootOf(accountId), issuedMs: session.issuedMs }
  const user = users.get(session.userName)
  return user === undefined ? undefined : ofUser(user, session)
}

/** A user, `role/NAME` as one of its sessions, or `root`. */
export function callerNamed(identities: Identities, name: string): Caller | undefined {
  const { accountId, users, roles } = identities
  if (name === 'root') return rootOf(accountId)
  const user = users.get(name)
  if (user !== undefined) return ofUser(user, undefined)
  const role = roles.get(name.replace(/^role\//, ''))
  if (role === undefined) return undefined
  const session = { issuer: '', roleArn: role.arn, name: 'explained', issuedMs: 0, expiresMs: 0 }
  return ofRole(identities, session, role.arn)
}

function rootOf(accountId: string): Caller {
  const identity: Identity = { kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId }
  return { identity, policies: { identity: [] }, tags: {} }
}

function ofUser({ identity, policies, tags, name }: User, session: Session | undefined): Caller {
  return { identity, policies, tags, userName: name, issuedMs: session?.issuedMs }
}

/** The session's ARN leaves the role's path out, as on AWS. */
function ofRole(identities: Identities, session: Session, roleArn: string): Caller | undefined {
  const role = identities.roles.get(lastOf(roleArn))
  if (role === undefined || role.arn !== roleArn) return undefined
  const { accountId } = identities
  const { name = '', policy, policyArns = [], tags = {}, issuedMs } = session
  const inline =
    policy === undefined ? [] : [{ name: 'the session policy', policy: parsePolicyText(policy, 'identity') }]
  const managed = policyArns.flatMap((arn) => identities.policies.get(arn) ?? [])
  const limits = policy === undefined && policyArns.length === 0 ? {} : { session: [...inline, ...managed] }
  return {
    identity: {
      kind: 'assumed-role',
      accountId,
      arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${name}`,
      userId: `${role.id}:${name}`,
      roleArn,
    },
    policies: { ...role.policies, ...limits },
    tags: { ...role.tags, ...tags },
    issuedMs,
  }
}
