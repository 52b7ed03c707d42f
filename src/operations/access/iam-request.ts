/**
 * What a request to IAM is about, and what IAM's condition keys say of it (Service Authorization Reference, "Actions, resources, and condition keys
 * for AWS Identity and Access Management"). The path of a user, group or role is part of its ARN, so a policy on `user/team/*` holds for all in it.
 */
import {
  type Identities,
  iamArn,
  type RoleDefinition,
  type UserDefinition,
} from '../../core/access/identities/identities.ts'

type Input = Readonly<Record<string, unknown>>

/** Of IAM's keys, as policies ask for them. */
export type IamFacts = {
  readonly policyArn?: string | undefined
  readonly boundary?: string | undefined
  /** Of the user, role or managed policy that the request is about. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly input: Input
}

export type IamRequest = {
  /** Undefined for the principal itself, which is meant where no user is named. */
  readonly resource: string | undefined
  readonly facts: IamFacts
}

type Owner = Partial<UserDefinition & RoleDefinition>
type Kind = { readonly name: 'User' | 'Role' | 'Group'; readonly list: 'users' | 'roles' | 'groups' }

const group: Kind = { name: 'Group', list: 'groups' }
const kinds: readonly Kind[] = [{ name: 'User', list: 'users' }, { name: 'Role', list: 'roles' }, group]

/** Who is in a group is the group's affair. */
const ofGroup: ReadonlySet<string> = new Set(['AddUserToGroup', 'RemoveUserFromGroup'])
const ofAll: ReadonlySet<string> = new Set([
  'ListUsers',
  'ListGroups',
  'ListRoles',
  'ListPolicies',
  'SimulateCustomPolicy',
])
const attaching = /^(Attach|Detach)(User|Group|Role)Policy$/
const bounding = /^(Create|Put)(User|Role)(PermissionsBoundary)?$/
const boundedChange = /^(Attach|Delete|Detach|Put)(User|Role)(Policy|PermissionsBoundary)$/

export function iamRequest(
  operation: string,
  input: Input,
  { accountId, definitions }: Pick<Identities, 'accountId' | 'definitions'>,
): IamRequest {
  const { PolicyArn: policy, PolicyName: name, PolicySourceArn: source, PermissionsBoundary: given } = input
  const kind = ofGroup.has(operation) ? group : kinds.find((each) => typeof input[`${each.name}Name`] === 'string')
  const owner = kind && ownerOf(kind, input, definitions[kind.list])
  const boundary = bounding.test(operation)
    ? given
    : boundedChange.test(operation)
      ? arnOf(owner?.boundary, accountId)
      : undefined
  const facts: IamFacts = {
    policyArn: attaching.test(operation) ? textOf(policy) : undefined,
    boundary: textOf(boundary),
    tags: owner?.tags ?? definitions.policies.find((each) => iamArn(accountId, 'policy', each) === policy)?.tags,
    input,
  }
  const at = (resource: string | undefined): IamRequest => ({ resource, facts })
  if (typeof source === 'string') return at(source)
  if (ofAll.has(operation)) return at('*')
  if (kind !== undefined) return at(iamArn(accountId, kind.name.toLowerCase(), namedAs(kind, input, owner)))
  if (typeof policy === 'string') return at(policy)
  if (operation === 'CreatePolicy')
    return at(iamArn(accountId, 'policy', { name: textOf(name) ?? '', path: textOf(input['Path']) }))
  return at(undefined)
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A definition may name a policy without the rest of its ARN. */
const arnOf = (policy: string | undefined, accountId: string): string | undefined =>
  policy === undefined || policy.startsWith('arn:') ? policy : iamArn(accountId, 'policy', { name: policy })

/** In any letters, as IAM tells names apart. */
function ownerOf({ name: kind }: Kind, input: Input, all: readonly Owner[]): Owner | undefined {
  const given = textOf(input[`${kind}Name`])?.toLowerCase()
  return all.find(({ name = '' }) => name.toLowerCase() === given)
}

/** One that is made has the path that is asked for. */
const namedAs = ({ name: kind }: Kind, input: Input, owner: Owner | undefined) => ({
  name: owner?.name ?? textOf(input[`${kind}Name`]) ?? '',
  path: owner?.path ?? textOf(input['Path']),
})
