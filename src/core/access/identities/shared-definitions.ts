/**
 * Definitions of identities as shared things, and back. Each user, group, role and policy is a thing; so is each of its keys, policies and
 * memberships, which belongs to it. An edit of definitions becomes the least change of things: so it meets a concurrent one in the same
 * thing only where both are about the same.
 */
import {
  type AccessKey,
  type GroupDefinition,
  iamArn,
  type IdentityDefinitions,
  type PolicyDefinition,
  type RoleDefinition,
  type UserDefinition,
} from './identities.ts'
import { managedByAws } from './managed-policies.ts'
import {
  type Gone,
  isGone,
  mergeShared,
  type SharedStamp,
  type SharedState,
  type Thing,
  type ThingId,
} from './shared-state.ts'

/** What definitions are as a tree: a value under each name, and what belongs to it. */
type Tree = ReadonlyMap<string, Branch>
type Branch = { readonly value: unknown; readonly owned: Tree }

type Owner = UserDefinition & GroupDefinition & Partial<RoleDefinition>

const leaf = (value: unknown): Branch => ({ value, owned: new Map() })

function treeOf({ users, groups, roles, policies }: IdentityDefinitions): Tree {
  const owners = (kind: string, all: readonly object[]) =>
    (all as readonly Owner[]).map((each) => [`${kind}/${each.name}`, ownerBranch(each)] as const)
  return new Map<string, Branch>([
    ...owners('user', users),
    ...owners('group', groups),
    ...owners('role', roles),
    ...policies.map(({ name, ...value }) => [`policy/${name}`, leaf(defined(value))] as const),
  ])
}

function ownerBranch(definition: Owner): Branch {
  const { path, createdMs, description, maxSessionSeconds, boundary, tags, trust } = definition
  const { policies = {}, managedPolicies = [], groups = [], accessKeys = [] } = definition
  const owned = new Map<string, Branch>([
    ...Object.entries(policies).map(([name, document]) => [`policies/${name}`, leaf(document)] as const),
    ...managedPolicies.map((given) => [`managed/${given}`, leaf(true)] as const),
    ...groups.map((group) => [`groups/${group}`, leaf(true)] as const),
    ...Object.entries(defined({ boundary, tags, trust })).map(([name, value]) => [name, leaf(value)] as const),
    ...accessKeys.map((key) => [`keys/${key.accessKeyId}`, keyBranch(key)] as const),
  ])
  return { value: defined({ path, createdMs, description, maxSessionSeconds }), owned }
}

function keyBranch({ secretAccessKey, createdMs, status }: AccessKey): Branch {
  const owned: Tree = status === 'Inactive' ? new Map([['inactive', leaf(true)]]) : new Map<string, Branch>()
  return { value: defined({ secretAccessKey, createdMs }), owned }
}

const defined = (members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

type Found = readonly [ThingId, Thing]

/** Living things by what they belong to, and by name: of several of one name the first is the one that counts. */
class Living {
  readonly #under = new Map<ThingId, Map<string, Found[]>>()

  constructor(state: SharedState) {
    for (const [id, thing] of state) {
      if (isGone(thing)) continue
      const owner = thing.of.at(-1) ?? ''
      const named = this.#under.get(owner) ?? new Map<string, Found[]>()
      this.#under.set(owner, named.set(thing.name, [...(named.get(thing.name) ?? []), [id, thing]]))
    }
    for (const named of this.#under.values()) for (const all of named.values()) all.sort(byMaking)
  }

  /** `owner`: empty for what belongs to none. */
  under(owner: ThingId): ReadonlyMap<string, readonly Found[]> {
    return this.#under.get(owner) ?? new Map<string, Found[]>()
  }
}

const byMaking = ([idA, a]: Found, [idB, b]: Found): number => (`${a.made} ${idA}` < `${b.made} ${idB}` ? -1 : 1)

/** The definitions that a state comes to. */
export function sharedDefinitions(state: SharedState): IdentityDefinitions {
  const living = new Living(state)
  const named = <Each>(kind: string, made: (name: string, found: Found) => Each): readonly Each[] =>
    namedUnder(living, '', `${kind}/`).map(([name, found]) => made(name, found))
  const owner = (name: string, found: Found): Owner => ownerOf(living, name, found)
  return {
    users: named('user', owner),
    groups: named('group', owner),
    // Without the policy that says who may assume it, a role is none.
    roles: named('role', owner).filter((role): role is RoleDefinition & Owner => role.trust !== undefined),
    policies: named('policy', (name, [, { value }]) => ({ name, ...(value as Omit<PolicyDefinition, 'name'>) })),
  }
}

/** What counts under the prefix, by the rest of the name, in its order. */
function namedUnder(living: Living, owner: ThingId, prefix: string): readonly (readonly [string, Found])[] {
  const found: (readonly [string, Found])[] = []
  for (const [name, [first]] of living.under(owner))
    if (first !== undefined && name.startsWith(prefix)) found.push([name.slice(prefix.length), first])
  return found.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function ownerOf(living: Living, name: string, [id, { value }]: Found): Owner {
  const of = (prefix: string) => namedUnder(living, id, prefix)
  const one = (member: string): object => Object.fromEntries(of(member).map(([, found]) => [member, found[1].value]))
  const policies = of('policies/')
  const managedPolicies = of('managed/').map(([given]) => given)
  const groups = of('groups/').map(([group]) => group)
  const accessKeys = of('keys/').map(([key, found]) => keyOf(living, key, found))
  return {
    name,
    ...(value as object),
    ...(policies.length === 0 ? {} : { policies: Object.fromEntries(policies.map(([each, f]) => [each, f[1].value])) }),
    ...(managedPolicies.length === 0 ? {} : { managedPolicies }),
    ...(groups.length === 0 ? {} : { groups }),
    ...one('boundary'),
    ...one('tags'),
    ...one('trust'),
    ...(accessKeys.length === 0 ? {} : { accessKeys }),
  }
}

function keyOf(living: Living, accessKeyId: string, [id, { value }]: Found): AccessKey {
  const key = { accessKeyId, ...(value as Omit<AccessKey, 'accessKeyId'>) }
  return living.under(id).has('inactive') ? { ...key, status: 'Inactive' } : key
}

const deniesAll = 'arn:aws:iam::aws:policy/AWSDenyAll'

/**
 * The definitions of a region's own file together with shared ones. The file's go before. What a shared one names and there is not, because it was
 * deleted meanwhile, is left out; a boundary that is gone leaves nothing allowed.
 */
export function withShared(
  accountId: string,
  own: IdentityDefinitions,
  shared: IdentityDefinitions,
): IdentityDefinitions {
  const beside = <Each extends { readonly name: string }>(
    all: readonly Each[],
    more: readonly Each[],
  ): readonly Each[] => {
    const names = new Set(all.map(({ name }) => name))
    return [...all, ...more.filter(({ name }) => !names.has(name))]
  }
  const policies = beside(own.policies, shared.policies)
  const arns = new Set([
    ...managedByAws.map(([arn]) => arn),
    ...policies.flatMap((each) => [iamArn(accountId, 'policy', each), each.name]),
  ])
  const groups = beside(own.groups, shared.groups)
  const groupNames = new Set(groups.map(({ name }) => name))
  const keys = new Set(own.users.flatMap(({ accessKeys = [] }) => accessKeys.map(({ accessKeyId }) => accessKeyId)))
  const isNew = ({ accessKeyId }: AccessKey): boolean =>
    !keys.has(accessKeyId) && keys.add(accessKeyId).has(accessKeyId)
  const fitting = <Each extends Partial<Owner>>(each: Each): Each => ({
    ...each,
    ...(each.managedPolicies === undefined
      ? {}
      : { managedPolicies: each.managedPolicies.filter((arn) => arns.has(arn)) }),
    ...(each.groups === undefined ? {} : { groups: each.groups.filter((group) => groupNames.has(group)) }),
    ...(each.accessKeys === undefined ? {} : { accessKeys: each.accessKeys.filter(isNew) }),
    ...(each.boundary === undefined || arns.has(each.boundary) ? {} : { boundary: deniesAll }),
  })
  return {
    ...own,
    users: beside(own.users, shared.users.map(fitting)),
    groups: beside(own.groups, shared.groups.map(fitting)),
    roles: beside(own.roles, shared.roles.map(fitting)),
    policies,
  }
}

export type Editing = {
  readonly state: SharedState
  readonly stamp: SharedStamp
  /** Another one each time. */
  readonly newId: () => ThingId
}

/** The state after an edit that has made the definitions `after` of `before`. */
export function editShared(before: IdentityDefinitions, after: IdentityDefinitions, editing: Editing): SharedState {
  const edits: [ThingId, Thing | Gone][] = []
  const living = new Living(editing.state)
  editTree({ before: treeOf(before), after: treeOf(after), of: [] }, { ...editing, living, edits })
  return mergeShared(editing.state, edits)
}

type Step = { readonly before: Tree; readonly after: Tree; readonly of: readonly ThingId[] }
type Doing = Editing & { readonly living: Living; readonly edits: [ThingId, Thing | Gone][] }

function editTree({ before, after, of }: Step, doing: Doing): void {
  const known = doing.living.under(of.at(-1) ?? '')
  for (const [name] of before) {
    if (after.has(name)) continue
    // All of the name: one that did not count must not take the place of one that was deleted.
    for (const [id] of known.get(name) ?? []) doing.edits.push([id, { of, gone: true }])
  }
  for (const [name, branch] of after) {
    const former = before.get(name)
    const [first, ...others] = former === undefined ? [] : (known.get(name) ?? [])
    if (former === undefined || first === undefined) {
      addTree(name, branch, of, doing)
      continue
    }
    const [id, thing] = first
    if (!isSameValue(former.value, branch.value)) {
      doing.edits.push([id, { ...thing, changed: doing.stamp, value: branch.value }])
      for (const [other] of others) doing.edits.push([other, { of, gone: true }])
    }
    editTree({ before: former.owned, after: branch.owned, of: [...of, id] }, doing)
  }
}

function addTree(name: string, { value, owned }: Branch, of: readonly ThingId[], doing: Doing): void {
  const { stamp, newId, edits } = doing
  const id = newId()
  edits.push([id, { name, of, made: stamp, changed: stamp, value }])
  for (const [each, branch] of owned) addTree(each, branch, [...of, id], doing)
}

const isSameValue = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
