import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { useCluster as useInJest } from '../../src/testing/fixtures/jest.ts'
import { useCluster as useInNodeTest } from '../../src/testing/fixtures/node-test.ts'
import { useCluster } from '../../src/testing/fixtures/vitest.ts'

const orders = {
  TableName: 'Orders',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}

describe('the fixture of vitest', () => {
  const cluster = useCluster({ regions: ['us-east-1'], clock: 'manual', tables: [orders] })

  test.each(['the first', 'the next'])('gives %s test the tables without items', async () => {
    const client = new DynamoDBClient(cluster().client())
    const key = { TableName: 'Orders', Key: { pk: { S: 'a' } } }
    expect((await client.send(new GetItemCommand(key))).Item).toBeUndefined()
    await client.send(new PutItemCommand({ TableName: 'Orders', Item: { pk: { S: 'a' } } }))
    expect((await client.send(new GetItemCommand(key))).Item).toEqual({ pk: { S: 'a' } })
  })
})

describe('the fixture of jest', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test('takes the hooks of the runner from its globals', async () => {
    const hooks: Record<string, () => Promise<void>> = {}
    for (const name of ['beforeAll', 'beforeEach', 'afterAll'])
      vi.stubGlobal(name, (work: () => Promise<void>) => void (hooks[name] = work))
    const cluster = useInJest({ regions: ['us-east-1'] })
    expect(() => cluster()).toThrow('the cluster is there within tests and hooks only')
    await hooks['beforeAll']?.()
    await hooks['beforeEach']?.()
    expect(cluster().regions).toEqual(['us-east-1'])
    await hooks['afterAll']?.()
    await expect(cluster().settle()).rejects.toThrow('the cluster is closed')
  })

  test('says what is missing where there are none', () => {
    expect(() => useInJest()).toThrow('needs the global hooks of a test runner')
  })
})

test('the fixture of node:test takes that runner’s hooks', () => {
  // Run for what it is by the examples (npm run test:package).
  expect(useInNodeTest).toBeTypeOf('function')
})
