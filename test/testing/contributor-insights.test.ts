/** Contributor insights of tables and indexes, and CloudWatch's rules of them, on virtual time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { jsonService } from './json-service.ts'

const home = 'us-east-1'
let cluster: Cluster

const dynamodb = () => jsonService(cluster, 'dynamodb', home)
const monitoring = () => jsonService(cluster, 'monitoring', home)

beforeAll(async () => {
  cluster = await createCluster({ regions: [home], clock: 'manual', seed: 1, capacity: 'enforce' })
})
beforeEach(async () => {
  await cluster.reset()
  await cluster.advance('5s')
  await dynamodb().served('CreateTable', {
    TableName: 'Orders',
    AttributeDefinitions: ['id', 'day', 'who'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'id', KeyType: 'HASH' },
      { AttributeName: 'day', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    OnDemandThroughput: { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 20 },
    GlobalSecondaryIndexes: [
      {
        IndexName: 'ByWho',
        KeySchema: [{ AttributeName: 'who', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  })
})
afterAll(async () => await cluster.close())

const table = { TableName: 'Orders' }
const index = { ...table, IndexName: 'ByWho' }
const enable = async (more: object = {}) =>
  await dynamodb().served('UpdateContributorInsights', { ...table, ContributorInsightsAction: 'ENABLE', ...more })
const rulesOf = async (of: object = table): Promise<readonly string[]> =>
  (await dynamodb().served('DescribeContributorInsights', of))['ContributorInsightsRuleList'] ?? []
const put = async (id: string, day = 'monday', who = 'ada') =>
  await dynamodb().ask('PutItem', { ...table, Item: { id: { S: id }, day: { S: day }, who: { S: who } } })
const get = async (id: string, day = 'monday') =>
  await dynamodb().served('GetItem', { ...table, Key: { id: { S: id }, day: { S: day } }, ConsistentRead: true })

async function contributors(RuleName: string | undefined, more: object = {}) {
  const now = cluster.now().getTime() / 1000
  return await monitoring().served('GetInsightRuleReport', {
    RuleName,
    StartTime: now - 1800 - (now % 60),
    EndTime: now + 60,
    Period: 1800 + 60,
    ...more,
  })
}
const sums = async (RuleName: string | undefined) =>
  (await contributors(RuleName))['Contributors'].map(
    ({ Keys, ApproximateAggregateValue: sum }: { Keys: string[]; ApproximateAggregateValue: number }) => [...Keys, sum],
  )

describe('contributor insights', () => {
  test('tell the keys that are accessed most, a write as three reads', async () => {
    await put('before')
    expect(await enable()).toEqual({
      ...table,
      ContributorInsightsStatus: 'ENABLING',
      ContributorInsightsMode: 'ACCESSED_AND_THROTTLED_KEYS',
    })
    await put('a')
    await put('b', 'tuesday')
    for (let n = 0; n < 4; n++) await get('a')
    await cluster.advance('1m')
    await get('a', 'friday')
    await dynamodb().served('Query', {
      ...table,
      KeyConditionExpression: 'id = :a',
      ExpressionAttributeValues: { ':a': { S: 'b' } },
      ConsistentRead: true,
    })
    const rules = await rulesOf()
    expect(rules.map((name) => name.replace(/\d+$/, ''))).toEqual(
      ['PKC', 'PKT', 'SKC', 'SKT'].map((kind) => `DynamoDBContributorInsights-${kind}-Orders-`),
    )
    expect(await sums(rules[0])).toEqual([
      ['a', 8],
      ['b', 4],
    ])
    expect(await sums(rules[2])).toEqual([
      ['a', 'monday', 7],
      ['b', 'tuesday', 3],
      ['a', 'friday', 1],
    ])
    expect(await contributors(rules[2], { Metrics: ['UniqueContributors', 'SampleCount', 'Sum'] })).toMatchObject({
      KeyLabels: ['id', 'day'],
      AggregationStatistic: 'Sum',
      AggregateValue: 11,
      ApproximateUniqueCount: 3,
      MetricDatapoints: [{ UniqueContributors: 3, SampleCount: 7, Sum: 11 }],
    })
  })

  test('tell the keys that are throttled most, and those of an index', async () => {
    await enable({ ContributorInsightsMode: 'THROTTLED_KEYS' })
    await enable({ IndexName: 'ByWho' })
    let refused = 0
    for (let n = 0; n < 30; n++) refused += (await put('hot')).status === 400 ? 1 : 0
    expect(refused).toBeGreaterThan(0)
    const [throttled] = await rulesOf()
    expect(throttled).toMatch(/^DynamoDBContributorInsights-PKT-Orders-\d+$/)
    expect(await sums(throttled)).toEqual([['hot', refused]])
    const [accessed, ofIndex] = await rulesOf(index)
    await cluster.advance('1m')
    await dynamodb().served('Query', {
      ...index,
      KeyConditionExpression: 'who = :a',
      ExpressionAttributeValues: { ':a': { S: 'ada' } },
    })
    // One entry was made and never changed; then it was read.
    expect(await sums(accessed)).toEqual([['ada', 3.5]])
    expect(await sums(ofIndex)).toEqual([])
  })

  test('are listed, switched, disabled, and survive a restart', async () => {
    const list = async (more: object = {}) => await dynamodb().served('ListContributorInsights', more)
    expect(await list()).toEqual({ ContributorInsightsSummaries: [] })
    expect(await dynamodb().served('DescribeContributorInsights', index)).toEqual({
      ...index,
      ContributorInsightsStatus: 'DISABLED',
    })
    await enable()
    await enable({ IndexName: 'ByWho', ContributorInsightsMode: 'THROTTLED_KEYS' })
    const region = cluster.region(home)
    region.kill()
    await region.restart()
    const first = await list({ MaxResults: 1 })
    expect(first).toMatchObject({ ContributorInsightsSummaries: [{ ...table, ContributorInsightsStatus: 'ENABLED' }] })
    const second = await list({ MaxResults: 1, NextToken: first['NextToken'] })
    expect(second).toEqual({
      ContributorInsightsSummaries: [
        { ...index, ContributorInsightsStatus: 'ENABLED', ContributorInsightsMode: 'THROTTLED_KEYS' },
      ],
    })
    const [rule] = await rulesOf()
    const state = async () =>
      (await monitoring().served('DescribeInsightRules', {}))['InsightRules'].map(
        ({ Name, State }: { Name: string; State: string }) => [Name, State],
      )
    expect(await state()).toHaveLength(5)
    await monitoring().served('DisableInsightRules', { RuleNames: [rule] })
    expect(await state()).toContainEqual([rule, 'DISABLED'])
    await put('unseen')
    expect(await sums(rule)).toEqual([])
    await monitoring().served('EnableInsightRules', { RuleNames: [rule] })
    await put('seen')
    expect(await sums(rule)).toEqual([['seen', 3]])
    expect(await monitoring().served('DeleteInsightRules', { RuleNames: [rule, 'none'] })).toMatchObject({
      Failures: [{ FailureResource: rule, FailureCode: 'ManagedRule' }, { FailureCode: 'ResourceNotFoundException' }],
    })
    await dynamodb().served('UpdateContributorInsights', { ...table, ContributorInsightsAction: 'DISABLE' })
    expect(await rulesOf()).toEqual([])
    expect(
      (
        await monitoring().ask('GetInsightRuleReport', {
          RuleName: rule,
          StartTime: 0,
          EndTime: 60,
          Period: 60,
        })
      ).status,
    ).toBe(404)
  })

  test('fail where there are more rules than a region may have', async () => {
    for (let n = 0; n < 26; n++) {
      const TableName = `Many${n}`
      await dynamodb().served('CreateTable', {
        TableName,
        AttributeDefinitions: ['id', 'day'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: [
          { AttributeName: 'id', KeyType: 'HASH' },
          { AttributeName: 'day', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      })
      await dynamodb().served('UpdateContributorInsights', { TableName, ContributorInsightsAction: 'ENABLE' })
    }
    const statusOf = async (TableName: string) =>
      (await dynamodb().served('DescribeContributorInsights', { TableName }))['ContributorInsightsStatus']
    expect([await statusOf('Many24'), await statusOf('Many25')]).toEqual(['ENABLED', 'FAILED'])
  })

  test.each([
    ['UpdateContributorInsights', { ContributorInsightsAction: 'ENABLE', IndexName: 'None' }, 'Index: None not found'],
    ['UpdateContributorInsights', { ContributorInsightsAction: 'START' }, 'enum value set'],
    ['DescribeContributorInsights', { TableName: 'None' }, 'Table: None not found'],
  ])('%s of %j is refused', async (operation, more, message) => {
    const { status, body } = await dynamodb().ask(operation, { ...table, ...more })
    expect([status, body['message']]).toEqual([400, expect.stringContaining(message)])
  })

  test('are all that there are rules for: a rule over log groups is refused with the reason, and with what to call instead', async () => {
    const definition = { RuleName: 'mine', RuleDefinition: '{}' }
    const { status, body } = await monitoring().ask('PutInsightRule', definition)
    expect([status, body['message']]).toEqual([
      400,
      'The rule mine cannot be made: PutInsightRule makes rules over CloudWatch log groups, and Longitude has no log groups. For the keys of a table, call UpdateContributorInsights of DynamoDB: it makes the rules.',
    ])
  })
})
