/** Who asks, and the Principal element that names who is meant (IAM User Guide, "AWS JSON policy elements: Principal"). */

/** Who has signed a request. */
export type Identity = {
  readonly kind: 'root' | 'user' | 'assumed-role'
  readonly accountId: string
  /** Of a role's session, the session's: `arn:aws:sts::…:assumed-role/Role/session`. */
  readonly arn: string
  /** As `aws:userid` has it. */
  readonly userId: string
  /** Of a role's session. */
  readonly roleArn?: string
}

export type PrincipalNames = {
  /** `"Principal": "*"`, or `{"AWS": "*"}`. */
  readonly anyone: boolean
  readonly accounts: readonly string[]
  /** Of users, roles and sessions: ARNs and ids. */
  readonly arns: readonly string[]
  /** Services and federated or canonical users, which no client here can be. */
  readonly others: readonly string[]
}

/** How closely a statement names who asks; undefined where it does not. */
export type NamedAs = 'anyone' | 'account' | 'role' | 'itself'

export function namedAs(names: PrincipalNames, identity: Identity): NamedAs | undefined {
  if (names.arns.includes(identity.arn) || names.arns.includes(identity.userId)) return 'itself'
  if (identity.kind === 'root' && names.accounts.includes(identity.accountId)) return 'itself'
  if (identity.roleArn !== undefined && names.arns.includes(identity.roleArn)) return 'role'
  if (names.anyone) return 'anyone'
  return names.accounts.includes(identity.accountId) ? 'account' : undefined
}

/**
 * NotPrincipal is about everybody but those who are named whole: a user with the account, a session with its role and the account, as the
 * guide asks for.
 */
export function isExempt(names: PrincipalNames, { kind, accountId, arn, roleArn }: Identity): boolean {
  if (names.anyone) return true
  if (!names.accounts.includes(accountId)) return false
  if (kind === 'root') return true
  return names.arns.includes(arn) && (roleArn === undefined || names.arns.includes(roleArn))
}

const accountPattern = /^(?:(\d{12})|arn:aws[a-z-]*:iam::(\d{12}):root)$/
const arnPattern =
  /^(arn:aws[a-z-]*:iam::\d{12}:(user|role)\/[\w+=,.@\-/]{1,576}|arn:aws[a-z-]*:sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{1,64}|A(IDA|ROA|SIA)[A-Z0-9]{8,124}(:[\w+=,.@-]{1,64})?)$/

/** The names of `AWS`; undefined with the first that is none. */
export function parseAwsPrincipals(names: readonly string[]): PrincipalNames | { readonly wrong: string } {
  const accounts: string[] = []
  const arns: string[] = []
  let anyone = false
  for (const name of names) {
    const [found, bare, ofRoot] = accountPattern.exec(name) ?? []
    if (name === '*') anyone = true
    else if (found !== undefined) accounts.push(bare ?? ofRoot ?? '')
    else if (arnPattern.test(name)) arns.push(name)
    else return { wrong: name }
  }
  return { anyone, accounts, arns, others: [] }
}

/** The name of a user in its ARN, without the path. */
export const lastOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)
