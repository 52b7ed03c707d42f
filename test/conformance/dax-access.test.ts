/** Policies of `dax:…` before Amazon's client: who may use the cluster, in which words it is refused, and that all who may share what is kept. */
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { Dax } from '@amazon-dax-sdk/client-dax'
import { afterEach, expect, it, vi } from 'vitest'
import { compileIdentities, noDefinitions } from '../../src/core/access/identities/identities.ts'
import { SessionKeys } from '../../src/http/access/session-keys.ts'
import type { AccessMode } from '../../src/operations/access/authorizer.ts'
import { accountId, allow, deny, keyOf, outcomeOf as outcome, secretOf, user } from '../testing/access-scene.ts'
import { type CachedRegion, cachedRegion } from './cached-region.ts'

const cluster = `arn:aws:dax:us-east-1:${accountId}:cache/longitude`
const sessionKey = 'a key for sessions, for tests only'
const TableName = 'Things'
const Key = { pk: { S: 'a' } }
const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each()
})

/** Amazon’s client puts the code of an error before its message, and names it by nothing. */
const outcomeOf = async (sent: Promise<unknown>): Promise<string> => (await outcome(sent)).replace(/^Error: /, '')

type Users = readonly ReturnType<typeof user>[]

async function scene(users: Users, { mode = 'strict', key = sessionKey }: { mode?: AccessMode; key?: string } = {}) {
  const definitions = (all: Users) => ({ ...noDefinitions, users: all, ...(key === '' ? {} : { sessionKey: key }) })
  let identities = compileIdentities(accountId, definitions(users))
  const names = [...users.map(({ name }) => name), ...(key === '' ? [] : ['root'])]
  const credentials = Object.assign(
    new Map(names.map((name) => [keyOf(name), { accessKeyId: keyOf(name), secretAccessKey: secretOf(name) }])),
    key === '' ? {} : { sessions: new SessionKeys(key) },
  )
  const world = await cachedRegion({
    dax: {},
    verifies: true,
    credentials,
    policies: { mode, identities: () => identities },
  })
  undo.push(() => world.close())
  return { world, set: (all: Users) => (identities = compileIdentities(accountId, definitions(all))) }
}

function dax({ daxUrl }: CachedRegion, name: string): Dax {
  const credentials = { accessKeyId: keyOf(name), secretAccessKey: secretOf(name) }
  const client = new Dax({ endpoint: daxUrl, region: 'us-east-1', credentials })
  undo.push(() => (client as unknown as { shutdown(): void }).shutdown())
  return client
}

function region({ regionEndpoint }: CachedRegion, name: string): DynamoDBClient {
  const credentials = { accessKeyId: keyOf(name), secretAccessKey: secretOf(name) }
  const client = new DynamoDBClient({ endpoint: regionEndpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  undo.push(() => client.destroy())
  return client
}

async function makeThings(world: CachedRegion, maker: string): Promise<void> {
  const client = region(world, maker)
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  )
  const put = async () => await client.send(new PutItemCommand({ TableName, Item: { ...Key, v: { S: '1' } } }))
  await vi.waitFor(put, { timeout: 20_000, interval: 10 })
}

const denied = (name: string, action: string): string =>
  `AccessDeniedException: User: arn:aws:iam::${accountId}:user/${name} is not authorized to perform: ${action} on resource: ${cluster} because no identity-based policy allows the ${action} action`

it('a client needs an action on the cluster and no rights of DynamoDB, and a hit of one is a hit of another', async () => {
  const reader = allow('dax:GetItem', cluster)
  const { world, set } = await scene([user('ann', reader), user('bob', reader), user('eve', allow('dynamodb:*'))])
  await makeThings(world, 'root')
  const [ann, bob, eve] = [dax(world, 'ann'), dax(world, 'bob'), dax(world, 'eve')]
  expect((await ann.getItem({ TableName, Key })).Item?.['v']).toEqual({ S: '1' })
  const asked = world.asked.length
  expect((await bob.getItem({ TableName, Key })).Item?.['v']).toEqual({ S: '1' })
  expect(world.asked.slice(asked)).not.toContain('GetItem')
  expect(await outcomeOf(eve.getItem({ TableName, Key }))).toBe(denied('eve', 'dax:GetItem'))
  expect(await outcomeOf(ann.putItem({ TableName, Item: Key }))).toBe(denied('ann', 'dax:PutItem'))
  // Her rights are DAX's alone.
  expect(await outcomeOf(region(world, 'ann').send(new GetItemCommand({ TableName, Key })))).toMatch(/^AccessDenied/)
  // What is kept answers nobody whose right has ended.
  set([user('ann'), user('bob', reader), user('eve', reader)])
  expect(await outcomeOf(ann.getItem({ TableName, Key }))).toBe(denied('ann', 'dax:GetItem'))
  expect(await outcomeOf(eve.getItem({ TableName, Key }))).toBe('ok')
})

it('a transaction needs the actions of its parts, which a condition can tell from single writes', async () => {
  const inTransactions = { Condition: { StringEquals: { 'dax:EnclosingOperation': 'TransactWriteItems' } } }
  const { world } = await scene([
    user('ann', allow(['dax:PutItem', 'dax:GetItem'], cluster), deny('dax:PutItem', '*', inTransactions)),
    user('bob', allow('dax:*', cluster)),
  ])
  await makeThings(world, 'root')
  const put = { TransactItems: [{ Put: { TableName, Item: { pk: { S: 'b' } } } }] }
  const [ann, bob] = [dax(world, 'ann'), dax(world, 'bob')]
  expect(await outcomeOf(ann.putItem({ TableName, Item: Key }))).toBe('ok')
  expect(await outcomeOf(ann.transactWriteItems(put))).toMatch(
    /dax:PutItem .* with an explicit deny in an identity-based policy$/,
  )
  expect(await outcomeOf(ann.transactGetItems({ TransactItems: [{ Get: { TableName, Key } }] }))).toBe('ok')
  expect(await outcomeOf(bob.transactWriteItems(put))).toBe('ok')
})

it('where policies are only looked at, what they would deny is served and counted', async () => {
  const { world } = await scene([user('ann')], { mode: 'audit' })
  await makeThings(world, 'root')
  expect(await outcomeOf(dax(world, 'ann').getItem({ TableName, Key }))).toBe('ok')
  expect(world.logged.filter((line) => line.includes('dax:GetItem'))).toHaveLength(1)
})

it('a cluster without rights of its own asks as the client, and keeps nothing', async () => {
  const all = allow(['dax:*', 'dynamodb:*'])
  const { world } = await scene([user('ann', all), user('bob', allow('dax:*'))], { key: '' })
  await makeThings(world, 'ann')
  const [ann, bob] = [dax(world, 'ann'), dax(world, 'bob')]
  expect(await outcomeOf(bob.getItem({ TableName, Key }))).toMatch(/^AccessDeniedException: .*dynamodb:/)
  for (const asked of [1, 2]) {
    expect(await outcomeOf(ann.putItem({ TableName, Item: Key }))).toBe('ok')
    expect(await outcomeOf(ann.getItem({ TableName, Key }))).toBe('ok')
    expect(world.asked.filter((name) => name === 'GetItem')).toHaveLength(asked)
  }
})
