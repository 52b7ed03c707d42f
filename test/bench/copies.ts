/**
 * What backups, restores, exports and imports do in a second and cost in processor time, how far a writer slows down meanwhile, and how much memory they take; what a scan,
 * the filling of an index and a join leave to clients; and what point-in-time recovery costs a writer. Items of 400 bytes; everything lies in folders. A second region
 * is up, which has none of the tables until it joins.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMessageKeys } from '../../src/deployment/secrets/keys/message-keys.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import {
  cpuMsOf,
  Load,
  type NodeChild,
  Puts,
  removeFolder,
  started,
  startNats,
  startNode,
  stopAll,
  temporaryFolder,
} from './children.ts'
import { type Begin, copiedTable, CopyJobs, keepHistory } from './copy-jobs.ts'
import { quantile, rounded, table } from './figures.ts'
import { listFlag, numberedFlagsOf } from './flags.ts'
import type { LoadResult } from './load.ts'
import { keep, machine } from './machine.ts'
import { measure, middle, type Ratio, ratioOf, type Sample, type Samples, type Target } from './measure.ts'
import { type Aim, aimAt, createTable, encodeRequest, pause, spread } from './requests.ts'

const usage = `npm run bench:copies -- [options]

  --quick     10,000 items
  --items N   so many (100,000)
  --only LIST of recovery, scan, backup, restore, export, import, backfill, join; restore needs backup, import needs export
  --json      the figures alone`

const jobNames = ['recovery', 'scan', 'backup', 'restore', 'export', 'import', 'backfill', 'join'] as const
type Part = (typeof jobNames)[number]
const only = listFlag('only', jobNames)
const isWanted = (part: Part): boolean => only === undefined || only.includes(part)
const flags = numberedFlagsOf(usage, 'items')
const shape = flags.quick ? { items: 10_000, rounds: 3, ms: 1000 } : { items: 100_000, rounds: 5, ms: 3000 }
const size = { ...shape, items: flags.number ?? shape.items }
const connections = 16
const requestsMax = 2000
const batchItems = 25
const minutesMax = 14 * 60_000
const lookMs = 50
/** Clients are looked at in windows of so long. */
const windowMs = 1000

/** What is wanted: at least, or at most. */
type Limit = { readonly name: string; readonly measured: number; readonly least?: number; readonly most?: number }
const limits: Limit[] = []
const shareLeast = 0.7
const p99MsMost = 25
const memoryMoreMost = 300
const storeShareLeast = 0.5
const recoveryShareLeast = 0.9
/** Puts that are under way at once in the bare store, as many as a restore decides together. */
const barePutsAtOnce = 100

const words = 'longitude clock region replica harbour captain quadrant meridian order invoice customer street'.split(
  ' ',
)
const folder = temporaryFolder()
const ratios: Record<string, Ratio> = {}
const facts: Record<string, number> = {}

type Place = { readonly load: Load; readonly aim: Aim; readonly target: Target }

try {
  const load = await started(Load.start())
  const node = await startRegions()
  const place = { load, aim: aimAt(node.port), target: { port: node.port, pids: [node.pid] } }
  await fill(place)
  if (isWanted('recovery')) await measureRecovery(place)
  await measureJobs(place)
} finally {
  // What was measured is told also when something fails later.
  report()
  await stopAll()
  removeFolder(folder)
}

async function startRegions(): Promise<NodeChild> {
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const beside = join(folder, 'beside')
  mkdirSync(beside)
  const [nats, far] = [await started(startNats(path, folder)), await started(startNats(path, beside))]
  const messageKeys = join(folder, 'message-keys')
  makeMessageKeys(messageKeys, ['us-east-1', 'eu-west-1'])
  const other = { region: 'eu-west-1', data: beside, nats: far.port, peers: { 'us-east-1': nats.port }, messageKeys }
  await started(startNode(other))
  const peers = { 'eu-west-1': far.port }
  const s3 = `out=dir:${folder}/out`
  return await started(startNode({ region: 'us-east-1', data: folder, nats: nats.port, peers, messageKeys, s3 }))
}

/** Requests are made as they are needed: those of a million items would fill the memory of this process. */
async function fill({ load, aim, target: { port } }: Place): Promise<void> {
  const streamed = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }
  await createTable(aim, streamed, copiedTable)
  for (const name of ['plain', 'recovered']) await createTable(aim, {}, name)
  for (let from = 0; from < size.items; from += requestsMax * batchItems) {
    const count = Math.ceil(Math.min(requestsMax * batchItems, size.items - from) / batchItems)
    const batches = Array.from({ length: count }, (_, at) => batchFrom(from + at * batchItems))
    const requests = batches.map((RequestItems) => encodeRequest('BatchWriteItem', { RequestItems }, aim))
    const { failure } = await load.run({ port, connections, requests, count })
    if (failure !== undefined) throw new Error(failure)
  }
}

function batchFrom(first: number): object {
  return { [copiedTable]: Array.from({ length: batchItems }, (_, n) => ({ PutRequest: { Item: item(first + n) } })) }
}

/** 400 bytes by DynamoDB's measure, which gzip packs as it does most texts. */
function item(n: number): object {
  const parts: string[] = []
  let seed = (n * 2_654_435_761 + 12_345) >>> 0
  for (let length = 0; length < 370; length += (parts.at(-1)?.length ?? 0) + 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    parts.push(seed & 0x4000000 ? (words[(seed >>> 8) % words.length] ?? '') : (seed >>> 4).toString(36))
  }
  const value = parts.join(' ').slice(0, 370)
  return { pk: { S: `item-${n}` }, sk: { S: '0' }, kind: { S: `kind-${n % 1000}` }, v: { S: value } }
}

function putsTo(name: string, aim: Aim): readonly Buffer[] {
  const put = (n: number): Buffer => encodeRequest('PutItem', { TableName: name, Item: item(n) }, aim)
  return spread(requestsMax, size.items).map(put)
}

/** Puts into a table with history beside puts into one without. */
async function measureRecovery({ load, aim, target }: Place): Promise<void> {
  await keepHistory(aim, 'recovered')
  const candidates = ['plain', 'recovered'].map((name) => ({ name, target, requests: putsTo(name, aim) }))
  const samples = await measure(load, candidates, { ...size, connections })
  const ratio = ratioOf(of(samples, 'recovered'), of(samples, 'plain'))
  ratios['PutItem with point-in-time recovery / without'] = ratio
  limits.push({
    name: 'a writer’s rate with point-in-time recovery / without',
    measured: ratio.ratio,
    least: recoveryShareLeast,
  })
  ratios['PutItem with point-in-time recovery / without, processor time'] = ratioOf(
    of(samples, 'recovered'),
    of(samples, 'plain'),
    'cpuMicros',
  )
  facts['PutItem without, a second'] = rounded(middle(of(samples, 'plain'), 'rate'))
}

async function measureJobs(place: Place): Promise<void> {
  await keepHistory(place.aim, copiedTable)
  const jobs = new CopyJobs(place.aim)
  const beside = async (part: Part, name: string = part): Promise<void> => {
    if (isWanted(part)) await measureBeside(name, place, jobs[part as Exclude<Part, 'recovery'>])
  }
  await beside('scan', 'scan by 4 segments')
  await beside('backup')
  await beside('restore')
  if (isWanted('restore')) await measureBare(await measureAlone('restore', place, jobs.restore))
  for (const part of ['export', 'import'] as const) await beside(part)
  for (const part of ['backup', 'export', 'import'] as const)
    if (isWanted(part)) await measureAlone(part, place, jobs[part])
  await beside('backfill', 'filling of an index')
  await beside('join', 'join of a region')
}

/** Durable puts of items of the size of ours into a bare LMDB store. */
async function measureBare(restoredRate: number): Promise<void> {
  const puts = await started(Puts.start(folder))
  const bare = await puts.run({ ms: size.ms, underWay: barePutsAtOnce, items: size.items })
  facts['bare LMDB: durable puts a second, 100 under way'] = rounded(rateOf(bare))
  limits.push({ name: 'restore alone / bare store', measured: restoredRate / rateOf(bare), least: storeShareLeast })
}

/** Without clients. Returns items a second. */
async function measureAlone(name: string, { target }: Place, begin: Begin): Promise<number> {
  const [pid = 0] = target.pids
  const [startMs, cpuMs] = [performance.now(), cpuMsOf(pid)]
  const isOver = await begin()
  while (!(await isOver())) await waited(name, startMs)
  const rate = (size.items * 1000) / (performance.now() - startMs)
  facts[`${name} alone: items a second`] = rounded(rate)
  facts[`${name} alone: processor time an item, µs`] = rounded(((cpuMsOf(pid) - cpuMs) * 1000) / size.items)
  return rate
}

async function waited(name: string, startMs: number): Promise<void> {
  if (performance.now() - startMs > minutesMax) throw new Error(`${name} takes too long`)
  await pause(lookMs)
}

/** Clients write into another table before, while it lasts, and afterwards. */
async function measureBeside(name: string, { load, aim, target }: Place, begin: Begin): Promise<void> {
  const requests = putsTo('plain', aim)
  const order = { port: target.port, connections, requests }
  const before = await load.run({ ...order, ms: size.ms })
  const [startMs, memoryBefore] = [performance.now(), memoryMb(target.pids)]
  const isOver = await begin()
  const windows: LoadResult[] = []
  let peak = 0
  for (let isDone = false; !isDone; isDone = await isOver()) {
    if (performance.now() - startMs > minutesMax) throw new Error(`${name} takes too long`)
    windows.push(await load.run({ ...order, ms: flags.quick ? windowMs / 4 : windowMs }))
    peak = Math.max(peak, memoryMb(target.pids))
  }
  const seconds = (performance.now() - startMs) / 1000
  const after = await load.run({ ...order, ms: size.ms })
  const during = windows.reduce((sum, { count }) => sum + count, 0) / windows.reduce((sum, { ms }) => sum + ms, 0)
  const share = (during * 1000) / ((rateOf(before) + rateOf(after)) / 2)
  const p99s = windows.map(({ p99Ms }) => p99Ms)
  facts[`${name}: items a second, beside clients that write`] = rounded(size.items / seconds)
  facts[`${name}: clients’ p99 without it, ms`] = rounded(Math.max(before.p99Ms, after.p99Ms))
  facts[`${name}: clients’ p99 in the worst second, ms`] = rounded(Math.max(...p99s))
  limits.push(
    { name: `${name}: share of their rate that clients keep`, measured: share, least: shareLeast },
    { name: `${name}: clients’ p99 in the middle second, ms`, measured: quantile(p99s, 0.5), most: p99MsMost },
    { name: `${name}: memory beyond before, MB`, measured: peak - memoryBefore, most: memoryMoreMost },
  )
}

function rateOf({ count, ms }: Pick<LoadResult, 'count' | 'ms'>): number {
  return (count / ms) * 1000
}

/** Without the store's pages, which the system maps and takes back as it likes. */
function memoryMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
  return Math.round(kilobytes.reduce((sum, each) => sum + Number(each), 0) / 1024)
}

function of(samples: Samples, name: string): readonly Sample[] {
  return samples.get(name) ?? []
}

function lineOf({ name, measured: found, least, most }: Limit): readonly (string | number)[] {
  const holds = (least === undefined || found >= least) && (most === undefined || found <= most)
  const wanted = least === undefined ? `at most ${most}` : `at least ${least}`
  return [name, rounded(found), wanted, holds ? '' : 'NOT HELD']
}

function report(): void {
  const result = { items: size.items, machine: machine(), ratios, facts, limits }
  if (flags.json) return console.log(JSON.stringify(result))
  console.log(
    table([
      ...Object.entries(ratios).map(([name, { ratio, least, most }]) => [
        name,
        rounded(ratio),
        `${rounded(least)} to ${rounded(most)}`,
      ]),
      ...Object.entries(facts).map(([name, fact]) => [name, fact, '']),
    ]),
  )
  console.log(table([['of the limits', 'measured', 'wanted', ''], ...limits.map(lineOf)]))
  if (!flags.quick)
    console.log(`kept in ${keep(fileURLToPath(new URL('../../..', import.meta.url)), 'copies', result)}`)
}
