/** STS and IAM at the endpoint of a region, by the Query protocol, and what their answers let in. */
import { ListTablesCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compileIdentities,
  type IdentityDefinitions,
  noDefinitions,
} from '../../src/core/access/identities/identities.ts'
import type { AuditEntry } from '../../src/ports/audit.ts'
import { SessionKeys } from '../../src/http/access/session-keys.ts'
import { iamEntry } from '../../src/operations/iam/iam-entry.ts'
import { stsEntry } from '../../src/operations/sts/sts-entry.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'
import { accountId, allow, arn, deny, notes, outcomeOf, policyOf, user } from './access-scene.ts'
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'

type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }

const sessionKey = 'a key of the deployment, for tests only'
const root: Keys = { accessKeyId: 'AKIAROOT', secretAccessKey: 'secret of root' }
const keysOf = (name: string): Keys => ({
  accessKeyId: `AKIA${name.toUpperCase()}`,
  secretAccessKey: `secret of ${name}`,
})
const iamArn = (resource: string) => `arn:aws:iam::${accountId}:${resource}`
const role = (name: string) => `arn:aws:iam::${accountId}:role/${name}`
const trust = (principal: string, more = {}) => ({
  Statement: { Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole', ...more },
})

let definitions: IdentityDefinitions = {
  ...noDefinitions,
  sessionKey,
  groups: [{ name: 'readers' }, { name: 'admins' }],
  policies: [{ name: 'fence', document: policyOf(allow('dynamodb:*')) }],
  users: [
    user('ann', allow(['sts:AssumeRole', 'sts:TagSession'], role('*')), allow('dynamodb:ListTables')),
    user('bob'),
    user(
      'self',
      allow(['iam:CreateAccessKey', 'iam:ListAccessKeys'], `arn:aws:iam::${accountId}:user/\${aws:username}`),
    ),
    user('admin', allow('*')),
    user(
      'lead',
      allow('iam:*', [iamArn('user/team/*'), iamArn('group/readers')]),
      deny('iam:AttachUserPolicy', '*', {
        Condition: { ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AdministratorAccess' } },
      }),
    ),
    user(
      'maker',
      allow(['iam:CreateUser', 'iam:PutUserPolicy', 'iam:PutUserPermissionsBoundary'], '*', {
        Condition: { StringEquals: { 'iam:PermissionsBoundary': iamArn('policy/fence') } },
      }),
      allow('iam:CreateAccessKey', '*', { Condition: { StringEquals: { 'iam:ResourceTag/team': 'blue' } } }),
      allow('iam:CreateUser', '*', { Condition: { StringEquals: { 'aws:RequestTag/team': 'blue' } } }),
    ),
  ],
  roles: [
    { name: 'app', trust: trust(accountId), policies: { own: policyOf(allow('dynamodb:*')) }, tags: { team: 'blue' } },
    { name: 'long', trust: trust(accountId), maxSessionSeconds: 7200 },
    { name: 'bobs', trust: trust(`arn:aws:iam::${accountId}:user/bob`) },
    {
      name: 'tagged',
      trust: {
        Statement: [
          { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'sts:AssumeRole' },
          {
            Effect: 'Allow',
            Principal: { AWS: accountId },
            Action: 'sts:TagSession',
            Condition: { StringEquals: { 'aws:RequestTag/team': ['blue', 'grün'] } },
          },
        ],
      },
      policies: {
        own: policyOf(
          allow('dynamodb:ListTables', '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'grün' } } }),
        ),
      },
    },
    { name: 'outside', trust: trust(accountId, { Condition: { StringEquals: { 'sts:ExternalId': 'x1' } } }) },
  ],
}
let identities = compileIdentities(accountId, definitions)
const credentials = () => {
  const keys = [root, ...[...identities.users.values()].flatMap((each) => each.definition.accessKeys ?? [])]
  return Object.assign(new Map(keys.map((each) => [each.accessKeyId, each])), { sessions: new SessionKeys(sessionKey) })
}
let known = credentials()
let cluster: EmbeddedCluster
let url = ''
const audited: AuditEntry[] = []
const audit = { data: false, write: (entry: AuditEntry) => void audited.push(entry) }

beforeAll(async () => {
  const clock = { wallMs: () => Date.now() }
  const random = { bytes: (count: number) => randomBytes(count) }
  const keys = new SessionKeys(sessionKey)
  const change = (edit: (given: IdentityDefinitions) => IdentityDefinitions): Promise<void> => {
    definitions = edit(definitions)
    identities = compileIdentities(accountId, definitions)
    known = credentials()
    return Promise.resolve()
  }
  const ports = { identities: () => identities, clock, random }
  const services = [
    stsEntry({ ...ports, mode: 'strict', issue: () => keys.issue.bind(keys) }),
    iamEntry({ ...ports, mode: 'strict', change }),
  ]
  const access = { mode: 'strict', identities: () => identities } as const
  cluster = await EmbeddedCluster.made(
    { regions: ['us-east-1'] },
    { api: { credentials: () => known, access, services, audit } },
  )
  url = await cluster.endpoint('us-east-1')
  await client(root).send(new CreateTableCommand(notes))
  await cluster.settle()
})
afterAll(() => cluster.close())

const client = (keys: Keys) => new DynamoDBClient({ ...cluster.client('us-east-1'), credentials: keys, maxAttempts: 1 })

async function ask(service: 'sts' | 'iam', keys: Keys, parameters: Readonly<Record<string, string>>) {
  const Version = service === 'sts' ? '2011-06-15' : '2010-05-08'
  const body = new URLSearchParams({ Version, ...parameters }).toString()
  const time = timeOf(Date.now())
  const token = keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }
  const headers = { host: new URL(url).host, 'x-amz-date': time, ...token }
  const authorization = authorizationOf({ ...keys, time, headers, body, service })
  const reply = await fetch(url, {
    method: 'POST',
    headers: { ...headers, authorization, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body,
  })
  const text = await reply.text()
  const one = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  return { status: reply.status, text, one }
}

async function session(keys: Keys, parameters: Readonly<Record<string, string>>): Promise<Keys> {
  const { text, one } = await ask('sts', keys, parameters)
  expect(text).not.toContain('<Error>')
  return {
    accessKeyId: one('AccessKeyId') ?? '',
    secretAccessKey: one('SecretAccessKey') ?? '',
    sessionToken: one('SessionToken') ?? '',
  }
}

const assume = (name: string, more = {}) => ({
  Action: 'AssumeRole',
  RoleArn: role(name),
  RoleSessionName: 'one',
  ...more,
})
const outcome = ({ status, one }: Awaited<ReturnType<typeof ask>>) => [status, one('Code'), one('Message')]

describe('STS', () => {
  test('tells who signs, without any permission', async () => {
    const { one, text } = await ask('sts', keysOf('bob'), { Action: 'GetCallerIdentity' })
    expect([one('Arn'), one('Account'), one('UserId')?.startsWith('AIDA')]).toEqual([
      `arn:aws:iam::${accountId}:user/bob`,
      accountId,
      true,
    ])
    expect(text).toContain(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>',
    )
    expect((await ask('sts', root, { Action: 'GetCallerIdentity' })).one('Arn')).toBe(`arn:aws:iam::${accountId}:root`)
  })

  test('a role’s session has the role’s rights', async () => {
    const given = await session(keysOf('ann'), assume('app'))
    expect(given.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect((await ask('sts', given, { Action: 'GetCallerIdentity' })).one('Arn')).toBe(
      `arn:aws:sts::${accountId}:assumed-role/app/one`,
    )
    expect(
      await outcomeOf(
        client(given).send(new PutItemCommand({ TableName: 'notes', Item: { owner: { S: 'a' }, nr: { N: '1' } } })),
      ),
    ).toBe('ok')
  })

  test('a session policy limits it', async () => {
    const Policy = JSON.stringify(policyOf(allow('dynamodb:GetItem', arn('table/notes'))))
    const given = client(await session(keysOf('ann'), assume('app', { Policy })))
    const key = { owner: { S: 'a' }, nr: { N: '1' } }
    expect(await outcomeOf(given.send(new GetItemCommand({ TableName: 'notes', Key: key })))).toBe('ok')
    expect(await outcomeOf(given.send(new ListTablesCommand({})))).toMatch(
      /because no session policy allows the dynamodb:ListTables action$/,
    )
  })

  test('an ASIA key needs its token, whole and its own', async () => {
    const given = await session(keysOf('ann'), assume('app'))
    const other = await session(keysOf('ann'), assume('app'))
    const unknown = 'UnrecognizedClientException: The security token included in the request is invalid.'
    const list = new ListTablesCommand({})
    const { sessionToken = '', ...bare } = given
    expect(await outcomeOf(client(bare).send(list))).toBe(unknown)
    expect(await outcomeOf(client({ ...given, sessionToken: other.sessionToken ?? '' }).send(list))).toBe(unknown)
    const [form, claims = '', seal] = sessionToken.split('.')
    const forged = Buffer.from(Buffer.from(claims, 'base64url').toString().replace('/app', '/long')).toString(
      'base64url',
    )
    expect(await outcomeOf(client({ ...given, sessionToken: [form, forged, seal].join('.') }).send(list))).toBe(unknown)
  })

  test('it ends', async () => {
    const keys = new SessionKeys(sessionKey)
    const ended = keys.issue(
      { issuer: '', roleArn: role('app'), name: 'one', issuedMs: 0, expiresMs: Date.now() - 60_000 },
      randomBytes(16),
    )
    expect(await outcomeOf(client(ended).send(new ListTablesCommand({})))).toBe(
      'ExpiredTokenException: The security token included in the request is expired',
    )
  })

  test.each<readonly [string, Keys, Readonly<Record<string, string>>, readonly unknown[]]>([
    [
      'a role that there is not',
      keysOf('ann'),
      assume('none'),
      [
        403,
        'AccessDenied',
        `User: arn:aws:iam::${accountId}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${role('none')}`,
      ],
    ],
    [
      'a role that trusts the account, without a policy',
      keysOf('bob'),
      assume('app'),
      [403, 'AccessDenied', expect.stringContaining('is not authorized to perform: sts:AssumeRole')],
    ],
    ['a role that trusts somebody else', keysOf('ann'), assume('bobs'), [403, 'AccessDenied', expect.anything()]],
    ['a role without its external id', keysOf('ann'), assume('outside'), [403, 'AccessDenied', expect.anything()]],
    [
      'a source identity',
      keysOf('ann'),
      assume('app', { SourceIdentity: 'ann' }),
      [400, 'ValidationError', 'SourceIdentity is not acted on by this version of Longitude'],
    ],
    ['the root', root, assume('app'), [403, 'AccessDenied', 'Roles may not be assumed by root accounts.']],
    [
      'longer than the role allows',
      keysOf('ann'),
      assume('app', { DurationSeconds: '7200' }),
      [400, 'ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'],
    ],
    [
      'a policy that is none',
      keysOf('ann'),
      assume('app', { Policy: '{' }),
      [400, 'MalformedPolicyDocument', 'This policy contains invalid Json'],
    ],
    [
      'a duration out of all bounds',
      keysOf('ann'),
      assume('app', { DurationSeconds: '5' }),
      [400, 'ValidationError', expect.stringContaining("'durationSeconds'")],
    ],
  ])('is refused: %s', async (_, keys, parameters, expected) => {
    expect(outcome(await ask('sts', keys, parameters))).toEqual(expected)
  })

  test('is given: by trust alone, with an external id, for as long as the role allows', async () => {
    await session(keysOf('bob'), assume('bobs'))
    await session(keysOf('ann'), assume('outside', { ExternalId: 'x1' }))
    const { one } = await ask('sts', keysOf('ann'), assume('long', { DurationSeconds: '7200' }))
    expect(Math.round((Date.parse(one('Expiration') ?? '') - Date.now()) / 60_000)).toBe(120)
  })

  test('tags of a session need a permission on both sides, and are the principal’s', async () => {
    const tag = (team: string) => ({ 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': team })
    const refused = `User: ${iamArn('user/ann')} is not authorized to perform: sts:TagSession on resource: `
    const outcomeFor = async (name: string, team: string) =>
      outcome(await ask('sts', keysOf('ann'), assume(name, tag(team))))
    expect(await outcomeFor('app', 'blue')).toEqual([403, 'AccessDenied', `${refused}${role('app')}`])
    expect(await outcomeFor('tagged', 'red')).toEqual([403, 'AccessDenied', `${refused}${role('tagged')}`])
    const list = async (team: string) =>
      await outcomeOf(client(await session(keysOf('ann'), assume('tagged', tag(team)))).send(new ListTablesCommand({})))
    expect(await list('grün')).toBe('ok')
    expect(await list('blue')).toMatch(/^AccessDenied/)
  })

  test('a user’s own session is the user', async () => {
    const given = await session(keysOf('ann'), { Action: 'GetSessionToken' })
    expect(await outcomeOf(client(given).send(new ListTablesCommand({})))).toBe('ok')
    expect((await ask('sts', given, { Action: 'GetCallerIdentity' })).one('Arn')).toBe(
      `arn:aws:iam::${accountId}:user/ann`,
    )
    expect(outcome(await ask('sts', given, { Action: 'GetSessionToken' }))).toEqual([
      403,
      'AccessDenied',
      'Cannot call GetSessionToken with session credentials',
    ])
  })
})

describe('IAM', () => {
  const admin = keysOf('admin')
  const iam = (Action: string, parameters: Readonly<Record<string, string>> = {}, keys = admin) =>
    ask('iam', keys, { Action, ...parameters })

  test('a user is made, gets a key and a policy, and comes in', async () => {
    const UserName = 'eve'
    const made = await iam('CreateUser', { UserName, Path: '/team/' })
    expect(made.one('Arn')).toBe(iamArn('user/team/eve'))
    expect(outcome(await iam('CreateUser', { UserName }))).toEqual([
      409,
      'EntityAlreadyExists',
      'User with name eve already exists.',
    ])
    const key = await iam('CreateAccessKey', { UserName })
    const keys = { accessKeyId: key.one('AccessKeyId') ?? '', secretAccessKey: key.one('SecretAccessKey') ?? '' }
    const list = () => outcomeOf(client(keys).send(new ListTablesCommand({})))
    expect(await list()).toMatch(/because no identity-based policy allows/)
    const PolicyDocument = JSON.stringify(policyOf(allow('dynamodb:ListTables')))
    await iam('PutUserPolicy', { UserName, PolicyName: 'lists', PolicyDocument })
    expect(await list()).toBe('ok')
    expect(
      decodeURIComponent((await iam('GetUserPolicy', { UserName, PolicyName: 'lists' })).one('PolicyDocument') ?? ''),
    ).toBe(PolicyDocument)
    await iam('UpdateAccessKey', { UserName, AccessKeyId: keys.accessKeyId, Status: 'Inactive' })
    expect(outcome(await iam('DeleteUser', { UserName }))).toEqual([
      409,
      'DeleteConflict',
      'Cannot delete entity, must delete policies first.',
    ])
    await iam('DeleteUserPolicy', { UserName, PolicyName: 'lists' })
    await iam('DeleteAccessKey', { UserName, AccessKeyId: keys.accessKeyId })
    await iam('DeleteUser', { UserName })
    expect(outcome(await iam('GetUser', { UserName }))).toEqual([
      404,
      'NoSuchEntity',
      'The user with name eve cannot be found.',
    ])
    const again = await iam('CreateUser', { UserName, Path: '/team/' })
    expect(again.one('UserId')).not.toBe(made.one('UserId'))
    await iam('DeleteUser', { UserName })
  })

  test('a managed policy is attached, and cannot go while it is', async () => {
    const made = await iam('CreatePolicy', {
      PolicyName: 'nothing',
      PolicyDocument: JSON.stringify(policyOf(deny('*'))),
    })
    const PolicyArn = made.one('Arn') ?? ''
    await iam('AttachUserPolicy', { UserName: 'bob', PolicyArn })
    expect((await iam('ListAttachedUserPolicies', { UserName: 'bob' })).one('PolicyArn')).toBe(PolicyArn)
    const attached = [409, 'DeleteConflict', 'Cannot delete a policy attached to entities.']
    expect(outcome(await iam('DeletePolicy', { PolicyArn }))).toEqual(attached)
    await iam('DetachUserPolicy', { UserName: 'bob', PolicyArn })
    const missing = [404, 'NoSuchEntity', `Policy ${PolicyArn} was not found.`]
    expect(outcome(await iam('DetachUserPolicy', { UserName: 'bob', PolicyArn }))).toEqual(missing)
    await iam('PutUserPermissionsBoundary', { UserName: 'bob', PermissionsBoundary: PolicyArn })
    expect((await iam('GetPolicy', { PolicyArn })).one('PermissionsBoundaryUsageCount')).toBe('1')
    expect(outcome(await iam('DeletePolicy', { PolicyArn }))).toEqual(attached)
    await iam('DeleteUserPermissionsBoundary', { UserName: 'bob' })
    expect((await iam('DeletePolicy', { PolicyArn })).status).toBe(200)
    const notAttachable = `${PolicyArn} does not exist or is not attachable.`
    expect(outcome(await iam('GetPolicy', { PolicyArn }))).toEqual(missing)
    expect(outcome(await iam('AttachUserPolicy', { UserName: 'bob', PolicyArn }))[2]).toBe(`Policy ${notAttachable}`)
    const boundary = { UserName: 'bob', PermissionsBoundary: PolicyArn }
    expect(outcome(await iam('PutUserPermissionsBoundary', boundary))[2]).toBe(`Scope ARN: ${notAttachable}`)
    expect(outcome(await iam('CreateUser', { ...boundary, UserName: 'dan' }))[2]).toBe(`Scope ARN: ${notAttachable}`)
  })

  test('a managed policy has versions, and the default one counts', async () => {
    const document = (action: string) => JSON.stringify(policyOf(allow(action)))
    const made = await iam('CreatePolicy', {
      PolicyName: 'lists',
      PolicyDocument: document('dynamodb:ListBackups'),
      'Tags.member.1.Key': 'team',
      'Tags.member.1.Value': 'blue',
    })
    const PolicyArn = made.one('Arn') ?? ''
    expect(made.text).toContain('<Tags><member><Key>team</Key><Value>blue</Value></member></Tags>')
    expect(outcome(await iam('CreatePolicy', { PolicyName: 'lists', PolicyDocument: document('a:b') }))).toEqual([
      409,
      'EntityAlreadyExists',
      'A policy called lists already exists. Duplicate names are not allowed.',
    ])
    await iam('AttachUserPolicy', { UserName: 'bob', PolicyArn })
    const bob = () => outcomeOf(client(keysOf('bob')).send(new ListTablesCommand({})))
    expect(await bob()).toMatch(/^AccessDenied/)
    const PolicyDocument = document('dynamodb:ListTables')
    const second = await iam('CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: 'true' })
    expect([second.one('VersionId'), second.one('IsDefaultVersion'), await bob()]).toEqual(['v2', 'true', 'ok'])
    expect(outcome(await iam('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' }))).toEqual([
      409,
      'DeleteConflict',
      'Cannot delete the default version of a policy.',
    ])
    await iam('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' })
    expect(await bob()).toMatch(/^AccessDenied/)
    await iam('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' })
    for (let n = 3; n < 7; n++)
      expect((await iam('CreatePolicyVersion', { PolicyArn, PolicyDocument })).one('VersionId')).toBe(`v${n}`)
    const { text } = await iam('ListPolicyVersions', { PolicyArn })
    expect([...text.matchAll(/<VersionId>(v\d)</g)].map(([, id]) => id)).toEqual(['v6', 'v5', 'v4', 'v3', 'v1'])
    expect(outcome(await iam('CreatePolicyVersion', { PolicyArn, PolicyDocument }))).toEqual([
      409,
      'LimitExceeded',
      'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    ])
    await iam('DetachUserPolicy', { UserName: 'bob', PolicyArn })
    expect(outcome(await iam('DeletePolicy', { PolicyArn }))[2]).toMatch(/^This policy has more than one version\./)
    for (const VersionId of ['v3', 'v4', 'v5', 'v6']) await iam('DeletePolicyVersion', { PolicyArn, VersionId })
    expect((await iam('DeletePolicy', { PolicyArn })).status).toBe(200)
  })

  test('AWS’s own policies are shown, and who has one', async () => {
    const PolicyArn = 'arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess'
    expect((await iam('GetPolicy', { PolicyArn })).one('PolicyName')).toBe('AmazonDynamoDBReadOnlyAccess')
    const version = await iam('GetPolicyVersion', { PolicyArn, VersionId: 'v1' })
    expect(decodeURIComponent(version.one('Document') ?? '')).toContain('dynamodb:GetItem')
    expect(outcome(await iam('DeletePolicy', { PolicyArn }))[2]).toBe(`Policy ${PolicyArn} was not found.`)
    await iam('AttachGroupPolicy', { GroupName: 'admins', PolicyArn })
    const names = async (parameters: Readonly<Record<string, string>>) =>
      [...(await iam('ListPolicies', parameters)).text.matchAll(/<PolicyName>([^<]+)</g)].map(([, name]) => name)
    expect(await names({ Scope: 'Local' })).toEqual(['fence'])
    expect(await names({ Scope: 'AWS' })).toContain('AdministratorAccess')
    expect(await names({ OnlyAttached: 'true' })).toContain('AmazonDynamoDBReadOnlyAccess')
    expect(await names({ OnlyAttached: 'true' })).not.toContain('AWSDenyAll')
    const having = await iam('ListEntitiesForPolicy', { PolicyArn })
    expect(having.one('GroupName')).toBe('admins')
    expect((await iam('ListEntitiesForPolicy', { PolicyArn, EntityFilter: 'User' })).text).not.toContain('admins')
    await iam('DetachGroupPolicy', { GroupName: 'admins', PolicyArn })
  })

  test('what is too long is refused in IAM’s words, and tags and roles are changed', async () => {
    const PolicyDocument = (length: number) => JSON.stringify(policyOf(allow(`a:${'b'.repeat(length)}`)))
    const limit = async (action: string, parameters: Readonly<Record<string, string>>) =>
      outcome(await iam(action, parameters)).slice(1)
    const inline = { PolicyName: 'p', PolicyDocument: PolicyDocument(2100) }
    expect(await limit('PutUserPolicy', { UserName: 'bob', ...inline })).toEqual([
      'LimitExceeded',
      'Maximum policy size of 2048 bytes exceeded for user bob',
    ])
    expect(await limit('CreatePolicy', { ...inline, PolicyDocument: PolicyDocument(6200) })).toEqual([
      'LimitExceeded',
      'Cannot exceed quota for PolicySize: 6144',
    ])
    const AssumeRolePolicyDocument = JSON.stringify(trust(accountId, { Sid: 'a'.repeat(2100) }))
    expect(await limit('CreateRole', { RoleName: 'much', AssumeRolePolicyDocument })).toEqual([
      'LimitExceeded',
      'Cannot exceed quota for ACLSizePerRole: 2048',
    ])
    await iam('TagRole', { RoleName: 'app', 'Tags.member.1.Key': 'stage', 'Tags.member.1.Value': 'test' })
    await iam('UntagRole', { RoleName: 'app', 'TagKeys.member.1': 'team' })
    const tags = await iam('ListRoleTags', { RoleName: 'app' })
    expect([tags.one('Key'), tags.one('Value'), tags.text.includes('team')]).toEqual(['stage', 'test', false])
    await iam('UpdateRole', { RoleName: 'app', Description: 'of the app', MaxSessionDuration: '7200' })
    const app = await iam('GetRole', { RoleName: 'app' })
    expect([app.one('Description'), app.one('MaxSessionDuration')]).toEqual(['of the app', '7200'])
    expect((await iam('ListInstanceProfilesForRole', { RoleName: 'app' })).status).toBe(200)
    await iam('AddUserToGroup', { UserName: 'bob', GroupName: 'readers' })
    expect((await iam('ListGroupsForUser', { UserName: 'bob' })).one('GroupName')).toBe('readers')
    await iam('RemoveUserFromGroup', { UserName: 'bob', GroupName: 'readers' })
  })

  test('a role is made, trusted and assumed', async () => {
    const AssumeRolePolicyDocument = JSON.stringify(trust(`arn:aws:iam::${accountId}:user/bob`))
    await iam('CreateRole', { RoleName: 'made', AssumeRolePolicyDocument })
    await iam('AttachRolePolicy', {
      RoleName: 'made',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess',
    })
    const given = client(await session(keysOf('bob'), assume('made')))
    expect(await outcomeOf(given.send(new ListTablesCommand({})))).toBe('ok')
    expect(await outcomeOf(given.send(new PutItemCommand({ TableName: 'notes', Item: {} })))).toMatch(
      /^AccessDenied|^Validation/,
    )
  })

  test('what is no policy is refused', async () => {
    const wrong = await iam('PutUserPolicy', { UserName: 'bob', PolicyName: 'x', PolicyDocument: '{"Statement":[]}' })
    expect(outcome(wrong)).toEqual([400, 'MalformedPolicyDocument', 'Missing required field Statement'])
  })

  test('asks policies itself: a user may see to its own keys and no others', async () => {
    const self = keysOf('self')
    expect((await iam('ListAccessKeys', {}, self)).one('AccessKeyId')).toBe('AKIASELF')
    expect((await iam('ListAccessKeys', { UserName: 'self' }, self)).status).toBe(200)
    expect(outcome(await iam('CreateAccessKey', { UserName: 'admin' }, self))).toEqual([
      403,
      'AccessDenied',
      `User: arn:aws:iam::${accountId}:user/self is not authorized to perform: iam:CreateAccessKey on resource: arn:aws:iam::${accountId}:user/admin because no identity-based policy allows the iam:CreateAccessKey action`,
    ])
  })

  test('a path is part of what a policy is about, and a group decides who is in it', async () => {
    const lead = keysOf('lead')
    const status = async (action: string, parameters: Readonly<Record<string, string>>) =>
      (await iam(action, parameters, lead)).status
    expect(await status('CreateUser', { UserName: 'kim', Path: '/team/' })).toBe(200)
    expect(await status('CreateUser', { UserName: 'kai', Path: '/other/' })).toBe(403)
    expect(await status('CreateAccessKey', { UserName: 'kim' })).toBe(200)
    expect(await status('CreateAccessKey', { UserName: 'bob' })).toBe(403)
    expect(await status('AddUserToGroup', { UserName: 'kim', GroupName: 'readers' })).toBe(200)
    expect(await status('AddUserToGroup', { UserName: 'kim', GroupName: 'admins' })).toBe(403)
    const attach = async (name: string): Promise<number> =>
      await status('AttachUserPolicy', { UserName: 'kim', PolicyArn: `arn:aws:iam::aws:policy/${name}` })
    expect([await attach('IAMFullAccess'), await attach('AdministratorAccess')]).toEqual([200, 403])
  })

  test('boundaries and tags are conditions of requests to IAM', async () => {
    const maker = keysOf('maker')
    const fence = iamArn('policy/fence')
    const tagged = { 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': 'blue' }
    const PolicyDocument = JSON.stringify(policyOf(allow('dynamodb:ListTables')))
    const asked: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
      ['CreateUser', { UserName: 'free' }, 403],
      ['CreateUser', { UserName: 'fenced', PermissionsBoundary: fence }, 200],
      ['PutUserPolicy', { UserName: 'fenced', PolicyName: 'p', PolicyDocument }, 200],
      ['PutUserPolicy', { UserName: 'bob', PolicyName: 'p', PolicyDocument }, 403],
      ['PutUserPermissionsBoundary', { UserName: 'bob', PermissionsBoundary: fence }, 200],
      ['CreateUser', { UserName: 'blue', ...tagged }, 200],
      ['CreateAccessKey', { UserName: 'blue' }, 200],
      ['CreateAccessKey', { UserName: 'fenced' }, 403],
    ]
    for (const [action, parameters, status] of asked)
      expect([action, parameters, (await iam(action, parameters, maker)).status]).toEqual([action, parameters, status])
    await iam('DeleteUserPermissionsBoundary', { UserName: 'bob' })
  })

  test('simulates what a principal may do', async () => {
    const { text } = await iam('SimulatePrincipalPolicy', {
      PolicySourceArn: `arn:aws:iam::${accountId}:user/ann`,
      'ActionNames.member.1': 'dynamodb:ListTables',
      'ActionNames.member.2': 'dynamodb:GetItem',
    })
    expect([...text.matchAll(/<EvalDecision>(\w+)</g)].map(([, each]) => each)).toEqual(['allowed', 'implicitDeny'])
  })
})

test('the audit log tells of STS, IAM and Lambda, with who asked and what about, and no secret', async () => {
  const { length } = audited
  const admin = keysOf('admin')
  const { one } = await ask('iam', admin, { Action: 'CreateAccessKey', UserName: 'bob' })
  await ask('iam', keysOf('bob'), { Action: 'DeleteUser', UserName: 'ann' })
  await ask('sts', keysOf('ann'), assume('app'))
  await ask('iam', { ...admin, secretAccessKey: 'wrong' }, { Action: 'ListUsers' })
  const path = '/2015-03-31/event-source-mappings/0a'
  const time = timeOf(Date.now())
  const headers = { host: new URL(url).host, 'x-amz-date': time }
  const authorization = authorizationOf({ ...admin, time, headers, body: '', service: 'lambda', method: 'GET', path })
  await fetch(`${url}${path}`, { headers: { ...headers, authorization } })
  const told = audited.slice(length)
  expect(
    told.map((entry) => [entry.service, entry.operation, entry.outcome, entry.accessKeyId, ...entry.resources]),
  ).toEqual([
    ['iam', 'CreateAccessKey', 'ok', 'AKIAADMIN', `arn:aws:iam::${accountId}:user/bob`],
    ['iam', 'DeleteUser', 'AccessDenied', 'AKIABOB', `arn:aws:iam::${accountId}:user/ann`],
    ['sts', 'AssumeRole', 'ok', 'AKIAANN', role('app')],
    ['iam', 'unknown', 'SignatureDoesNotMatch', undefined],
    ['lambda', 'GetEventSourceMapping', 'ResourceNotFoundException', 'AKIAADMIN', '0a'],
  ])
  expect(JSON.stringify(told)).not.toContain(one('SecretAccessKey') ?? '')
})
