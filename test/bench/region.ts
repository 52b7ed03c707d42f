/**
 * What one region does, beside F (a bare fastify server with JSON of one item's size), in one run and interleaved: each
 * round measures F and then every operation, and the medians of the rounds are compared. Rates depend on what else
 * the machine does; processor time a request, of all threads of the process, hardly does.
 */
import { parseArgs } from 'node:util'
import { findNatsServer } from '../../src/node/nats-server/find.ts'
import {
  type Child,
  cpuMsOf,
  Load,
  memoryMegabytesOf,
  type NodeChild,
  removeFolder,
  startBare,
  startNats,
  startNode,
  temporaryFolder,
} from './children.ts'
import { median, rounded, table } from './figures.ts'
import type { LoadResult } from './load.ts'
import { call, createTable, encodeRequest, itemOf, operations, pause, spread, tableName } from './requests.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
const size = flags.quick ? { rounds: 3, ms: 1000, items: 4000 } : { rounds: 7, ms: 3000, items: 40_000 }
const connections = 32
const requestsMax = 2000

/** What a later release is held to: rates over F's. */
const goals: Readonly<Record<string, number>> = {
  GetItem: 0.8,
  Query20: 0.42,
  PutItem: 0.6,
  UpdateItem: 0.58,
  BatchWriteItem25: 0.1,
  TransactWriteItems4: 0.26,
}

type Sample = { readonly rate: number; readonly cpuMicros: number; readonly loadMicros: number; readonly p99Ms: number }

const folder = temporaryFolder()
const children: Child[] = []
try {
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const node = await started(startNode({ region: 'us-east-1', data: folder, nats: nats.port }))
  await pause(2000)
  const idle = {
    startMs: rounded(node.startMs),
    startCpuMs: node.startCpuMs,
    memoryMegabytes: rounded(memoryMegabytesOf(node.pid)),
  }
  await createTable(node.port)
  await fill(node)
  report(idle, await measure(node))
} finally {
  for (const child of children.toReversed()) await child.stop()
  removeFolder(folder)
}

async function started<Kind extends Child>(starting: Promise<Kind>): Promise<Kind> {
  const child = await starting
  children.push(child)
  return child
}

async function fill({ port }: NodeChild): Promise<void> {
  for (let n = 0; n < size.items; n += 25) {
    const items = Array.from({ length: 25 }, (_, offset) => ({ PutRequest: { Item: itemOf(n + offset) } }))
    await call(port, 'BatchWriteItem', { RequestItems: { [tableName]: items } })
  }
}

async function measure(node: NodeChild): Promise<Map<string, Sample[]>> {
  const bare = await started(startBare())
  const load = await started(Load.start())
  const candidates = [
    {
      name: 'F',
      child: bare,
      requests: [encodeRequest('F', { Item: itemOf(1) })],
    },
    ...Object.entries(operations)
      .filter(([name]) => flags.only === undefined || flags.only.split(',').includes(name))
      .map(([name, request]) => ({
        name,
        child: node,
        requests: spread(requestsMax, size.items).map((n) => encodeRequest(...request(n, size.items))),
      })),
  ]
  const samples = new Map<string, Sample[]>(candidates.map(({ name }) => [name, []]))
  // The first round is for warming up.
  for (let round = 0; round <= size.rounds; round++)
    for (const { name, child, requests } of candidates) {
      const before = cpuMsOf(child.pid)
      const result = await load.run({ port: child.port, connections, requests, ms: size.ms })
      if (result.failed > 0) throw new Error(`${name}: ${result.failed} failed, the first with ${result.failure}`)
      if (round > 0) samples.get(name)?.push(sampleOf(result, cpuMsOf(child.pid) - before))
    }
  return samples
}

function sampleOf({ count, ms, cpuMs, p99Ms }: LoadResult, serverCpuMs: number): Sample {
  return {
    rate: (count / ms) * 1000,
    cpuMicros: (serverCpuMs / count) * 1000,
    loadMicros: (cpuMs / count) * 1000,
    p99Ms,
  }
}

function report(idle: object, samples: ReadonlyMap<string, readonly Sample[]>): void {
  const middle = [...samples].map(([name, of]) => ({
    name,
    rate: median(of.map(({ rate }) => rate)),
    cpuMicros: median(of.map(({ cpuMicros }) => cpuMicros)),
    loadMicros: median(of.map(({ loadMicros }) => loadMicros)),
    p99Ms: median(of.map(({ p99Ms }) => p99Ms)),
  }))
  const bare = middle[0]
  const rows = middle.map(({ name, rate, cpuMicros, loadMicros, p99Ms }) => ({
    operation: name,
    perSecond: Math.round(rate),
    ofF: rounded(rate / (bare?.rate ?? 1)),
    ofFByCpu: rounded((bare?.cpuMicros ?? 1) / cpuMicros),
    goal: goals[name] ?? 1,
    cpuMicros: rounded(cpuMicros),
    loadCpuMicros: rounded(loadMicros),
    p99Ms: rounded(p99Ms),
  }))
  if (flags.json) console.log(JSON.stringify({ connections, ...size, ...idle, operations: rows }))
  else
    console.log(
      [
        table([
          ['', 'a second', '× F', '× F by CPU', 'goal', 'CPU µs', 'load µs', 'p99 ms'],
          ...rows.map((row) => Object.values(row)),
        ]),
        `\nidle: ${JSON.stringify(idle)}`,
        `F parses and answers JSON of one item's size on fastify; ${connections} connections, medians of ${size.rounds} interleaved rounds.`,
        'CPU µs is processor time of the server a request, all threads; load µs that of the load generator.',
      ].join('\n'),
    )
}
