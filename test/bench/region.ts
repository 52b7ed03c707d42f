/**
 * What one region does, side by side with its limits, in one run and interleaved: F (the leanest fastify server with JSON of one
 * item), node:http that parses nothing, and durable puts into a bare LMDB. Signatures are verified, writes are durable, and a second
 * region is up that has none of the tables.
 */
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import {
  holdTo,
  Load,
  memoryMegabytesOf,
  type NodeChild,
  Puts,
  removeFolder,
  startBare,
  started,
  startNats,
  startNode,
  stopAll,
  stopped,
  temporaryFolder,
} from './children.ts'
import { median, rounded, table } from './figures.ts'
import { goals } from './goals.ts'
import { keep, machine } from './machine.ts'
import { type Candidate, measure, middle, type Ratio, ratioOf, type Sample, type Target } from './measure.ts'
import { measureOverload } from './overload.ts'
import {
  type Aim,
  aimAt,
  call,
  createTable,
  credential,
  encodeRequest,
  fillRequest,
  itemOf,
  operations,
  pause,
  plainRequest,
  spread,
  tableName,
  tables,
} from './requests.ts'
import { streamed, ThreeRegions } from './three-regions.ts'

const usage = `npm run bench -- [options]

  --quick          operations and latency, within a minute
  --sections LIST  of operations,latency,overload,replication,workers,size
  --only LIST      of the operations, for example GetItem,PutItem
  --items N        in the large table of the section "size" (10 million)
  --against URL    another DynamoDB endpoint, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION
  --json           the ratios alone`

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    sections: { type: 'string' },
    against: { type: 'string' },
    items: { type: 'string', default: '10000000' },
    help: { type: 'boolean', default: false },
  },
})
if (flags.help) {
  console.log(usage)
  process.exit()
}
const size = flags.quick
  ? { rounds: 3, ms: 600, items: 4000, connections: 32 }
  : { rounds: 7, ms: 3000, items: 40_000, connections: 32 }
const sections = (
  flags.sections ?? (flags.quick ? 'operations,latency' : 'operations,latency,overload,replication,workers,size')
).split(',')
const requestsMax = 2000
const [smallItems, floodMs] = [10_000, 5000]

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = temporaryFolder()
const ratios: Record<string, Ratio> = {}
const facts: Record<string, number> = {}
const rates: (readonly (string | number)[])[] = []
const about = machine()

try {
  const load = await started(Load.start())
  const bare = await started(startBare())
  const f: Candidate = { name: 'F', target: at(bare), requests: [plainRequest(itemOf(1))] }
  if (flags.against === undefined) await measureRegion(load, f)
  else await measureOperations(load, f, await endpoint(new URL(flags.against)))
} finally {
  // What was measured is told also when something fails later.
  report()
  await stopAll()
  removeFolder(folder)
}

type Region = { readonly target: Target; readonly aim: Aim }

async function measureRegion(load: Load, f: Candidate): Promise<void> {
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const beside = temporaryIn('beside')
  const far = await started(startNats(path, beside))
  const messageKeys = join(folder, 'message-keys')
  makeMessageKeys(messageKeys, ['us-east-1', 'eu-west-1'])
  const order = { region: 'us-east-1', data: folder, nats: nats.port, peers: { 'eu-west-1': far.port }, messageKeys }
  await started(
    startNode({ ...order, region: 'eu-west-1', data: beside, nats: far.port, peers: { 'us-east-1': nats.port } }),
  )
  let node = await started(startNode(order))
  await pause(2000)
  facts['idle memory, MB'] = rounded(memoryMegabytesOf(node.pid))
  const region = regionOf(node)
  await makeTables(region.aim)
  await fill(region.aim, Object.keys(tables), size.items)
  if (sections.includes('operations')) await measureOperations(load, f, region)
  if (sections.includes('latency')) await measureLatency(load, f, region)
  if (sections.includes('overload'))
    Object.assign(
      facts,
      await measureOverload(load, node, candidate('PutItem', 'PutItem', region, size.items).requests, floodMs),
    )
  facts['memory after the load, MB'] = rounded(memoryMegabytesOf(node.pid))
  const starts: number[] = []
  for (let n = 0; n < (flags.quick ? 3 : 7); n++) {
    await stopped(node)
    node = await started(startNode(order))
    starts.push(node.startMs)
  }
  facts['start with data until ready, ms'] = rounded(median(starts))
  if (sections.includes('workers')) node = await measureWorkers(load, node, order)
  await stopped(node)
  if (sections.includes('replication')) await measureReplication(load)
  if (sections.includes('size')) await measureSize(load, nats.port)
}

/** Every operation beside F, Node's own HTTP and the bare store. */
async function measureOperations(load: Load, f: Candidate, region: Region): Promise<void> {
  const only = flags.only?.split(',')
  const raw = await started(startBare('raw-server'))
  const candidates = [
    f,
    { name: 'node:http', target: at(raw), requests: f.requests },
    ...Object.keys(operations)
      .filter((name) => only === undefined || only.includes(name))
      .map((name) => candidate(name, name, region, size.items)),
  ]
  const samples = await measure(load, candidates, { ...size, leaveOut: flags.against !== undefined })
  const bareSamples = samples.get('F') ?? []
  for (const [name, of] of samples) {
    if (name !== 'F') ratios[`${name} / F`] = ratioOf(of, bareSamples)
    tell(name, of)
  }
  if (flags.against === undefined)
    for (const [name, of] of samples)
      if (name !== 'F') ratios[`${name}, CPU / F`] = ratioOf(of, bareSamples, 'cpuMicros')
  const gets = samples.get('GetItem')
  if (gets !== undefined) ratios['GetItem p99 / F p99'] = ratioOf(gets, bareSamples, 'p99Ms')
  await stopped(raw)
  if (flags.against !== undefined) return
  const puts = await started(Puts.start(folder))
  const disk = await puts.run({ ms: size.ms, underWay: size.connections, items: size.items })
  await stopped(puts)
  const putRate = middle(samples.get('PutItem') ?? [], 'rate')
  const one = putRate / ((disk.count / disk.ms) * 1000)
  rates.push(
    [
      'bare LMDB put',
      ...figures((disk.count / disk.ms) * 1000, (disk.cpuMs / disk.count) * 1000),
      '',
      '',
      disk.p50Ms,
      disk.p99Ms,
    ].map(shown),
  )
  ratios['PutItem / bare LMDB put'] = { ratio: one, least: one, most: one }
}

/** One connection: what a single client waits, against a commit of the bare store and a round trip through F. */
async function measureLatency(load: Load, f: Candidate, region: Region): Promise<void> {
  const puts = await started(Puts.start(temporaryIn('latency')))
  const put = candidate('PutItem', 'PutItem', region, size.items)
  const found: number[] = []
  for (let round = 0; round <= size.rounds; round++) {
    const one = { connections: 1, rounds: 1, ms: size.ms / 2 }
    const disk = await puts.run({ ms: one.ms, underWay: 1, items: size.items })
    const samples = await measure(load, [f, put], one)
    const limit = disk.p50Ms + middle(samples.get('F') ?? [], 'p50Ms')
    if (round > 0) found.push(middle(samples.get('PutItem') ?? [], 'p50Ms') / limit)
  }
  ratios['PutItem p50 at one connection / (LMDB commit + F)'] = ratioIn(found)
  await stopped(puts)
}

/** The same region with one process and with two. */
async function measureWorkers(load: Load, one: NodeChild, order: Parameters<typeof startNode>[0]): Promise<NodeChild> {
  const found: Record<string, number[]> = { GetItem: [], Query20: [] }
  let node = one
  for (let round = 0; round < Math.min(size.rounds, 3); round++) {
    const rateOf: Record<string, number[]> = { GetItem: [], Query20: [] }
    for (const workers of [1, 2]) {
      await stopped(node)
      node = await started(startNode({ ...order, workers }))
      const region = regionOf(node)
      const candidates = Object.keys(found).map((name) => candidate(name, name, region, size.items))
      // Longer than a round elsewhere, and half of it to warm up: the processes are new.
      const samples = await measure(load, candidates, { ...size, rounds: 1, ms: 3000 })
      for (const name in rateOf) rateOf[name]?.push(middle(samples.get(name) ?? [], 'rate'))
    }
    for (const [name, [alone = 1, both = 0] = []] of Object.entries(rateOf)) found[name]?.push(both / alone)
  }
  for (const name in found) ratios[`${name} with 2 workers / 1`] = ratioIn(found[name] ?? [])
  return node
}

/**
 * Three regions, a table in one of them alone and one in all three, both with a stream. The peers, all nats-servers and the links
 * have the last processor to themselves, as other machines would.
 */
async function measureReplication(load: Load): Promise<void> {
  const regions = await ThreeRegions.start(0)
  try {
    const node = regions.node('us-east-1')
    const region = regionOf(node)
    await createTable(region.aim, streamed, 'alone')
    const last = availableParallelism() - 1
    const held =
      last > 0 && holdTo(String(last), regions.pidsBeside('us-east-1')) && holdTo(`0-${last - 1}`, [node.pid, load.pid])
    facts['peers held to a processor of their own (1: yes)'] = Number(held)
    const name = 'PutItem'
    const alone = candidate('alone', name, region, smallItems, 'alone')
    const replicating = candidate('replicating', name, region, smallItems)
    const samples = await measure(load, [alone, replicating], size)
    ratios['PutItem replicating / alone'] = ratioOf(samples.get('replicating') ?? [], samples.get('alone') ?? [])
    for (const [each, of] of samples) tell(`PutItem, ${each}`, of)
  } finally {
    await regions.stop()
    holdTo(`0-${availableParallelism() - 1}`, [process.pid, load.pid])
  }
}

/** A large table beside a small one, in one store each. */
async function measureSize(load: Load, nats: number): Promise<void> {
  const many = Number(flags.items)
  const small = await sized('small', smallItems, load, nats)
  const large = await sized('large', many, load, nats)
  for (const name of ['GetItem', 'PutItem']) {
    const candidates = [
      candidate('small', name, small, smallItems),
      candidate('large', name, large, many, tableName, 20_000),
    ]
    const samples = await measure(load, candidates, size)
    ratios[`${name} of many / of 10,000 items`] = ratioOf(samples.get('large') ?? [], samples.get('small') ?? [])
    tell(`${name} of ${many} items`, samples.get('large') ?? [])
  }
}

async function sized(name: string, items: number, load: Load, nats: number): Promise<Region> {
  const region = regionOf(await started(startNode({ region: 'us-east-1', data: temporaryIn(name), nats })))
  await createTable(region.aim)
  const { url, ...aim } = region.aim
  const count = items / 25
  await load.run({
    ...region.target,
    connections: 16,
    requests: [],
    count,
    fill: { table: tableName, aim: { ...aim, url: url.href } },
  })
  return region
}

/** Another endpoint gets the tables of the bench, and keeps them. */
async function endpoint(url: URL): Promise<Region> {
  const aim = {
    url,
    region: process.env['AWS_REGION'] ?? 'us-east-1',
    accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? credential.accessKeyId,
    secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? credential.secretAccessKey,
  }
  const secure = url.protocol === 'https:'
  const port = Number(url.port === '' ? (secure ? 443 : 80) : url.port)
  await makeTables(aim)
  await fill(aim, Object.keys(tables), size.items)
  return { aim, target: { port, host: url.hostname, secure, pids: [] } }
}

async function makeTables(aim: Aim): Promise<void> {
  for (const [name, indexes] of Object.entries(tables)) await createTable(aim, {}, name, indexes)
}

async function fill(aim: Aim, names: readonly string[], items: number): Promise<void> {
  for (const name of names)
    for (let n = 0; n < items; n += 25 * 8)
      await Promise.all(
        Array.from({ length: Math.min(8, (items - n) / 25) }, (_, batch) =>
          call(aim, ...fillRequest(name, n + batch * 25)),
        ),
      )
}

function candidate(
  name: string,
  operation: string,
  { target, aim }: Region,
  items: number,
  inTable: string = tableName,
  requests = requestsMax,
): Candidate {
  const make = operations[operation]
  if (make === undefined) throw new Error(`no operation ${operation}`)
  const inputs = spread(requests, items).map((n) => make(n, items))
  return {
    name,
    target,
    requests: inputs.map(([target_, input]) =>
      encodeRequest(target_, inTable === tableName ? input : { ...input, TableName: inTable }, aim),
    ),
  }
}

function at({ port, pid }: { readonly port: number; readonly pid: number }): Target {
  return { port, pids: [pid] }
}

function regionOf(node: NodeChild): Region {
  return { target: at(node), aim: aimAt(node.port) }
}

/** Beside the data of the first region, and removed with it. */
function temporaryIn(name: string): string {
  const made = join(folder, name)
  mkdirSync(made)
  return made
}

function ratioIn(values: readonly number[]): Ratio {
  return { ratio: median(values), least: Math.min(...values), most: Math.max(...values) }
}

function figures(rate: number, cpuMicros: number): readonly number[] {
  return [Math.round(rate), cpuMicros]
}

function tell(name: string, samples: readonly Sample[]): void {
  const busy = Math.round(middle(samples, 'loadBusy') * 100)
  const row = [
    name,
    ...figures(middle(samples, 'rate'), middle(samples, 'cpuMicros')),
    middle(samples, 'loadMicros'),
    `${busy} %`,
    middle(samples, 'p50Ms'),
    middle(samples, 'p99Ms'),
  ]
  rates.push(row.map(shown))
}

function shown(value: string | number): string | number {
  return typeof value === 'number' ? rounded(value) : value
}

function report(): void {
  const told = Object.fromEntries(
    Object.entries(ratios).map(([name, { ratio, least, most }]) => {
      const [goal, stretch] = goals[name] ?? []
      const spreadOf = [rounded(least), rounded(most)]
      return [name, { ratio: rounded(ratio), spread: spreadOf, ...(goal === undefined ? {} : { goal, stretch }) }]
    }),
  )
  const kept = keep(root, 'region', { machine: about, size, facts, ratios: told, rates })
  if (flags.json) {
    console.error(JSON.stringify(facts))
    return console.log(JSON.stringify(told, undefined, 1))
  }
  const lines = Object.entries(told).map(
    ([
      name,
      {
        ratio,
        spread: [least = 0, most = 0],
        goal,
        stretch,
      },
    ]) => [name, ratio, `${least} – ${most}`, goal ?? '', stretch ?? ''],
  )
  console.log(
    [
      table([['', 'a second', 'CPU µs', 'load µs', 'load busy', 'p50 ms', 'p99 ms'], ...rates]),
      '',
      table([['ratio', '', 'spread', 'goal', 'stretch'], ...lines]),
      '',
      ...Object.entries(facts).map(([name, value]) => `${name}: ${value}`),
      `${size.connections} connections, medians of ${size.rounds} interleaved rounds of ${size.ms} ms. F: the leanest fastify that parses and answers the JSON of one item of 500 bytes.`,
      'CPU µs: processor time of the server a request, all threads; load µs: of the load generator, and how much of one core it was.',
      `kept in ${kept}`,
    ].join('\n'),
  )
}
