/** `longitude cost` against regions that have seen some requests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CostEstimate } from '../../src/core/cost/estimate.ts'
import { type DataFolder, openDataFolder } from '../../src/deployment/data-folder.ts'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { ran } from '../unit/cli/run.ts'

const [home, away] = ['us-east-1', 'eu-west-1'] as const
const folder = mkdtempSync(join(tmpdir(), 'longitude-cost-'))
let cluster: Cluster
let opened: DataFolder | undefined
let asked: readonly string[]

beforeAll(async () => {
  cluster = await createCluster({
    regions: [home, away],
    tables: [
      {
        TableName: 'Orders',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    ],
  })
  const endpoints = { [home]: await cluster.endpoint(home), [away]: await cluster.endpoint(away) }
  opened = await openDataFolder(join(folder, 'data'), [{ name: home, number: 1 }], { endpoints })
  const client = new DynamoDB(cluster.client(home))
  const Key = { id: { S: 'a' } }
  for (let n = 0; n < 3; n++) await client.putItem({ TableName: 'Orders', Item: { ...Key, n: { N: String(n) } } })
  await client.getItem({ TableName: 'Orders', Key, ConsistentRead: true })
  client.destroy()
  asked = ['cost', '--data', join(folder, 'data')]
}, 240_000)

afterAll(async () => {
  await opened?.release()
  await cluster.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('longitude cost', () => {
  test('has what was consumed, in the region that consumed it and in its replicas', async () => {
    const { status, output, errors } = await ran(...asked, '--json')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    const { lines, observedMs } = JSON.parse(output) as CostEstimate
    const months = (730 * 3_600_000) / observedMs
    const unitsOf = (region: string, dimension: string): number | undefined => {
      const line = lines.find((each) => each.region === region && each.dimension === dimension)
      return line && Math.round(line.quantity / months)
    }
    expect(unitsOf(home, 'replicated writes')).toBe(3)
    expect(unitsOf(away, 'replicated writes')).toBe(3)
    expect(unitsOf(home, 'reads')).toBe(1)
    expect(unitsOf(away, 'reads')).toBeUndefined()
    expect(lines.find(({ dimension }) => dimension === 'storage')?.quantity).toBeGreaterThan(0)
  })

  test('prints a table, and what is not known', async () => {
    const { output } = await ran(...asked)
    expect(output).toMatch(/us-east-1 +Orders +replicated writes +\S+ \S* ?units +\d/)
    expect(output).toMatch(/us-east-1 +Orders +replication traffic.* ~/)
    expect(output).toContain('Not known, and not in the figures:')
  })

  test('goes by other prices, and says what is wrong with a file of them', async () => {
    const prices = join(folder, 'prices.json')
    writeFileSync(prices, JSON.stringify({ asOf: '2030-01-01', currency: 'USD', sources: {}, regions: {} }))
    expect((await ran(...asked, '--prices', prices)).output).toMatch(/all regions +together +at least 0\.00/)
    writeFileSync(
      prices,
      JSON.stringify({ asOf: '2030-01-01', currency: 'USD', sources: {}, regions: { here: { water: 1 } } }),
    )
    expect(await ran(...asked, '--prices', prices)).toMatchObject({
      status: 1,
      errors: expect.stringContaining('here') as string,
    })
    expect((await ran(...asked, '--over', '16d')).errors).toContain('a duration from 1m to 15d is wanted')
  })
})
