/** `up` with one region whose store was damaged while everything was stopped: all regions start, and that one is filled again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BatchWriteItemCommand, DescribeTableCommand, ScanCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  removeFolder,
  temporaryFolder,
  type Up,
  up,
} from './command-line.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const TableName = 'Employees'
const items = 200
const pageSizeBytes = 8192
const data = temporaryFolder()
const alone = ['--no-cache', '--no-front-door', '--no-latency']
let running: Up | undefined

beforeAll(prepareProgram, 60_000)
afterAll(async () => {
  await stop()
  removeFolder(data)
}, 30_000)

const start = async (): Promise<Up> => {
  running = await up(data, '--regions', `${us},${eu}`, ...alone)
  return running
}

async function stop(): Promise<void> {
  running?.supervisor.kill('SIGTERM')
  await running?.ended
  running = undefined
}

/** One bit in the header of each leaf page that holds an item. */
function damage(path: string): number {
  const bytes = readFileSync(path)
  let pages = 0
  for (let at = 2 * pageSizeBytes; at + pageSizeBytes <= bytes.length; at += pageSizeBytes) {
    const isLeaf = bytes.readUInt32LE(at) === at / pageSizeBytes && bytes.readUInt16LE(at + 18) === 2
    if (!isLeaf || !bytes.subarray(at, at + pageSizeBytes).includes('{"EmployeeID"')) continue
    bytes.writeUInt8((bytes[at + 20] ?? 0) ^ 4, at + 20)
    pages++
  }
  writeFileSync(path, bytes)
  return pages
}

const countOf = async (at: Parameters<typeof clientAt>[0]): Promise<number | undefined> =>
  clientAt(at)
    .send(new ScanCommand({ TableName, Select: 'COUNT' }))
    .then(
      ({ Count }) => Count,
      () => undefined,
    )

test('the others start, and it is ready with all items again', { timeout: 120_000 }, async () => {
  const [first, second] = (await start()).overview.regions
  const client = clientAt(first)
  await createTable(client)
  await client.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
  await eventually('the replica is active', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    return Table?.Replicas?.every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE') === true
  })
  for (let n = 0; n < items; n += 25)
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: Array.from({ length: 25 }, (_, m) => ({
            PutRequest: { Item: { EmployeeID: { S: `e${n + m}` }, v: { S: 'v'.repeat(200) } } },
          })),
        },
      }),
    )
  await eventually('they have arrived', async () => (await countOf(second)) === items)
  await stop()
  expect(damage(join(data, eu, 'store', 'data.mdb'))).toBeGreaterThan(0)

  const { regions } = (await start()).overview
  expect(regions.map(({ region, state }) => [region, state])).toEqual([
    [us, 'ready'],
    [eu, 'ready'],
  ])
  const ready = (await (await fetch(`${regions[1]?.endpoint}/ready`)).json()) as object
  expect(ready).toMatchObject({ ready: true, damage: { reason: expect.stringMatching(/page \d+: /) } })
  expect(await countOf(regions[0])).toBe(items)
  await eventually('it is filled again', async () => (await countOf(regions[1])) === items, 30_000)
  expect((await longitude('status', '--data', data)).output).toContain(`${eu} had a damaged store`)
  await eventually('they are equal', async () => (await longitude('verify', TableName, '--data', data)).status === 0)
})
