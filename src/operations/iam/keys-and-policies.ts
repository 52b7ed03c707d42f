/** Access keys, membership of groups, trust, and managed policies. */
import { accessKeysPerUserMax } from '../../core/access-limits.ts'
import { type AccessKey, iamArn, idFor, type PolicyDefinition } from '../../core/access/identities.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type Asked, dateOf, documentOf, exists, type Handlers, noSuch, page, shownDocument } from './asked.ts'
import { named, notFound, replaced, users } from './principals.ts'

const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function newKey({ random, nowMs }: Asked): AccessKey {
  const id = [...random(16)].map((byte) => idAlphabet[byte & 31]).join('')
  return { accessKeyId: `AKIA${id}`, secretAccessKey: random(30).toString('base64'), createdMs: nowMs }
}

const shownKey = (user: string, { accessKeyId, status = 'Active', createdMs }: AccessKey): object => ({
  UserName: user,
  AccessKeyId: accessKeyId,
  Status: status,
  CreateDate: dateOf(createdMs),
})

/** The user of the key that the input names, and its keys with that one changed or left out. */
function withKey(asked: Asked, change: (key: AccessKey) => AccessKey | undefined) {
  const user = named(users, asked)
  const { AccessKeyId: id = '' } = asked.input
  const keys = user.accessKeys ?? []
  if (!keys.some(({ accessKeyId }) => accessKeyId === id))
    throw new ServiceRefusal('NoSuchEntity', `The Access Key with id ${id} cannot be found.`, {
      type: 'NoSuchEntityException',
      status: 404,
    })
  const accessKeys = keys.flatMap((key) => (key.accessKeyId === id ? (change(key) ?? []) : key))
  return { definitions: replaced(asked.definitions, users, user, { ...user, accessKeys }) }
}

const keyHandlers: Handlers = {
  CreateAccessKey: (asked) => {
    const user = named(users, asked)
    const keys = user.accessKeys ?? []
    if (keys.length >= accessKeysPerUserMax)
      throw new ServiceRefusal('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${accessKeysPerUserMax}`, {
        type: 'LimitExceededException',
        status: 409,
      })
    const key = newKey(asked)
    return {
      output: { AccessKey: { ...shownKey(user.name, key), SecretAccessKey: key.secretAccessKey } },
      definitions: replaced(asked.definitions, users, user, { ...user, accessKeys: [...keys, key] }),
    }
  },
  ListAccessKeys: (asked) => {
    const user = named(users, asked)
    const { shown, more } = page(user.accessKeys ?? [], asked.input)
    return { output: { AccessKeyMetadata: shown.map((key) => shownKey(user.name, key)), ...more } }
  },
  UpdateAccessKey: (asked) => withKey(asked, (key) => ({ ...key, status: asked.input.Status })),
  DeleteAccessKey: (asked) => withKey(asked, () => undefined),
}

const groupHandlers: Handlers = {
  AddUserToGroup: (asked) => {
    const user = named(users, asked)
    const group = named({ name: 'Group', list: 'groups' }, asked)
    const groups = [...new Set([...(user.groups ?? []), group.name])]
    return { definitions: replaced(asked.definitions, users, user, { ...user, groups }) }
  },
  RemoveUserFromGroup: (asked) => {
    const user = named(users, asked)
    const { GroupName: group } = asked.input
    const groups = (user.groups ?? []).filter((each) => each !== group)
    return { definitions: replaced(asked.definitions, users, user, { ...user, groups }) }
  },
  UpdateAssumeRolePolicy: (asked) => {
    const kind = { name: 'Role', list: 'roles' } as const
    const role = named(kind, asked)
    const trust = documentOf(asked.input.PolicyDocument, 'trust')
    return { definitions: replaced(asked.definitions, kind, role, { ...role, trust }) }
  },
}

function shownPolicy(definition: PolicyDefinition, { identities: { accountId }, definitions }: Asked): object {
  const arn = iamArn(accountId, 'policy', definition)
  const { name, path = '/', description, createdMs } = definition
  const all = [...definitions.users, ...definitions.groups, ...definitions.roles]
  return {
    PolicyName: name,
    PolicyId: idFor('ANPA', arn),
    Arn: arn,
    Path: path,
    DefaultVersionId: 'v1',
    AttachmentCount: all.filter(({ managedPolicies = [] }) =>
      managedPolicies.some((each) => each === arn || each === name),
    ).length,
    PermissionsBoundaryUsageCount: [...definitions.users, ...definitions.roles].filter(
      ({ boundary }) => boundary === arn || boundary === name,
    ).length,
    IsAttachable: true,
    ...(description === undefined ? {} : { Description: description }),
    CreateDate: dateOf(createdMs),
    UpdateDate: dateOf(createdMs),
  }
}

function policyNamed({ input: { PolicyArn: arn = '' }, definitions, identities }: Asked): PolicyDefinition {
  const found = definitions.policies.find((each) => iamArn(identities.accountId, 'policy', each) === arn)
  if (found === undefined) throw notFound(arn)
  return found
}

const attachedStill = (): ServiceRefusal =>
  new ServiceRefusal('DeleteConflict', 'Cannot delete a policy attached to entities.', {
    type: 'DeleteConflictException',
    status: 409,
  })

const policyHandlers: Handlers = {
  CreatePolicy: (asked) => {
    const { PolicyName: name = '', Path: path, Description: description, PolicyDocument: text } = asked.input
    if (asked.definitions.policies.some((each) => each.name === name)) throw exists('A policy called', name)
    const made: PolicyDefinition = {
      name,
      ...(path === undefined ? {} : { path }),
      ...(description === undefined ? {} : { description }),
      document: documentOf(text, 'identity'),
      createdMs: asked.nowMs,
    }
    return {
      output: { Policy: shownPolicy(made, asked) },
      definitions: { ...asked.definitions, policies: [...asked.definitions.policies, made] },
    }
  },
  GetPolicy: (asked) => ({ output: { Policy: shownPolicy(policyNamed(asked), asked) } }),
  GetPolicyVersion: (asked) => {
    const { document, createdMs } = policyNamed(asked)
    if (asked.input.VersionId !== 'v1') throw noSuch('policy version', asked.input.VersionId ?? '')
    const version = {
      Document: shownDocument(document),
      VersionId: 'v1',
      IsDefaultVersion: true,
      CreateDate: dateOf(createdMs),
    }
    return { output: { PolicyVersion: version } }
  },
  ListPolicies: (asked) => {
    const own = asked.input.Scope === 'AWS' ? [] : asked.definitions.policies
    const { shown, more } = page(own, asked.input)
    return { output: { Policies: shown.map((each) => shownPolicy(each, asked)), ...more } }
  },
  DeletePolicy: (asked) => {
    const found = policyNamed(asked)
    const arn = iamArn(asked.identities.accountId, 'policy', found)
    const { users: all, groups, roles } = asked.definitions
    const isIt = (each: string | undefined): boolean => each === arn || each === found.name
    const isUsed =
      [...all, ...groups, ...roles].some(({ managedPolicies = [] }) => managedPolicies.some(isIt)) ||
      [...all, ...roles].some(({ boundary }) => isIt(boundary))
    if (isUsed) throw attachedStill()
    return {
      definitions: { ...asked.definitions, policies: asked.definitions.policies.filter((each) => each !== found) },
    }
  },
}

export const otherHandlers: Handlers = { ...keyHandlers, ...groupHandlers, ...policyHandlers }
