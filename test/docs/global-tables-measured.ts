/**
 * docs/concepts/global-tables-measured.md: what AWS says of global tables, what was seen of AWS, and what a test sees here, each with its date.
 *
 *   npx tsx test/docs/global-tables-measured.ts        writes it
 */
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { type Wait, waits } from '../../src/core/table/waits.ts'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { globalTables } from '../differences/global-tables.ts'
import type { Difference } from '../differences/difference.ts'
import { table } from './lost-writes/scene.ts'

export const page = fileURLToPath(new URL('../../docs/concepts/global-tables-measured.md', import.meta.url))

const regions = ['us-east-1', 'eu-west-1'] as const
const [here, there] = regions
const { TableName } = table
const id = '1'
/** One way: within a continent, across the Atlantic, across the Pacific, half around the world. */
const distancesMs = [5, 35, 75, 100]
const gapsMs = [0, 20, 30, 40, 50, 60]
const gapDistanceMs = 35
const arrivalMsMax = 1000

const replicaWaits: readonly Wait[] = [
  'replica listing',
  'replica creation',
  'replica creation with items',
  'replica removal',
  'replica deletion',
  'replica change',
]

/** From the developer guide, read in April 2026, and the user guide of the Fault Injection Service. */
const said = [
  [
    'how late a write arrives elsewhere',
    '“typically within a second or less”; no figure is promised',
    '*How it works* of the developer guide',
  ],
  [
    'two writes of one item',
    'the last writer wins, by a time that is not shown; the lost one is recorded nowhere',
    '*Best practices for global tables*',
  ],
  ['transactions', 'atomic in the region that was asked; elsewhere item by item', '*How it works*'],
  ['conditions and strongly consistent reads', 'by the region’s own copy', '*How it works*'],
  [
    '“has everything arrived?”',
    '“There is no metric to indicate with absolute certainty that Region A has fully replicated.”',
    '*Evacuating a Region*',
  ],
  ['pausing replication', 'begins up to five minutes late', '*Fault Injection Service*'],
]

export async function pageText(): Promise<string> {
  const parts = [
    `# Global tables, measured

What AWS says of global tables (version 2019.11.21, eventual consistency), what others saw of AWS, and what a test sees here. The page is made by
a program ([test/docs](../../test/docs/global-tables-measured.ts)), and a test fails when the third part is no longer so.`,
    '## What AWS says',
    'Read in April 2026.',
    tableOf(['', 'AWS', 'where'], said),
    '## What was seen of AWS',
    'How long replicas take, in October 2026, in regions of the USA. `--timing aws` makes a region of Longitude take as long ([timing](timing.md)).',
    tableOf(
      ['', 'seen on AWS', 'here, with `--timing aws`'],
      replicaWaits.map((name) => [name, waits[name].seen, `${waits[name].ms / 1000} s`]),
    ),
    'What it does that the documentation does not say, or says otherwise, as far as Longitude does something else. The last column says how this is known.',
    tableOf(
      ['on AWS', 'here', 'known by'],
      Object.values<Difference>(globalTables).map(({ aws, here: ours, evidence, date }) => [
        aws,
        ours,
        `${evidence} (${date})`,
      ]),
    ),
    '## What a test sees here',
    'On the embedded cluster, in its own time: the figures are the same on every machine. A flush takes 1 ms there, so they are what the protocol adds and not what a disk does.',
    tableOf(
      ['one way between the regions', 'until another region has a write', 'beyond the distance'],
      await Promise.all(
        distancesMs.map(async (ms) => {
          const arrivedMs = await arrival(ms)
          return [`${ms} ms`, `${arrivedMs} ms`, `${arrivedMs - ms} ms`]
        }),
      ),
    ),
    `Two regions write one item, the second so much later than the first, at ${gapDistanceMs} ms one way:`,
    tableOf(
      ['later by', 'the first write'],
      await Promise.all(
        gapsMs.map(async (ms) => [
          `${ms} ms`,
          (await isLost(ms)) ? 'is lost, and in the feed' : 'was seen by the second',
        ]),
      ),
    ),
    `With real processes it is slower by what they need: 10 to 12 ms beyond the distance on two idle cores ([measured on 2026-11-21](../reference/replication-speed.md)).`,
  ]
  return `${parts.join('\n\n')}\n`
}

async function arrival(ms: number): Promise<number> {
  await using cluster = await clusterOf(ms)
  await put(cluster, here, 'first')
  for (let passedMs = 0; passedMs <= arrivalMsMax; passedMs++) {
    if ((await read(cluster, there)) === 'first') return passedMs
    await cluster.advance(1)
  }
  throw new Error(`a write did not arrive within ${arrivalMsMax} ms`)
}

async function isLost(gapMs: number): Promise<boolean> {
  await using cluster = await clusterOf(gapDistanceMs)
  await put(cluster, here, 'first')
  if (gapMs > 0) await cluster.advance(gapMs)
  await put(cluster, there, 'second')
  await cluster.settle()
  await cluster.assertConverged()
  return cluster.conflicts(TableName).length > 0
}

async function clusterOf(ms: number): Promise<Cluster> {
  return await createCluster({ regions, clock: 'manual', seed: 1, links: { default: { ms } }, tables: [table] })
}

function clientOf(cluster: Cluster, region: string): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient(cluster.client(region)))
}

async function put(cluster: Cluster, region: string, value: string): Promise<void> {
  await clientOf(cluster, region).send(new PutCommand({ TableName, Item: { id, value } }))
}

async function read(cluster: Cluster, region: string): Promise<unknown> {
  const { Item } = await clientOf(cluster, region).send(new GetCommand({ TableName, Key: { id } }))
  return Item?.['value']
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await pageText())
