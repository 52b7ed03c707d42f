/**
 * What a change stream costs, and how fast it is read: puts into a table with a stream beside puts into one without, a raw reader over the four shards of a table, and the
 * stream of a quiet table whose records lie among those of a busy one.
 */
import { fileURLToPath } from 'node:url'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, removeFolder, started, startNats, startNode, stopAll, temporaryFolder } from './children.ts'
import { flagsOf } from './flags.ts'
import { rounded, table } from './figures.ts'
import { goals } from './goals.ts'
import { keep, machine } from './machine.ts'
import {
  type Candidate,
  measure,
  middle,
  type Ratio,
  ratioOf,
  type Sample,
  type Samples,
  type Target,
} from './measure.ts'
import { type Aim, aimAt, call, createTable, encodeRequest, itemOf, spread } from './requests.ts'
import { streamed } from './three-regions.ts'

const usage = `npm run bench:streams -- [options]

  --quick   within a minute
  --json    the figures alone`

const flags = flagsOf(usage)
const size = flags.quick
  ? { rounds: 3, ms: 600, items: 4000, quiet: 100 }
  : { rounds: 7, ms: 3000, items: 40_000, quiet: 400 }
const connections = 32
const requestsMax = 2000
/** Puts into a busy table between two into a quiet one. */
const busyPuts = 50

const folder = temporaryFolder()
const ratios: Record<string, Ratio> = {}
const facts: Record<string, number> = {}

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const node = await started(startNode({ region: 'us-east-1', data: folder, nats: nats.port }))
  const aim = aimAt(node.port)
  const target = { port: node.port, pids: [node.pid] }
  await measurePuts(load, aim, target)
  await measureReads(load, aim, target)
  await measureQuiet(load, aim, target)
  report()
} finally {
  await stopAll()
  removeFolder(folder)
}

async function measurePuts(load: Load, aim: Aim, target: Target): Promise<void> {
  await createTable(aim, {}, 'plain')
  await createTable(aim, streamed, 'streamed')
  const candidates = ['plain', 'streamed'].map((name): Candidate => ({
    name,
    target,
    requests: spread(requestsMax, size.items).map((n) => encodeRequest(...put(name, n, n % 7), aim)),
  }))
  const samples = await measure(load, candidates, { ...size, connections })
  ratios['PutItem with a stream / without'] = ratioOf(of(samples, 'streamed'), of(samples, 'plain'))
  const cost = ratioOf(of(samples, 'streamed'), of(samples, 'plain'), 'cpuMicros')
  facts['processor time of PutItem with a stream / without'] = rounded(cost.ratio)
  facts['PutItem with a stream, a second'] = rounded(middle(of(samples, 'streamed'), 'rate'))
}

/** The pages of the stream are asked for again and again: an iterator needs no state. */
async function measureReads(load: Load, aim: Aim, target: Target): Promise<void> {
  await createTable(aim, streamed, 'read')
  const requests = Array.from({ length: 2 * size.items }, (_, n) =>
    encodeRequest(...put('read', n % size.items, Math.floor(n / size.items)), aim),
  )
  await load.run({ port: target.port, connections, requests, count: requests.length })
  const { pages, records } = await pagesOf(aim, 'read')
  const samples = await measure(load, [readOf('read', pages, { aim, target })], { ...size, connections: 4 })
  const recordsOfPage = records / pages.length
  facts['records of 500-byte items with both images, a second'] = rounded(
    middle(of(samples, 'read'), 'rate') * recordsOfPage,
  )
  facts['processor time of the node for such a record, µs'] = rounded(
    middle(of(samples, 'read'), 'cpuMicros') / recordsOfPage,
  )
}

async function measureQuiet(load: Load, aim: Aim, target: Target): Promise<void> {
  for (const name of ['alone', 'beside', 'busy']) await createTable(aim, streamed, name)
  const busy = spread(busyPuts, size.items).map((n) => encodeRequest(...put('busy', n, 0), aim))
  for (let n = 0; n < size.quiet; n++) await call(aim, ...put('alone', n, 0))
  for (let n = 0; n < size.quiet; n++) {
    await call(aim, ...put('beside', n, 0))
    await load.run({ port: target.port, connections, requests: busy, count: busyPuts })
  }
  const candidates = await Promise.all(
    ['alone', 'beside'].map(async (name) => readOf(name, (await pagesOf(aim, name)).pages, { aim, target })),
  )
  const samples = await measure(load, candidates, { ...size, connections: 4 })
  ratios['a quiet table’s stream beside a busy table / alone'] = ratioOf(of(samples, 'beside'), of(samples, 'alone'))
}

type Place = { readonly aim: Aim; readonly target: Target }

function readOf(name: string, pages: readonly string[], { aim, target }: Place): Candidate {
  return { name, target, requests: pages.map((page) => encodeRequest('GetRecords', { ShardIterator: page }, aim)) }
}

type Shards = { readonly StreamDescription: { readonly Shards: readonly { readonly ShardId: string }[] } }

/** The iterators of all pages that have records. */
async function pagesOf(
  aim: Aim,
  name: string,
): Promise<{ readonly pages: readonly string[]; readonly records: number }> {
  const { Table } = await call(aim, 'DescribeTable', { TableName: name })
  const { LatestStreamArn: StreamArn } = Table as { readonly LatestStreamArn: string }
  const { StreamDescription } = (await call(aim, 'DescribeStream', { StreamArn })) as Shards
  const pages: string[] = []
  let records = 0
  for (const { ShardId } of StreamDescription.Shards) {
    const asked = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }
    let { ShardIterator: iterator } = await call(aim, 'GetShardIterator', asked)
    for (;;) {
      const page = await call(aim, 'GetRecords', { ShardIterator: iterator })
      const count = (page['Records'] as readonly unknown[]).length
      if (count === 0) break
      pages.push(String(iterator))
      records += count
      iterator = page['NextShardIterator']
    }
  }
  return { pages, records }
}

/** About 500 bytes by DynamoDB's measure. */
function put(name: string, n: number, version: number): readonly [string, object] {
  return ['PutItem', { TableName: name, Item: { ...itemOf(n, version), more: { S: 'x'.repeat(90) } } }]
}

function of(samples: Samples, name: string): readonly Sample[] {
  return samples.get(name) ?? []
}

function report(): void {
  const result = { machine: machine(), ratios, facts }
  if (flags.json) return console.log(JSON.stringify(result))
  const goalOf = (name: string): string => (goals[name] === undefined ? '' : `wanted ${goals[name].join(', better ')}`)
  console.log(
    table([
      ...Object.entries(ratios).map(([name, { ratio, least, most }]) => [
        name,
        rounded(ratio),
        `${rounded(least)} to ${rounded(most)}`,
        goalOf(name),
      ]),
      ...Object.entries(facts).map(([name, value]) => [name, value, '', goalOf(name)]),
    ]),
  )
  if (!flags.quick)
    console.log(`kept in ${keep(fileURLToPath(new URL('../../..', import.meta.url)), 'streams', result)}`)
}
