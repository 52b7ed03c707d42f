/** Access keys, membership of groups, and what a role says of itself. */
import { accessKeysPerUserMax } from '../../core/limits/access-limits.ts'
import type { AccessKey } from '../../core/access/identities/identities.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type Asked, dateOf, type Handlers, limited, page } from './iam-handler.ts'
import { named, replaced, roles, shownOne, trustOf, users } from './iam-principals.ts'

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
      throw limited(`Cannot exceed quota for AccessKeysPerUser: ${accessKeysPerUserMax}`)
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
  ListGroupsForUser: (asked) => {
    const { groups = [] } = named(users, asked)
    const { shown, more } = page(
      asked.definitions.groups.filter(({ name }) => groups.includes(name)),
      asked.input,
    )
    return { output: { Groups: shown.map((each) => shownOne('Group', each, asked)), ...more } }
  },
  UpdateAssumeRolePolicy: (asked) => {
    const role = named(roles, asked)
    const trust = trustOf(asked.input.PolicyDocument)
    return { definitions: replaced(asked.definitions, roles, role, { ...role, trust }) }
  },
  UpdateRole: (asked) => {
    const role = named(roles, asked)
    const { Description: description, MaxSessionDuration: maxSessionSeconds } = asked.input
    const by = {
      ...role,
      ...(description === undefined ? {} : { description }),
      ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
    }
    return { output: {}, definitions: replaced(asked.definitions, roles, role, by) }
  },
  /** There are no machines that would have one. */
  ListInstanceProfilesForRole: (asked) => {
    named(roles, asked)
    return { output: { InstanceProfiles: [], IsTruncated: false } }
  },
}

export const keyAndGroupHandlers: Handlers = { ...keyHandlers, ...groupHandlers }
