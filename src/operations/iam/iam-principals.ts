/** Users, groups and roles: they are made, shown and deleted in the same way, and have policies in the same way. */
import {
  attachedPoliciesMax,
  groupPoliciesCharactersMax,
  rolePoliciesCharactersMax,
  trustPolicyCharactersMax,
  userPoliciesCharactersMax,
} from '../../core/limits/access-limits.ts'
import type {
  GroupDefinition,
  IdentityDefinitions,
  RoleDefinition,
  UserDefinition,
} from '../../core/access/identities/identities.ts'
import { iamArn, idFor } from '../../core/access/identities/identities.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import {
  type Asked,
  conflict,
  dateOf,
  documentOf,
  exists,
  type Handlers,
  type Input,
  limited,
  noSuch,
  page,
  shownDocument,
  shownTags,
  sizeOf,
  tagsOf,
} from './iam-handler.ts'

type Any = UserDefinition & GroupDefinition & Partial<RoleDefinition>

type Kind = {
  /** As operations have it: `CreateUser`, `UserName`. */
  readonly name: 'User' | 'Group' | 'Role'
  readonly list: 'users' | 'groups' | 'roles'
  readonly idPrefix: string
  readonly made: (asked: Asked) => object
}

const bounded = (input: Input): object => ({
  ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
  ...(input.Tags === undefined ? {} : { tags: tagsOf(input) }),
})

const kinds: readonly Kind[] = [
  { name: 'User', list: 'users', idPrefix: 'AIDA', made: ({ input }) => bounded(input) },
  { name: 'Group', list: 'groups', idPrefix: 'AGPA', made: () => ({}) },
  {
    name: 'Role',
    list: 'roles',
    idPrefix: 'AROA',
    made: ({ input }) => ({
      ...bounded(input),
      trust: trustOf(input.AssumeRolePolicyDocument),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.MaxSessionDuration === undefined ? {} : { maxSessionSeconds: input.MaxSessionDuration }),
    }),
  },
]

/** The user, group or role that the input names; a user that names none means itself. */
export function named({ name: kind, list }: Pick<Kind, 'name' | 'list'>, { input, definitions, caller }: Asked): Any {
  const given = input[`${kind}Name`] ?? (kind === 'User' ? caller : undefined) ?? ''
  const found = (definitions[list] as readonly Any[]).find(({ name }) => name === given)
  if (found === undefined) throw noSuch(kind.toLowerCase(), given)
  return found
}

/** The definitions with another in the place of one, or without it. */
export function replaced(
  definitions: IdentityDefinitions,
  { list }: Pick<Kind, 'list'>,
  of: Any,
  by: Any | undefined,
): IdentityDefinitions {
  const all = definitions[list] as readonly Any[]
  return { ...definitions, [list]: all.flatMap((each) => (each === of ? (by ?? []) : each)) }
}

export const users = { name: 'User', list: 'users' } as const
export const roles = { name: 'Role', list: 'roles' } as const

export function trustOf(text: string | undefined): unknown {
  const trust = documentOf(text, 'trust')
  if (sizeOf([trust]) > trustPolicyCharactersMax)
    throw limited(`Cannot exceed quota for ACLSizePerRole: ${trustPolicyCharactersMax}`)
  return trust
}

export const shownOne = (kind: Kind['name'], definition: object, asked: Asked): object =>
  shown(kinds.find(({ name }) => name === kind) as Kind, definition as Any, asked)

function shown({ name: kind, idPrefix }: Kind, definition: Any, { identities: { accountId } }: Asked): object {
  const arn = iamArn(accountId, kind.toLowerCase(), definition)
  const { name, path = '/', createdMs, boundary, tags, trust, description, maxSessionSeconds } = definition
  return {
    Path: path,
    [`${kind}Name`]: name,
    [`${kind}Id`]: idFor(idPrefix, arn, createdMs),
    Arn: arn,
    CreateDate: dateOf(createdMs),
    ...(kind === 'Role'
      ? { AssumeRolePolicyDocument: shownDocument(trust), MaxSessionDuration: maxSessionSeconds ?? 3600 }
      : {}),
    ...(description === undefined ? {} : { Description: description }),
    ...(boundary === undefined
      ? {}
      : {
          PermissionsBoundary: {
            PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
            PermissionsBoundaryArn: boundary,
          },
        }),
    ...(tags === undefined ? {} : { Tags: shownTags(tags) }),
  }
}

function ownHandlers(kind: Kind): Handlers {
  const { name, list } = kind
  return {
    [`Create${name}`]: (asked) => {
      const { input, definitions, nowMs } = asked
      const { PermissionsBoundary: boundary } = input
      const given = input[`${name}Name`] ?? ''
      if ((definitions[list] as readonly Any[]).some((each) => each.name.toLowerCase() === given.toLowerCase()))
        throw exists(name, given)
      if (boundary !== undefined && !asked.identities.policies.has(boundary)) throw noBoundary(boundary)
      const made = {
        name: given,
        ...(input.Path === undefined ? {} : { path: input.Path }),
        createdMs: nowMs,
        ...kind.made(asked),
      } as Any
      return {
        output: { [name]: shown(kind, made, asked) },
        definitions: { ...definitions, [list]: [...definitions[list], made] },
      }
    },
    [`Get${name}`]: (asked) => ({
      output: {
        [name]: shown(kind, named(kind, asked), asked),
        ...(name === 'Group' ? { Users: membersOf(asked), IsTruncated: false } : {}),
      },
    }),
    [`List${name}s`]: (asked) => {
      const { input, definitions } = asked
      const all = (definitions[list] as readonly Any[]).filter(({ path = '/' }) =>
        path.startsWith(input.PathPrefix ?? '/'),
      )
      const { shown: each, more } = page(all, input)
      return { output: { [`${name}s`]: each.map((one) => shown(kind, one, asked)), ...more } }
    },
    [`Delete${name}`]: (asked) => {
      const found = named(kind, asked)
      if ((found.managedPolicies ?? []).length > 0) throw conflict('detach all policies')
      if (Object.keys(found.policies ?? {}).length > 0) throw conflict('delete policies')
      if ((found.accessKeys ?? []).length > 0) throw conflict('delete access keys')
      if ((found.groups ?? []).length > 0 || (name === 'Group' && membersOf(asked).length > 0))
        throw conflict('remove users from group')
      return { definitions: replaced(asked.definitions, kind, found, undefined) }
    },
  }
}

const membersOf = (asked: Asked): readonly object[] =>
  asked.definitions.users
    .filter(({ groups = [] }) => groups.includes(asked.input.GroupName ?? ''))
    .map((user) => shownOne('User', user, asked))

const inlineMax: Readonly<Record<Kind['name'], number>> = {
  User: userPoliciesCharactersMax,
  Group: groupPoliciesCharactersMax,
  Role: rolePoliciesCharactersMax,
}

/** What is beyond the quota already, as of two regions together, may get smaller. */
function withInline({ name: kind }: Kind, { name, policies = {} }: Any, added: Readonly<Record<string, unknown>>) {
  const more = { ...policies, ...added }
  const size = sizeOf(Object.values(more))
  if (size > inlineMax[kind] && size > sizeOf(Object.values(policies)))
    throw limited(`Maximum policy size of ${inlineMax[kind]} bytes exceeded for ${kind.toLowerCase()} ${name}`)
  return more
}

/** Inline policies, and managed ones that are attached. */
function policyHandlers(kind: Kind): Handlers {
  const { name } = kind
  const changed = (asked: Asked, change: (of: Any) => Partial<Any>) => {
    const found = named(kind, asked)
    return { definitions: replaced(asked.definitions, kind, found, { ...found, ...change(found) }) }
  }
  return {
    [`Put${name}Policy`]: (asked) => {
      const { PolicyName: policy = '', PolicyDocument: text } = asked.input
      const document = documentOf(text, 'identity')
      return changed(asked, (of) => ({ policies: withInline(kind, of, { [policy]: document }) }))
    },
    [`Get${name}Policy`]: (asked) => {
      const found = named(kind, asked)
      const { PolicyName: policy = '' } = asked.input
      const document = ownPolicy(kind, found, policy)
      return { output: { [`${name}Name`]: found.name, PolicyName: policy, PolicyDocument: shownDocument(document) } }
    },
    [`List${name}Policies`]: (asked) => {
      const { shown: PolicyNames, more } = page(Object.keys(named(kind, asked).policies ?? {}), asked.input)
      return { output: { PolicyNames, ...more } }
    },
    [`Delete${name}Policy`]: (asked) =>
      changed(asked, (of) => {
        const { PolicyName: policy = '' } = asked.input
        ownPolicy(kind, of, policy)
        return { policies: Object.fromEntries(Object.entries(of.policies ?? {}).filter(([each]) => each !== policy)) }
      }),
    [`Attach${name}Policy`]: (asked) =>
      changed(asked, ({ managedPolicies = [] }) => {
        const { PolicyArn: arn = '' } = asked.input
        if (!asked.identities.policies.has(arn)) throw noPolicy(arn)
        if (managedPolicies.length >= attachedPoliciesMax && !managedPolicies.includes(arn)) throw tooManyAttached(name)
        return { managedPolicies: [...new Set([...managedPolicies, arn])] }
      }),
    [`Detach${name}Policy`]: (asked) =>
      changed(asked, ({ managedPolicies = [] }) => {
        const { PolicyArn: arn = '' } = asked.input
        const left = managedPolicies.filter((each) => each !== arn && each !== arn.slice(arn.lastIndexOf('/') + 1))
        if (left.length === managedPolicies.length) throw notFound(arn)
        return { managedPolicies: left }
      }),
    [`ListAttached${name}Policies`]: (asked) => {
      const { shown: each, more } = page(named(kind, asked).managedPolicies ?? [], asked.input)
      return {
        output: { AttachedPolicies: each.map((given) => attached(given, asked)), ...more },
      }
    },
  }
}

function ownPolicy({ name }: Kind, { policies = {} }: Any, policy: string): unknown {
  if (!Object.hasOwn(policies, policy))
    throw new ServiceRefusal('NoSuchEntity', `The ${name.toLowerCase()} policy with name ${policy} cannot be found.`, {
      type: 'NoSuchEntityException',
      status: 404,
    })
  return policies[policy]
}

function attached(given: string, { identities: { accountId, policies } }: Asked): object {
  const arn = given.startsWith('arn:')
    ? given
    : ([`arn:aws:iam::aws:policy/${given}`, iamArn(accountId, 'policy', { name: given })].find((each) =>
        policies.has(each),
      ) ?? given)
  return { PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }
}

const noSuchPolicy = (message: string): ServiceRefusal =>
  new ServiceRefusal('NoSuchEntity', message, { type: 'NoSuchEntityException', status: 404 })

/** Of one that is to be attached. */
const noPolicy = (arn: string): ServiceRefusal => noSuchPolicy(`Policy ${arn} does not exist or is not attachable.`)

export const notFound = (arn: string): ServiceRefusal => noSuchPolicy(`Policy ${arn} was not found.`)

/** Of one that is to be a boundary. */
const noBoundary = (arn: string): ServiceRefusal =>
  noSuchPolicy(`Scope ARN: ${arn} does not exist or is not attachable.`)

const tooManyAttached = (name: string): ServiceRefusal =>
  limited(`Cannot exceed quota for PoliciesPer${name}: ${attachedPoliciesMax}`)

function boundaryHandlers(kind: Kind): Handlers {
  const changed = (asked: Asked, boundary: string | undefined) => {
    const found = named(kind, asked)
    const { boundary: _, ...rest } = found
    const by = boundary === undefined ? rest : { ...rest, boundary }
    return { definitions: replaced(asked.definitions, kind, found, by) }
  }
  return {
    [`Put${kind.name}PermissionsBoundary`]: (asked) => {
      const { PermissionsBoundary: arn = '' } = asked.input
      if (!asked.identities.policies.has(arn)) throw noBoundary(arn)
      return changed(asked, arn)
    },
    [`Delete${kind.name}PermissionsBoundary`]: (asked) => changed(asked, undefined),
  }
}

export const principalHandlers: Handlers = Object.assign(
  {},
  ...kinds.map((kind) => ({
    ...ownHandlers(kind),
    ...policyHandlers(kind),
    ...(kind.name === 'Group' ? {} : boundaryHandlers(kind)),
  })),
) as Handlers
