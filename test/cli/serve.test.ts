import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { beforeAll, expect, test } from 'vitest'
import { build } from '../../src/cli/prepare.mjs'
import { programPath } from './command-line.ts'

beforeAll(() => build(fileURLToPath(new URL('../..', import.meta.url)), () => {}), 120_000)

test('serves regions in memory at free ports, and ends when it is told to', async () => {
  const server = spawn(process.execPath, [
    programPath,
    'serve',
    '--ephemeral',
    '--regions',
    'us-east-1,eu-west-1',
    '--json',
  ])
  try {
    const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
    const { regions } = JSON.parse(line) as {
      readonly regions: { readonly region: string; readonly endpoint: string }[]
    }
    expect(regions.map(({ region }) => region)).toEqual(['us-east-1', 'eu-west-1'])
    const [{ endpoint, region } = { endpoint: '', region: '' }] = regions
    const client = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
    const key = { AttributeName: 'pk', AttributeType: 'S' as const, KeyType: 'HASH' as const }
    const table = {
      TableName: 'Orders',
      AttributeDefinitions: [key],
      KeySchema: [key],
      BillingMode: 'PAY_PER_REQUEST' as const,
    }
    await client.send(new CreateTableCommand(table))
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(['Orders'])
    expect((await fetch(`${endpoint}/_longitude/reset`, { method: 'POST' })).status).toBe(200)
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual([])
    client.destroy()
  } finally {
    server.kill()
  }
  expect(await once(server, 'exit')).toEqual([0, null])
})

test.each([
  [[], 'serve keeps nothing: say so by --ephemeral'],
  [['--ephemeral', '--clock', 'none'], 'clock'],
  [['--ephemeral', '--regions', 'Mars'], 'regions: "Mars" is no region’s name'.replace('’', "'")],
  [['--ephemeral', '--tables', 'nowhere.yaml'], 'nowhere.yaml cannot be read'],
])('refuses %j in a sentence', (options, message) => {
  const { status, stderr } = spawnSync(process.execPath, [programPath, 'serve', ...options], { encoding: 'utf8' })
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('    at ')
  expect(status).toBe(1)
})
