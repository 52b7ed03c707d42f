/** Items that expire, as an application sees it, in the time of a cluster. */
import {
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'

const [virginia, dublin] = ['us-east-1', 'eu-west-1'] as const
const table = {
  TableName: 'Sessions',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'user', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byUser',
      KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}
const startSecond = Date.parse('2026-01-01T00:00:00Z') / 1000
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene() {
  const cluster = await createCluster({ regions: [virginia, dublin], clock: 'manual', seed: 11, tables: [table] })
  open.push(cluster)
  const at = (region: string) => {
    const client = new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
    const named = { TableName: table.TableName }
    return {
      put: async (pk: string, attributes: Readonly<Record<string, number>> = {}) => {
        const times = Object.entries(attributes).map(([name, after]) => [name, { N: String(startSecond + after) }])
        const Item = { pk: { S: pk }, user: { S: 'ada' }, ...Object.fromEntries(times) }
        await client.send(new PutItemCommand({ ...named, Item }))
      },
      extend: async (pk: string, after: number) => {
        await client.send(
          new UpdateItemCommand({
            ...named,
            Key: { pk: { S: pk } },
            UpdateExpression: 'SET expires = :later',
            ExpressionAttributeValues: { ':later': { N: String(startSecond + after) } },
          }),
        )
      },
      keys: async (IndexName?: string) => {
        const { Items = [] } = await client.send(new ScanCommand({ ...named, ...(IndexName ? { IndexName } : {}) }))
        return Items.map(({ pk }) => pk?.S ?? '').toSorted((a, b) => (a < b ? -1 : 1))
      },
      expireBy: async (AttributeName: string, Enabled = true) => {
        const TimeToLiveSpecification = { AttributeName, Enabled }
        await client.send(new UpdateTimeToLiveCommand({ ...named, TimeToLiveSpecification }))
        await cluster.settle()
      },
      described: async () => (await client.send(new DescribeTimeToLiveCommand(named))).TimeToLiveDescription,
    }
  }
  return { cluster, here: at(virginia), there: at(dublin) }
}

describe('time to live', () => {
  test('an item goes from every region and every index within ten seconds of its time, and no other does', async () => {
    const { cluster, here, there } = await scene()
    await here.expireBy('expires')
    await here.put('soon', { expires: 60 })
    await there.put('soon too', { expires: 60 })
    await here.put('later', { expires: 600 })
    await here.put('never')
    await cluster.advance('59s')
    expect(await there.keys()).toEqual(['later', 'never', 'soon', 'soon too'])
    await cluster.advance('11s')
    await cluster.settle()
    for (const region of [here, there]) {
      expect(await region.keys()).toEqual(['later', 'never'])
      expect(await region.keys('byUser')).toEqual(['later', 'never'])
    }
    expect(cluster.conflicts()).toEqual([])
  })

  test('items from before it was switched on expire too, and after another attribute takes over, by that one', async () => {
    const { cluster, here, there } = await scene()
    await here.put('old', { expires: -5, until: 300 })
    await here.put('other', { expires: 300, until: -5 })
    await here.expireBy('expires')
    await cluster.advance('10s')
    await cluster.settle()
    expect(await there.keys()).toEqual(['other'])
    await there.expireBy('expires', false)
    expect(await here.described()).toEqual({ TimeToLiveStatus: 'DISABLED' })
    await here.put('old', { expires: -5 })
    await cluster.advance('20s')
    expect(await there.keys()).toEqual(['old', 'other'])
    await here.expireBy('until')
    await cluster.advance('10s')
    await cluster.settle()
    expect(await there.keys()).toEqual(['old'])
  })

  test('an item whose time is moved stays', async () => {
    const { cluster, here, there } = await scene()
    await here.expireBy('expires')
    await here.put('session', { expires: 30 })
    await cluster.advance('29s')
    await there.extend('session', 3600)
    await cluster.settle()
    await cluster.advance('20s')
    expect([await here.keys(), await there.keys()]).toEqual([['session'], ['session']])
  })

  test('while the region of an item cannot be heard, another deletes it; a later update there wins', async () => {
    const { cluster, here, there } = await scene()
    await here.expireBy('expires')
    await here.put('a', { expires: 30 })
    await here.put('b', { expires: 30 })
    await cluster.settle()
    cluster.link(virginia, dublin).cut()
    cluster.region(virginia).kill()
    await cluster.advance('90s')
    expect(await there.keys()).toEqual([])
    await cluster.region(virginia).restart()
    await here.extend('b', 7200)
    cluster.link(virginia, dublin).heal()
    await cluster.settle()
    await cluster.assertConverged()
    expect([await here.keys(), await there.keys()]).toEqual([['b'], ['b']])
  })

  test('survives a restart of every region at once', async () => {
    const { cluster, here, there } = await scene()
    await here.expireBy('expires')
    await here.put('a', { expires: 30 })
    await cluster.settle()
    for (const region of [virginia, dublin]) cluster.region(region).kill()
    await cluster.advance('60s')
    for (const region of [virginia, dublin]) await cluster.region(region).restart()
    await cluster.advance('10s')
    await cluster.settle()
    expect([await here.keys(), await there.keys()]).toEqual([[], []])
  })
})
