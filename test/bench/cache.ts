/**
 * What a cache saves: hits against the region's own GetItem, at link distances of 0, 1 and 70 ms between the application's
 * side and the region, and against the same server answering a constant of the same size; and what memory a cached byte
 * takes. Interleaved rounds, medians; processor time a request hardly depends on what else the machine does.
 */
import { parseArgs } from 'node:util'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { heapFlagsOf } from '../../src/process/own-program.ts'
import {
  type CacheChild,
  cpuMsOf,
  Load,
  memoryMegabytesOf,
  removeFolder,
  startBare,
  startCache,
  started,
  startLinks,
  startNats,
  startNode,
  stopAll,
  temporaryFolder,
} from './children.ts'
import { type DaxHits, daxText, measureDax } from './dax-hits.ts'
import { median, rounded, table } from './figures.ts'
import { call, createTable, encodeRequest, itemOf, keyOf, spread, tableName, until } from './requests.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** Nothing but hits by DAX's protocol. */
    dax: { type: 'boolean', default: false },
  },
})
const size = flags.quick ? { rounds: 3, ms: 700, items: 4000 } : { rounds: 7, ms: 2000, items: 40_000 }
const distancesMs = [0, 1, 70]
const connections = 32
/** So many different keys are asked for again and again. */
const hotKeys = 2000

type Sample = { readonly rate: number; readonly p50Ms: number; readonly p99Ms: number; readonly cpuMicros: number }
type Server = { readonly pid: number; readonly port: number }
/** What is measured one right after the other at one distance. */
type Scene = { readonly distanceMs: number; readonly own: Server; readonly hit: CacheChild }

const folder = temporaryFolder()
try {
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const node = await started(startNode({ region: 'us-east-1', data: folder, nats: nats.port, verifies: false }))
  const links = await started(
    startLinks(distancesMs.flatMap((rtt) => [node.port, nats.port].map((target) => ({ rtt, target })))),
  )
  await createTable(node.port)
  await fill(node.port)
  const constant = await started(startBare('constant-server', heapFlagsOf('cache')))
  const scenes: Scene[] = []
  const memory = flags.dax ? {} : await memoryOf(links.ports)
  for (const [n, distanceMs] of distancesMs.entries()) {
    if (flags.dax && n > 0) break
    const [link = 0, natsLink = 0] = [links.ports[2 * n], links.ports[2 * n + 1]]
    const cache = await started(startCache({ region: 'us-east-1', upstream: link, nats: natsLink }))
    await serving(cache)
    scenes.push({ distanceMs, own: { pid: node.pid, port: link }, hit: cache })
  }
  const rounds = flags.dax ? new Map<number, Rounds>() : await measure(constant, scenes)
  report(rounds, memory, await daxHits(scenes[0]?.hit))
} finally {
  await stopAll()
  removeFolder(folder)
}

async function fill(port: number): Promise<void> {
  for (let n = 0; n < size.items; n += 25) {
    const items = Array.from({ length: 25 }, (_, offset) => ({ PutRequest: { Item: itemOf(n + offset) } }))
    await call(port, 'BatchWriteItem', { RequestItems: { [tableName]: items } })
  }
}

async function serving({ port }: CacheChild): Promise<void> {
  await until('the cache follows the log', async () => (await metric(port, 'longitude_cache_serving')) === 1)
}

async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])
}

function reads(keys: readonly number[]): Buffer[] {
  return keys.map((n) => encodeRequest('GetItem', { TableName: tableName, Key: keyOf(n) }))
}

/** Of a cache that has been asked for every item once: what the process has grown by, beside the items' own bytes. */
async function memoryOf(ports: readonly number[]): Promise<object> {
  const cache = await startCache({ region: 'us-east-1', upstream: ports[0] ?? 0, nats: ports[1] ?? 0 })
  const load = await Load.start()
  try {
    await serving(cache)
    const keys = Array.from({ length: size.items }, (_, n) => n)
    // The first requests grow a process by what is none of the items.
    await load.run({ port: cache.port, connections, requests: reads(keys.slice(0, 500)), count: 20_000 })
    const before = memoryMegabytesOf(cache.pid)
    await load.run({ port: cache.port, connections, requests: reads(keys), count: keys.length })
    const after = memoryMegabytesOf(cache.pid)
    const itemBytes = keys
      .slice(500)
      .reduce((sum, n) => sum + Buffer.byteLength(JSON.stringify({ Item: itemOf(n) })), 0)
    const estimated = await metric(cache.port, 'EstimatedDbSize')
    return {
      items: size.items,
      bytesOfAnItem: Math.round(itemBytes / (keys.length - 500)),
      accountedForACachedByte: rounded((estimated / itemBytes) * ((keys.length - 500) / keys.length)),
      residentForACachedByte: rounded(((after - before) * 1024 * 1024) / itemBytes),
      idleMegabytes: rounded(before),
    }
  } finally {
    await load.stop()
    await cache.stop()
  }
}

/** By distance, of each round: hit and constant right after each other, now this first and now that. */
type Rounds = { readonly own: Sample[]; readonly constant: Sample[]; readonly hit: Sample[] }

async function measure(constant: Server, scenes: readonly Scene[]): Promise<ReadonlyMap<number, Rounds>> {
  const load = await started(Load.start())
  const requests = reads(spread(hotKeys, Math.min(hotKeys, size.items)))
  const sample = async ({ pid, port }: Server, bounds: { count: number } | { ms: number }): Promise<Sample> => {
    const before = cpuMsOf(pid)
    const { count, ms, p50Ms, p99Ms, failed, failure } = await load.run({ port, connections, requests, ...bounds })
    if (failed > 0) throw new Error(`${failed} failed: ${failure}`)
    return { rate: (count / ms) * 1000, p50Ms, p99Ms, cpuMicros: ((cpuMsOf(pid) - before) / count) * 1000 }
  }
  // Not counted: it fills the caches, and is for warming up.
  for (const { own, hit } of scenes) for (const each of [own, constant, hit]) await sample(each, { count: 2 * hotKeys })
  const rounds = new Map<number, Rounds>(
    scenes.map(({ distanceMs }) => [distanceMs, { own: [], constant: [], hit: [] }]),
  )
  for (let round = 0; round < size.rounds; round++)
    for (const { distanceMs, own, hit } of scenes) {
      const of = rounds.get(distanceMs) as Rounds
      of.own.push(await sample(own, size))
      const pair = [() => sample(constant, size), () => sample(hit, size)] as const
      const [first, second] = round % 2 === 0 ? pair : [pair[1], pair[0]]
      const samples = [await first(), await second()] as const
      of.constant.push(samples[round % 2] as Sample)
      of.hit.push(samples[1 - (round % 2)] as Sample)
    }
  return rounds
}

async function daxHits(cache: CacheChild | undefined): Promise<DaxHits> {
  if (cache === undefined) throw new Error('there is no cache')
  const load = await started(Load.start())
  const echo = await started(startBare('echo-server'))
  const keys = spread(hotKeys, Math.min(hotKeys, size.items))
  return await measureDax({ ...size, load, cache, echo, keys, requests: reads(keys), connections })
}

function report(rounds: ReadonlyMap<number, Rounds>, memory: object, dax: DaxHits): void {
  const names = { constant: 'a constant of the same size', own: 'the region’s own GetItem', hit: 'a hit of the cache' }
  const rows = [...rounds].flatMap(([distanceMs, of]) =>
    (['constant', 'own', 'hit'] as const).map((kind) => {
      const samples = of[kind]
      const middle = (figure: keyof Sample): number => median(samples.map((each) => each[figure]))
      const overConstant = (figure: 'rate' | 'cpuMicros'): number =>
        median(samples.map((each, n) => each[figure] / (of.constant[n] as Sample)[figure]))
      return {
        of: names[kind],
        distanceMs,
        perSecond: Math.round(middle('rate')),
        p50Ms: rounded(middle('p50Ms')),
        p99Ms: rounded(middle('p99Ms')),
        cpuMicros: rounded(middle('cpuMicros')),
        overConstant: rounded(overConstant('rate')),
        overConstantByCpu: rounded(1 / overConstant('cpuMicros')),
      }
    }),
  )
  if (flags.json) return console.log(JSON.stringify({ connections, ...size, hotKeys, rows, memory, dax }))
  console.log(
    [
      table([
        ['', 'distance ms', 'a second', 'p50 ms', 'p99 ms', 'CPU µs', '× constant', '× constant by CPU'],
        ...rows.map((row) => Object.values(row)),
      ]),
      `\nmemory: ${JSON.stringify(memory)}`,
      `${connections} connections over ${hotKeys} keys, medians of ${size.rounds} rounds, of ratios to the constant in the same round; the distance is that of the link to the region.`,
      'A hit is to take no more than 1.1 times what the same server takes to answer a constant: × constant by CPU of 0.9 and more.',
      daxText(dax),
    ].join('\n'),
  )
}
