/** Managed policies of the account with their versions, AWS's own among them, and which users, groups and roles they are attached to. */
import { managedPolicyCharactersMax, policyVersionsMax } from '../../core/limits/access-limits.ts'
import { iamArn, idFor, type PolicyDefinition, type PolicyVersion } from '../../core/access/identities/identities.ts'
import { documentsOfAws } from '../../core/access/identities/managed-policies.ts'
import { lastOf } from '../../core/access/principals.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import {
  type Answered,
  type Asked,
  dateOf,
  deleteConflict,
  documentOf,
  type Handlers,
  limited,
  noSuch,
  page,
  shownDocument,
  shownTags,
  sizeOf,
  tagsOf,
} from './iam-handler.ts'
import { notFound } from './iam-principals.ts'

type Uses = { readonly PermissionsPolicy: number; readonly PermissionsBoundary: number }

type Managed = { readonly arn: string; readonly definition: PolicyDefinition; readonly isOfAws: boolean }

const ofAws: readonly Managed[] = [...documentsOfAws].map(([arn, document]) => ({
  arn,
  definition: { name: lastOf(arn), document },
  isOfAws: true,
}))

const ownPolicies = ({ definitions, identities: { accountId } }: Asked): readonly Managed[] =>
  definitions.policies.map((definition) => ({
    arn: iamArn(accountId, 'policy', definition),
    definition,
    isOfAws: false,
  }))

const isMeant =
  ({ arn, definition: { name } }: Managed) =>
  (given: string | undefined): boolean =>
    given === arn || given === name

function usesOf(policy: Managed, { definitions: { users, groups, roles } }: Asked): Uses {
  const is = isMeant(policy)
  return {
    PermissionsPolicy: [...users, ...groups, ...roles].filter(({ managedPolicies = [] }) => managedPolicies.some(is))
      .length,
    PermissionsBoundary: [...users, ...roles].filter(({ boundary }) => is(boundary)).length,
  }
}

/** In lists AWS leaves out the description and the tags. */
function shownPolicy(policy: Managed, asked: Asked, isListed: boolean): object {
  const { arn, definition, isOfAws } = policy
  const { name, path = '/', description, createdMs, updatedMs = createdMs, version = 1, tags } = definition
  const uses = usesOf(policy, asked)
  return {
    PolicyName: name,
    PolicyId: idFor('ANPA', arn, createdMs),
    Arn: arn,
    Path: path,
    DefaultVersionId: `v${version}`,
    AttachmentCount: uses.PermissionsPolicy,
    PermissionsBoundaryUsageCount: uses.PermissionsBoundary,
    IsAttachable: true,
    ...(isListed || description === undefined ? {} : { Description: description }),
    ...(isListed || tags === undefined ? {} : { Tags: shownTags(tags) }),
    // When AWS made its own is not known here.
    ...(isOfAws ? {} : { CreateDate: dateOf(createdMs), UpdateDate: dateOf(updatedMs) }),
  }
}

function policyNamed(asked: Asked, isToChange = false): Managed {
  const { PolicyArn: arn = '' } = asked.input
  const found = [...ownPolicies(asked), ...(isToChange ? [] : ofAws)].find((each) => each.arn === arn)
  if (found === undefined) throw notFound(arn)
  return found
}

const versionsOf = ({ versions, document, createdMs }: PolicyDefinition): readonly PolicyVersion[] =>
  versions ?? [{ version: 1, document, createdMs }]

function versionNamed(definition: PolicyDefinition, id = ''): PolicyVersion {
  const found = versionsOf(definition).find(({ version }) => `v${version}` === id)
  if (found === undefined) throw noSuch('policy version', id)
  return found
}

function shownVersion({ version, document, createdMs }: PolicyVersion, of: Managed, isListed: boolean): object {
  return {
    ...(isListed ? {} : { Document: shownDocument(document) }),
    VersionId: `v${version}`,
    IsDefaultVersion: version === (of.definition.version ?? 1),
    ...(of.isOfAws ? {} : { CreateDate: dateOf(createdMs) }),
  }
}

function changed(asked: Asked, { definition }: Managed, by: PolicyDefinition | undefined): Answered {
  const policies = asked.definitions.policies.flatMap((each) => (each === definition ? (by ?? []) : each))
  return { definitions: { ...asked.definitions, policies } }
}

function managedDocument(text: string | undefined): unknown {
  const document = documentOf(text, 'identity')
  if (sizeOf([document]) > managedPolicyCharactersMax)
    throw limited(`Cannot exceed quota for PolicySize: ${managedPolicyCharactersMax}`)
  return document
}

const taken = (name: string): ServiceRefusal =>
  new ServiceRefusal(
    'EntityAlreadyExists',
    `A policy called ${name} already exists. Duplicate names are not allowed.`,
    {
      type: 'EntityAlreadyExistsException',
      status: 409,
    },
  )

const policies: Handlers = {
  CreatePolicy: (asked) => {
    const { input, definitions, nowMs: createdMs } = asked
    const { PolicyName: name = '', Path: path, Description: description, PolicyDocument: text, Tags: tags } = input
    if (definitions.policies.some((each) => each.name === name)) throw taken(name)
    const made: PolicyDefinition = {
      name,
      ...(path === undefined ? {} : { path }),
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags: tagsOf(input) }),
      document: managedDocument(text),
      createdMs,
    }
    const arn = iamArn(asked.identities.accountId, 'policy', made)
    return {
      output: { Policy: shownPolicy({ arn, definition: made, isOfAws: false }, asked, false) },
      definitions: { ...definitions, policies: [...definitions.policies, made] },
    }
  },
  GetPolicy: (asked) => ({ output: { Policy: shownPolicy(policyNamed(asked), asked, false) } }),
  ListPolicies: (asked) => {
    const { Scope: scope = 'All', OnlyAttached: isAttached = false, PathPrefix: prefix = '/' } = asked.input
    const { PolicyUsageFilter: use } = asked.input
    const all = [...(scope === 'AWS' ? [] : ownPolicies(asked)), ...(scope === 'Local' ? [] : ofAws)]
    const asWanted = all.filter((each) => {
      if (!(each.definition.path ?? '/').startsWith(prefix)) return false
      const uses = usesOf(each, asked)
      if (use !== undefined) return uses[use] > 0
      return !isAttached || uses.PermissionsPolicy > 0
    })
    const { shown, more } = page(asWanted, asked.input)
    return { output: { Policies: shown.map((each) => shownPolicy(each, asked, true)), ...more } }
  },
  DeletePolicy: (asked) => {
    const found = policyNamed(asked, true)
    const { PermissionsPolicy: attached, PermissionsBoundary: bounding } = usesOf(found, asked)
    if (attached + bounding > 0) throw deleteConflict('Cannot delete a policy attached to entities.')
    if (versionsOf(found.definition).length > 1) throw deleteConflict(hasVersions)
    return changed(asked, found, undefined)
  },
  ListEntitiesForPolicy: (asked) => {
    const { EntityFilter: filter, PathPrefix: prefix = '/', PolicyUsageFilter: use } = asked.input
    const is = isMeant(policyNamed(asked))
    const kinds = [
      ['Group', asked.definitions.groups, 'AGPA'],
      ['User', asked.definitions.users, 'AIDA'],
      ['Role', asked.definitions.roles, 'AROA'],
    ] as const
    const all = kinds.flatMap(([kind, list, idPrefix]) =>
      list
        .filter((each) => {
          const { path = '/', managedPolicies = [] } = each
          const { boundary } = each as { readonly boundary?: string }
          const isUsed =
            (use !== 'PermissionsBoundary' && managedPolicies.some(is)) || (use !== 'PermissionsPolicy' && is(boundary))
          return isUsed && path.startsWith(prefix) && (filter === undefined || filter === kind)
        })
        .map((each) => {
          const arn = iamArn(asked.identities.accountId, kind.toLowerCase(), each)
          return { kind, shown: { [`${kind}Name`]: each.name, [`${kind}Id`]: idFor(idPrefix, arn, each.createdMs) } }
        }),
    )
    const { shown, more } = page(all, asked.input)
    const of = (wanted: string) => shown.filter(({ kind }) => kind === wanted).map((each) => each.shown)
    return { output: { PolicyGroups: of('Group'), PolicyUsers: of('User'), PolicyRoles: of('Role'), ...more } }
  },
}

const hasVersions =
  "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."

const versions: Handlers = {
  CreatePolicyVersion: (asked) => {
    const found = policyNamed(asked, true)
    const { definition } = found
    const { PolicyDocument: text, SetAsDefault: isDefault = false } = asked.input
    const known = versionsOf(definition)
    if (known.length >= policyVersionsMax) throw limited(tooManyVersions)
    const version = (definition.lastVersion ?? 1) + 1
    const document = managedDocument(text)
    const made = { version, document, createdMs: asked.nowMs }
    const by: PolicyDefinition = {
      ...definition,
      versions: [...known, made],
      lastVersion: version,
      ...(isDefault ? { document, version, updatedMs: asked.nowMs } : {}),
    }
    const output = { PolicyVersion: shownVersion(made, { ...found, definition: by }, true) }
    return { output, ...changed(asked, found, by) }
  },
  GetPolicyVersion: (asked) => {
    const found = policyNamed(asked)
    return {
      output: { PolicyVersion: shownVersion(versionNamed(found.definition, asked.input.VersionId), found, false) },
    }
  },
  ListPolicyVersions: (asked) => {
    const found = policyNamed(asked)
    const { shown, more } = page(versionsOf(found.definition).toReversed(), asked.input)
    return { output: { Versions: shown.map((each) => shownVersion(each, found, true)), ...more } }
  },
  SetDefaultPolicyVersion: (asked) => {
    const found = policyNamed(asked, true)
    const { version, document } = versionNamed(found.definition, asked.input.VersionId)
    return changed(asked, found, { ...found.definition, version, document, updatedMs: asked.nowMs })
  },
  DeletePolicyVersion: (asked) => {
    const found = policyNamed(asked, true)
    const { version } = versionNamed(found.definition, asked.input.VersionId)
    if (version === (found.definition.version ?? 1))
      throw deleteConflict('Cannot delete the default version of a policy.')
    const left = versionsOf(found.definition).filter((each) => each.version !== version)
    return changed(asked, found, { ...found.definition, versions: left })
  },
}

const tooManyVersions = `A managed policy can have up to ${policyVersionsMax} versions. Before you create a new version, you must delete an existing version.`

/** Its tags, and how it is with others. */
export function taggedPolicy(asked: Asked, isToChange: boolean) {
  const found = policyNamed(asked, isToChange)
  const { tags } = found.definition
  return {
    tags,
    with: (others: PolicyDefinition['tags']) => changed(asked, found, { ...found.definition, tags: others }),
  }
}

export const managedPolicyHandlers: Handlers = { ...policies, ...versions }
