/**
 * Global tables, peers and clients come and go: the memory and the metric series of a region come back to what they were. Of many rounds,
 * with `npm run chaos -- growth`; LONGITUDE_CHAOS_TABLES says how many tables in all. The default run counts what is kept in
 * test/replication/growth.test.ts.
 */
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import { Deployment } from './deployment.ts'
import { goesLong, growthTables } from './pace.ts'
import { sendRequest } from './request.ts'
import { pause, until } from './until.ts'

const atOnce = 16
const patienceMs = 120_000
const tablesOfARound = 250
const clientsOfARound = 300
/** Longer than a region remembers a removed table that all regions have confirmed. */
const forgottenMs = 120_000
/** A process that has run for long keeps some more: compiled code, buffers of the size of its busiest moment. */
const heapFactor = 1.3
const heapMoreBytes = 12 * 1024 * 1024

let world: Deployment

beforeAll(async () => {
  if (!goesLong) return
  const before = process.env['NODE_OPTIONS']
  const preload = fileURLToPath(new URL('collect-garbage.mjs', import.meta.url))
  process.env['NODE_OPTIONS'] = `${before ?? ''} --import=${preload}`
  world = await Deployment.start()
  process.env['NODE_OPTIONS'] = before ?? ''
}, 120_000)

afterAll(() => world?.close())

it.runIf(goesLong)(
  'tables, peers and clients come and go, and memory and series come back',
  { timeout: 3 * 60 * 60_000 },
  async () => {
    const [us, eu, ap] = world.regions as [ChaosRegion, ChaosRegion, ChaosRegion]
    const rounds = Math.ceil(growthTables / tablesOfARound)
    await round(world, 0)
    await settled(us)
    const before = await measured([us, eu])
    for (let n = 1; n <= rounds; n++) {
      await round(world, n)
      console.log(`growth: after round ${n} of ${rounds}: ${JSON.stringify(await usedBy(us))}`)
      if (n % 4 !== 0) continue
      await ap.kill('node')
      await ap.startNode()
    }
    await settled(us)
    const after = await measured([us, eu])
    console.log(`growth: ${JSON.stringify({ tables: rounds * tablesOfARound, before, after })}`)
    for (const [at, { heapBytes, series }] of after.entries()) {
      expect(series).toBeLessThanOrEqual((before[at]?.series ?? 0) + 10)
      expect(heapBytes).toBeLessThan(heapFactor * (before[at]?.heapBytes ?? 0) + heapMoreBytes)
    }
  },
)

async function round(deployment: Deployment, n: number): Promise<void> {
  const names = Array.from({ length: tablesOfARound }, (_, at) => `growth-${n}-${at}`)
  const [us, ...others] = deployment.regions as [ChaosRegion, ...ChaosRegion[]]
  await each(names, async (name) => {
    await deployment.globalTable(name, deployment.regions, patienceMs)
    await sendRequest(us.endpoint, 'PutItem', { TableName: name, Item: { id: { S: name } } })
  })
  await comeAndGo(us)
  await each(names, async (name) => {
    for (const region of others) await removed(us, name, region)
    await until(`${name} goes`, () => isDone(us, 'DeleteTable', name), patienceMs)
  })
}

async function removed(us: ChaosRegion, name: string, { name: region }: ChaosRegion): Promise<void> {
  const leave = { TableName: name, ReplicaUpdates: [{ Delete: { RegionName: region } }] }
  await until(`${name} is to leave ${region}`, () => isTaken(us, leave), patienceMs)
}

/** Not taken while the table is UPDATING by what was asked before. */
const isTaken = (region: ChaosRegion, input: Readonly<Record<string, unknown>>): Promise<boolean> =>
  sendRequest(region.endpoint, 'UpdateTable', input).then(
    () => true,
    () => false,
  )

const isDone = (region: ChaosRegion, operation: string, name: string): Promise<boolean> =>
  sendRequest(region.endpoint, operation, { TableName: name }).then(
    () => true,
    () => false,
  )

async function each(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names]
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Clients that connect, some of whom begin a request, and that are gone without a word. */
async function comeAndGo({ endpoint }: ChaosRegion): Promise<void> {
  const { hostname, port } = new URL(endpoint)
  for (let n = 0; n < clientsOfARound; n++)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        if (n % 2 === 0) socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{')
        setImmediate(() => socket.destroy())
      })
      socket.once('close', () => resolve()).once('error', () => undefined)
    })
}

async function settled(us: ChaosRegion): Promise<void> {
  await until(
    'all tables are gone',
    async () => ((await us.admin('status')) as { tables: number }).tables === 0,
    120_000,
  )
  await pause(forgottenMs)
}

/** What a table costs must not grow with the tables that there have been: processor time in all, and resident memory. */
async function usedBy(region: ChaosRegion): Promise<{ readonly residentBytes: number; readonly cpuSeconds: number }> {
  const series = await region.metrics()
  const valueOf = (name: string): number =>
    Number(
      series
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1),
    )
  return {
    residentBytes: valueOf('process_resident_memory_bytes'),
    cpuSeconds: valueOf('process_cpu_seconds_total'),
  }
}

type Measured = { readonly heapBytes: number; readonly series: number }

async function measured(regions: readonly ChaosRegion[]): Promise<readonly Measured[]> {
  for (const region of regions) await region.kill('node', 'SIGUSR2')
  await pause(2000)
  return await Promise.all(
    regions.map(async (region) => {
      const series = await region.metrics()
      const heap = series.find((line) => line.startsWith('nodejs_heap_size_used_bytes'))
      return { heapBytes: Number(heap?.split(' ').at(-1)), series: series.length }
    }),
  )
}
