/** Two regions, each with a file of identities of its own, whose IAM changes reach the other; also after they could not hear each other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchAccess, type WatchedAccess } from '../../src/deployment/secrets/identities/watched-access.ts'
import { iamEntry } from '../../src/operations/iam/iam-entry.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { accountId, allow, policyOf, user } from './access-scene.ts'
import { quiet } from '../replication/nats.ts'

const regions = ['us-east-1', 'eu-west-1'] as const
type Name = (typeof regions)[number]
type Answer = { readonly AccessKey: { readonly AccessKeyId: string; readonly SecretAccessKey: string } }

let folder: string
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-shared-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const key = 'with this the regions seal what they share'
const fileOf = (name: string): string => join(folder, `${name}.json`)

function made(name: Name, shared: object): WatchedAccess {
  writeFileSync(fileOf(name), JSON.stringify({ users: [user(`${name}-admin`, allow('*'))], shared }), { mode: 0o600 })
  const access = watchAccess({ identities: fileOf(name), accountId }, quiet)
  ends.push(() => access.stop())
  return access
}

test('users and keys travel between regions, and what was deleted or deactivated stays so', async () => {
  const sides = { 'us-east-1': made('us-east-1', { key }), 'eu-west-1': made('eu-west-1', { key }) }
  const cluster = await EmbeddedCluster.made(
    { regions: [...regions], clock: 'manual' },
    { api: { identitiesOf: (region) => sides[region as Name].shared! } },
  )
  ends.push(async () => await cluster.close())
  const iam = async (name: Name, operation: string, input: object): Promise<Answer> => {
    const { identities, change } = sides[name]
    const clock = { wallMs: () => Date.now() }
    const random = { bytes: (count: number) => randomBytes(count) }
    const service = await iamEntry({ identities: identities!, change: change!, mode: 'strict', clock, random }).load()
    return (await service.run({ operation, input } as never)) as Answer
  }
  const users = (name: Name) => [...sides[name].identities!().users.keys()].filter((each) => !each.endsWith('-admin'))
  const keys = (name: Name) =>
    [...sides[name].credentials!().keys()].filter((each) => each.startsWith('AKIA') && each.length === 20)

  await iam('us-east-1', 'CreateUser', { UserName: 'ann' })
  await iam('us-east-1', 'CreateUser', { UserName: 'bob' })
  const { AccessKey } = await iam('us-east-1', 'CreateAccessKey', { UserName: 'ann' })
  const document = JSON.stringify(policyOf(allow('dynamodb:GetItem')))
  await iam('us-east-1', 'PutUserPolicy', { UserName: 'ann', PolicyName: 'p', PolicyDocument: document })
  await cluster.advance('10s')
  expect([users('eu-west-1'), keys('eu-west-1')]).toEqual([['ann', 'bob'], [AccessKey.AccessKeyId]])
  expect(sides['eu-west-1'].identities!().users.get('ann')?.policies.identity).toHaveLength(1)
  // What each file has of its own stays there.
  expect(sides['eu-west-1'].identities!().users.has('us-east-1-admin')).toBe(false)
  for (const name of regions) {
    expect(readFileSync(`${fileOf(name)}.shared`).includes(AccessKey.SecretAccessKey)).toBe(false)
    expect(readFileSync(fileOf(name), 'utf8')).not.toContain('bob')
  }

  cluster.link('us-east-1', 'eu-west-1').cut()
  const { AccessKeyId } = AccessKey
  await iam('eu-west-1', 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' })
  await iam('eu-west-1', 'DeleteUser', { UserName: 'bob' })
  await iam('us-east-1', 'PutUserPolicy', { UserName: 'bob', PolicyName: 'late', PolicyDocument: document })
  await iam('us-east-1', 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' })
  await iam('us-east-1', 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Active' })
  await cluster.advance('10s')
  expect([users('us-east-1'), keys('us-east-1')]).toEqual([['ann', 'bob'], [AccessKeyId]])

  cluster.link('us-east-1', 'eu-west-1').heal()
  await cluster.advance('30s')
  for (const name of regions) expect([name, users(name), keys(name)]).toEqual([name, ['ann'], []])
  expect(await iam('us-east-1', 'ListAccessKeys', { UserName: 'ann' })).toMatchObject({
    AccessKeyMetadata: [{ AccessKeyId, Status: 'Inactive' }],
  })
})

test('a region with another key is refused, and one that knows the former key is understood', () => {
  const other = 'a key that another region has after a change'
  const [us, eu] = [made('us-east-1', { key }), made('eu-west-1', { key: other })]
  const answer = us.shared!.answer(eu.shared!.question()!)
  expect(() => eu.shared!.read(answer)).toThrow('sealed with a key that is not in the file of identities')
  const both = made('eu-west-1', { key: other, formerKeys: [key] })
  expect(both.shared!.read(answer)).toEqual({ things: [], after: undefined })
  expect(() => us.shared!.answer('{}')).toThrow('no question about identities')
})

test('without a key to share with, IAM changes the file, and nothing is asked of peers', async () => {
  const path = fileOf('alone')
  writeFileSync(path, JSON.stringify({ users: [] }), { mode: 0o600 })
  const access = watchAccess({ identities: path, accountId }, quiet)
  ends.push(() => access.stop())
  await access.change!((all) => ({ ...all, users: [{ name: 'ann' }] }))
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ users: [{ name: 'ann' }] })
  expect(access.shared!.question()).toBeUndefined()
  expect(() => access.shared!.answer('{"digests":[]}')).toThrow('this region shares no identities')
})
