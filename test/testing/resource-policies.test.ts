/** Policies of tables and streams through the SDK: what is taken, how it is kept, and what it decides. */
import type { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import {
  CreateTableCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  GetResourcePolicyCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  type PutResourcePolicyCommandInput,
  QueryCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { DescribeStreamCommand, DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accountId,
  accessScene,
  allow,
  arn,
  deny,
  keyOf,
  makeNotes,
  notes,
  outcomeOf,
  policyOf,
  type Scene,
  user,
} from './access-scene.ts'

const TableName = 'notes'
const table = arn('table/notes')
const iam = (name: string): string => `arn:aws:iam::${accountId}:${name}`
const by = (principal: unknown, statement: object) => ({ ...statement, Principal: principal })
const control = allow(['dynamodb:*ResourcePolicy', 'dynamodb:DescribeTable'])

let scene: Scene
let streamArn = ''
beforeAll(async () => {
  scene = await accessScene(
    { users: [user('ann'), user('bob', allow('dynamodb:*')), user('keeper', control)] },
    { regions: ['us-east-1', 'eu-west-1'] },
  )
  await makeNotes(scene)
  const { Table } = await scene.client('root').send(new DescribeTableCommand({ TableName }))
  streamArn = Table?.LatestStreamArn ?? ''
})
afterAll(() => scene.cluster.close())

const as = (name: string, command: unknown, region?: string): Promise<string> =>
  outcomeOf(scene.client(name, region).send(command as ListTablesCommand))

const put = (statements: object | readonly object[], more: Partial<PutResourcePolicyCommandInput> = {}) =>
  scene.client('root').send(
    new PutResourcePolicyCommand({
      ResourceArn: table,
      Policy: JSON.stringify(policyOf(...([statements].flat() as Record<string, unknown>[]))),
      ...more,
    }),
  )
const get = (ResourceArn = table) => scene.client('root').send(new GetResourcePolicyCommand({ ResourceArn }))
const remove = (more = {}) =>
  scene.client('root').send(new DeleteResourcePolicyCommand({ ResourceArn: table, ...more }))
const item = new PutItemCommand({ TableName, Item: { owner: { S: 'a' }, nr: { N: '1' } } })
const read = new GetItemCommand({ TableName, Key: { owner: { S: 'a' }, nr: { N: '1' } } })

describe('what is kept', () => {
  test('a policy, in its canonical form, until it is deleted', async () => {
    const given = {
      Statement: [
        {
          Resource: [table],
          Action: ['dynamodb:GetItem'],
          Principal: { AWS: [accountId] },
          Effect: 'Allow',
          Sid: 'a b',
        },
      ],
    }
    const { RevisionId = '' } = await scene
      .client('root')
      .send(new PutResourcePolicyCommand({ ResourceArn: table, Policy: JSON.stringify(given, undefined, 2) }))
    expect(RevisionId).toMatch(/^\d{13}$/)
    const kept = await get()
    expect(kept.RevisionId).toBe(RevisionId)
    expect(kept.Policy).toBe(
      `{"Version":"2008-10-17","Statement":[{"Sid":"a b","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${accountId}:root"},"Action":"dynamodb:GetItem","Resource":"${table}"}]}`,
    )
    expect((await remove()).RevisionId).toBe(RevisionId)
    expect(await outcomeOf(get())).toMatch(/^PolicyNotFoundException: Resource-based policy not found/)
    expect((await remove()).RevisionId).toBeUndefined()
  })

  test('an equal document has the same revision, another one another', async () => {
    const statement = by({ AWS: iam('user/ann') }, allow('dynamodb:GetItem', table))
    const first = await put(statement)
    expect((await put([statement])).RevisionId).toBe(first.RevisionId)
    expect((await put(by({ AWS: iam('user/bob') }, allow('dynamodb:GetItem', table)))).RevisionId).not.toBe(
      first.RevisionId,
    )
  })

  test('a revision that is expected', async () => {
    const statement = by({ AWS: iam('user/ann') }, allow('dynamodb:GetItem', table))
    const { RevisionId = '' } = await put(statement)
    const other = by({ AWS: iam('user/ann') }, allow('dynamodb:PutItem', table))
    expect(await outcomeOf(put(other, { ExpectedRevisionId: '1' }))).toMatch(
      /^PolicyNotFoundException: .*did not match$/,
    )
    expect(await outcomeOf(put(other, { ExpectedRevisionId: 'NO_POLICY' }))).toMatch(/^PolicyNotFoundException/)
    expect(await outcomeOf(put(other, { ExpectedRevisionId: RevisionId }))).toBe('ok')
    expect(await outcomeOf(remove({ ExpectedRevisionId: RevisionId }))).toMatch(
      /^PolicyNotFoundException: .*did not match$/,
    )
    await remove()
    expect(await outcomeOf(remove({ ExpectedRevisionId: RevisionId }))).toMatch(/^PolicyNotFoundException/)
    expect(await outcomeOf(put(statement, { ExpectedRevisionId: 'NO_POLICY' }))).toBe('ok')
    await remove()
  })

  test('a new table may come with one', async () => {
    const made = { ...notes, TableName: 'guarded' }
    const ResourcePolicy = JSON.stringify(
      policyOf(by({ AWS: iam('user/ann') }, allow('dynamodb:GetItem', arn('table/guarded')))),
    )
    await scene.client('root').send(new CreateTableCommand({ ...made, ResourcePolicy }))
    expect((await get(arn('table/guarded'))).Policy).toContain(iam('user/ann'))
    expect(await as('bob', new CreateTableCommand({ ...notes, TableName: 'wrong', ResourcePolicy: '{' }))).toMatch(
      /invalid Json$/,
    )
  })
})

describe('what is refused', () => {
  const invalid = 'ValidationException: One or more parameter values were invalid: Invalid policy document: '
  test.each<readonly [string, unknown, string]>([
    ['no JSON', '{', `${invalid}This policy contains invalid Json`],
    [
      'no resource',
      { Statement: { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'dynamodb:GetItem' } },
      `${invalid}Missing required field Resource`,
    ],
    [
      'a Sid twice',
      { Statement: [1, 2].map(() => ({ ...by({ AWS: accountId }, allow('dynamodb:GetItem', table)), Sid: 'x' })) },
      `${invalid}The Statement Ids in the policy are not unique`,
    ],
    [
      'unknown actions',
      policyOf(by({ AWS: accountId }, allow(['dynamodb:GetItem', 'dynamodb:ListTables', 's3:GetObject'], table))),
      `${invalid}The following action names are invalid: "dynamodb:ListTables", "s3:getobject"`,
    ],
    [
      'a principal that is none',
      policyOf(by({ AWS: 'ann' }, allow('dynamodb:GetItem', table))),
      'ValidationException: Invalid principal in policy document.',
    ],
    [
      'everybody',
      policyOf(by('*', allow('dynamodb:GetItem', table))),
      'ValidationException: Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access',
    ],
    [
      '20 KB',
      `${JSON.stringify(policyOf(by({ AWS: accountId }, allow('dynamodb:GetItem', table))))}${' '.repeat(20_480)}`,
      'ValidationException: One or more parameter values were invalid: Maximum policy size of 20480 bytes exceeded',
    ],
  ])('%s', async (_, policy, message) => {
    const Policy = typeof policy === 'string' ? policy : JSON.stringify(policy)
    expect(await as('root', new PutResourcePolicyCommand({ ResourceArn: table, Policy }))).toBe(message)
  })

  test.each([
    ['notes', "One or more parameter values were invalid: ARNs must start with 'arn:': notes"],
    [
      'arn:aws:s3:::notes',
      'One or more parameter values were invalid: Provided Arn is not a DynamoDB resource arn: arn:aws:s3:::notes',
    ],
    [
      `${table}/index/by-color`,
      `One or more parameter values were invalid: Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${table}/index/by-color`,
    ],
  ])('the ARN %s', async (ResourceArn, message) => {
    expect(await as('root', new GetResourcePolicyCommand({ ResourceArn }))).toBe(`ValidationException: ${message}`)
  })

  test('everybody within a bound is taken, and so is a denial of everybody', async () => {
    const bounded = { StringEquals: { 'aws:PrincipalAccount': accountId } }
    expect(await outcomeOf(put(by('*', allow('dynamodb:GetItem', table, { Condition: bounded }))))).toBe('ok')
    expect(await outcomeOf(put(by('*', deny('dynamodb:DeleteTable', table))))).toBe('ok')
    await remove()
  })
})

describe('what it decides', () => {
  test('it grants to a user without any policy, on the table and its indexes as they are named', async () => {
    await put(by({ AWS: iam('user/ann') }, allow(['dynamodb:GetItem', 'dynamodb:Query'], [table, `${table}/index/*`])))
    expect(await as('ann', read)).toBe('ok')
    const byColor = { TableName, KeyConditionExpression: 'color = :c', ExpressionAttributeValues: { ':c': { S: 'a' } } }
    expect(await as('ann', new QueryCommand({ ...byColor, IndexName: 'by-color' }))).toBe('ok')
    expect(await as('ann', item)).toBe(
      `AccessDeniedException: User: ${iam('user/ann')} is not authorized to perform: dynamodb:PutItem on resource: ${table} because no identity-based policy allows the dynamodb:PutItem action`,
    )
    await remove()
    expect(await as('ann', read)).toMatch(/^AccessDeniedException/)
  })

  test('it denies what identity policies allow, also to the root', async () => {
    await put(by('*', deny('dynamodb:DeleteTable', table)))
    const explicit = (who: string) =>
      `AccessDeniedException: User: ${who} is not authorized to perform: dynamodb:DeleteTable on resource: ${table} with an explicit deny in a resource-based policy`
    expect(await as('bob', new DeleteTableCommand({ TableName }))).toBe(explicit(iam('user/bob')))
    expect(await as('root', new DeleteTableCommand({ TableName }))).toBe(explicit(iam('root')))
    await remove()
  })

  test('a writer does not lock itself out unless it says so, and the root can always end it', async () => {
    const locking = JSON.stringify(policyOf(by('*', deny('dynamodb:*ResourcePolicy', table))))
    const lock = { ResourceArn: table, Policy: locking }
    expect(await as('keeper', new PutResourcePolicyCommand(lock))).toMatch(
      /^ValidationException: .*ConfirmRemoveSelfResourceAccess/,
    )
    expect(await as('keeper', new PutResourcePolicyCommand({ ...lock, ConfirmRemoveSelfResourceAccess: true }))).toBe(
      'ok',
    )
    expect(await as('keeper', new DeleteResourcePolicyCommand({ ResourceArn: table }))).toMatch(
      /with an explicit deny in a resource-based policy$/,
    )
    expect(await outcomeOf(remove())).toBe('ok')
  })

  test('a stream has a policy of its own', async () => {
    const ann = new DynamoDBStreamsClient({
      ...scene.cluster.client('us-east-1'),
      credentials: { accessKeyId: keyOf('ann'), secretAccessKey: 'secret of ann' },
      maxAttempts: 1,
    })
    const describeStream = new DescribeStreamCommand({ StreamArn: streamArn })
    expect(await outcomeOf(ann.send(describeStream))).toMatch(/^AccessDeniedException/)
    const granted = by({ AWS: iam('user/ann') }, allow('dynamodb:DescribeStream', streamArn))
    await put(granted, { ResourceArn: streamArn })
    expect(await outcomeOf(ann.send(describeStream))).toBe('ok')
    expect(await outcomeOf(get())).toMatch(/^PolicyNotFoundException/)
    expect(
      await outcomeOf(
        put(by({ AWS: accountId }, allow('dynamodb:ListStreams', streamArn)), { ResourceArn: streamArn }),
      ),
    ).toMatch(/"dynamodb:ListStreams"$/)
    ann.destroy()
  })

  test('a replica has none of another region’s', async () => {
    await put(by({ AWS: iam('user/ann') }, allow('dynamodb:GetItem', table)))
    await scene
      .client('root')
      .send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }] }))
    await scene.cluster.settle()
    expect(await as('ann', read)).toBe('ok')
    expect(await as('ann', read, 'eu-west-1')).toMatch(/^AccessDeniedException/)
    expect(
      await as('root', new GetResourcePolicyCommand({ ResourceArn: arn('table/notes', 'eu-west-1') }), 'eu-west-1'),
    ).toMatch(/^PolicyNotFoundException/)
  })
})
