/**
 * What a cache saves: hits against the region's own GetItem, at link distances of 0, 1 and 70 ms between the application's
 * side and the region, and against the same server answering a constant of the same size; and what memory a cached byte
 * takes. Interleaved rounds, medians; processor time a request hardly depends on what else the machine does.
 */
import { parseArgs } from 'node:util'
import { findNatsServer } from '../../src/node/nats-server/find.ts'
import {
  type CacheChild,
  type Child,
  cpuMsOf,
  Load,
  memoryMegabytesOf,
  removeFolder,
  startBare,
  startCache,
  startLinks,
  startNats,
  startNode,
  temporaryFolder,
} from './children.ts'
import { median, rounded, table } from './figures.ts'
import { call, createTable, encodeRequest, itemOf, keyOf, spread, tableName, until } from './requests.ts'

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const size = flags.quick ? { rounds: 3, ms: 700, items: 4000 } : { rounds: 7, ms: 2000, items: 40_000 }
const distancesMs = [0, 1, 70]
const connections = 32
/** So many different keys are asked for again and again. */
const hotKeys = 2000

type Sample = { readonly rate: number; readonly p50Ms: number; readonly p99Ms: number; readonly cpuMicros: number }
type Candidate = {
  readonly name: string
  readonly distanceMs: number
  readonly pid: number
  readonly port: number
}

const folder = temporaryFolder()
const children: Child[] = []
try {
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const node = await started(startNode({ region: 'us-east-1', data: folder, nats: nats.port, verifies: false }))
  const links = await started(
    startLinks(distancesMs.flatMap((rtt) => [node.port, nats.port].map((target) => ({ rtt, target })))),
  )
  await createTable(node.port)
  await fill(node.port)
  const constant = await started(startBare('constant-server'))
  const candidates: Candidate[] = [
    { name: 'a constant of the same size', distanceMs: 0, pid: constant.pid, port: constant.port },
  ]
  const memory = await memoryOf(links.ports)
  for (const [n, distanceMs] of distancesMs.entries()) {
    const [link = 0, natsLink = 0] = [links.ports[2 * n], links.ports[2 * n + 1]]
    const cache = await started(startCache({ region: 'us-east-1', upstream: link, nats: natsLink }))
    await serving(cache)
    candidates.push(
      { name: 'the region’s own GetItem', distanceMs, pid: node.pid, port: link },
      { name: 'a hit of the cache', distanceMs, pid: cache.pid, port: cache.port },
    )
  }
  report(await measure(candidates), memory)
} finally {
  for (const child of children.toReversed()) await child.stop()
  removeFolder(folder)
}

async function started<Kind extends Child>(starting: Promise<Kind>): Promise<Kind> {
  const child = await starting
  children.push(child)
  return child
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

async function measure(candidates: readonly Candidate[]): Promise<readonly (Candidate & Sample)[]> {
  const load = await started(Load.start())
  const requests = reads(spread(hotKeys, Math.min(hotKeys, size.items)))
  const samples = new Map<Candidate, Sample[]>(candidates.map((candidate) => [candidate, []]))
  for (let round = 0; round <= size.rounds; round++)
    for (const candidate of candidates) {
      const before = cpuMsOf(candidate.pid)
      // The first round fills the caches and is for warming up.
      const bounds = round === 0 ? { count: 2 * hotKeys } : { ms: size.ms }
      const result = await load.run({ port: candidate.port, connections, requests, ...bounds })
      if (result.failed > 0) throw new Error(`${candidate.name}: ${result.failed} failed: ${result.failure}`)
      const cpuMicros = ((cpuMsOf(candidate.pid) - before) / result.count) * 1000
      const { count, ms, p50Ms, p99Ms } = result
      if (round > 0) samples.get(candidate)?.push({ rate: (count / ms) * 1000, p50Ms, p99Ms, cpuMicros })
    }
  return candidates.map((candidate) => {
    const of = samples.get(candidate) ?? []
    const middle = (figure: keyof Sample): number => median(of.map((sample) => sample[figure]))
    return {
      ...candidate,
      rate: middle('rate'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      cpuMicros: middle('cpuMicros'),
    }
  })
}

function report(results: readonly (Candidate & Sample)[], memory: object): void {
  const constant = results[0]
  const rows = results.map(({ name, distanceMs, rate, p50Ms, p99Ms, cpuMicros }) => ({
    of: name,
    distanceMs,
    perSecond: Math.round(rate),
    p50Ms: rounded(p50Ms),
    p99Ms: rounded(p99Ms),
    cpuMicros: rounded(cpuMicros),
    overConstant: rounded(rate / (constant?.rate ?? 1)),
    overConstantByCpu: rounded((constant?.cpuMicros ?? 1) / cpuMicros),
  }))
  if (flags.json) return console.log(JSON.stringify({ connections, ...size, hotKeys, rows, memory }))
  console.log(
    [
      table([
        ['', 'distance ms', 'a second', 'p50 ms', 'p99 ms', 'CPU µs', '× constant', '× constant by CPU'],
        ...rows.map((row) => Object.values(row)),
      ]),
      `\nmemory: ${JSON.stringify(memory)}`,
      `${connections} connections over ${hotKeys} keys, medians of ${size.rounds} interleaved rounds; the distance is that of the link to the region.`,
      'A hit is to take no more than 1.1 times what the same server takes to answer a constant: × constant by CPU of 0.9 and more.',
    ].join('\n'),
  )
}
