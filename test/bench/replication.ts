/**
 * What travels between three regions, as ratios measured in one run: what idle replication adds to the distance, whether
 * it keeps up with three writers, how fast a backlog drains beside JetStream alone, and what cut links do to local writes.
 */
import { parseArgs } from 'node:util'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { streamName } from '../../src/adapters/nats/nats-subjects.ts'
import { messagesApartMs } from '../../src/core/limits/limits.ts'
import { cpuMsOf, delivery, Load } from './children.ts'
import { median, quantile, rounded, table } from './figures.ts'
import type { LoadResult } from './load.ts'
import { call, encodeRequest, itemOf, keyOf, operations, pause, spread, tableName, until } from './requests.ts'
import { type RegionName, regionNames, ThreeRegions } from './three-regions.ts'
import { adminHeaders } from '../../src/deployment/endpoints.ts'
import { testAdminToken } from '../admin-token.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** One part alone, as JSON. */
    only: { type: 'string' },
  },
})
const roundTripMs = 40
const size = flags.quick
  ? { idleWrites: 30, loadMs: 8000, singles: 4000, backlog: 10_000, drains: 1, rounds: 3, roundMs: 2000 }
  : { idleWrites: 200, loadMs: 30_000, singles: 30_000, backlog: 100_000, drains: 3, rounds: 7, roundMs: 4000 }
const items = 4000
/** Each look at what is pending costs the origin as much as a hundred changes. */
const lookEveryMs = 25
const [here, there] = regionNames

const regions = await ThreeRegions.start(roundTripMs)
const loads: Load[] = []
try {
  for (const _ of regionNames) loads.push(await Load.start())
  const parts = { idleLag, threeWriters, backlog: drains, localWrites }
  if (flags.only !== undefined) console.log(JSON.stringify(await parts[flags.only as keyof typeof parts]()))
  else
    report({
      idleLag: await idleLag(),
      threeWriters: await threeWriters(),
      backlog: await drains(),
      localWrites: await localWrites(),
    })
} finally {
  for (const load of loads) await load.stop()
  await regions.stop()
}

/** From when a write is acknowledged here until it can be read there, one at a time; and from when it is sent. */
async function idleLag() {
  const samplesMs: number[] = []
  const sincePutMs: number[] = []
  for (let n = 0; n < size.idleWrites; n++) {
    await pause(20 + ((n * 37) % 60))
    const startedMs = performance.now()
    await call(regions.node(here).port, 'PutItem', { TableName: tableName, Item: itemOf(n, n + 1) })
    const acknowledgedMs = performance.now()
    const key = { TableName: tableName, Key: keyOf(n) }
    const isThere = async (): Promise<boolean> => {
      const { Item: item } = await call(regions.node(there).port, 'GetItem', key)
      return (item as { version?: { N: string } } | undefined)?.version?.N === String(n + 1)
    }
    await until('the write is there', isThere, 60_000, 1)
    samplesMs.push(performance.now() - acknowledgedMs)
    sincePutMs.push(performance.now() - startedMs)
  }
  const oneWayMs = roundTripMs / 2
  return {
    oneWayMs,
    medianMs: rounded(median(samplesMs)),
    addedMs: rounded(median(samplesMs) - oneWayMs),
    addedSinceSentMs: rounded(median(sincePutMs) - oneWayMs),
  }
}

/** All regions write as fast as they can. Applied over written while it lasts; and what is pending must not grow on. */
async function threeWriters() {
  await settled()
  const cpuBefore = cpuOf()
  const startedMs = performance.now()
  const running = Promise.all(
    regionNames.map(async (region, n) => {
      const requests = requestsOf('PutItem', n * items)
      return await loadOf(n, region, { requests, connections: 16, ms: size.loadMs })
    }),
  )
  const pendings: number[] = []
  const state = { ended: false }
  void running.then(() => (state.ended = true))
  while (!state.ended) {
    await pause(size.loadMs / 20)
    if (!state.ended) pendings.push(await regions.pending())
  }
  const results = await running
  const writeSeconds = (performance.now() - startedMs) / 1000
  const left = await regions.pending()
  await settled()
  const half = Math.floor(pendings.length / 2)
  const written = results.reduce((sum, { count }) => sum + count, 0)
  return {
    writesPerSecond: Math.round(written / writeSeconds),
    appliesOverWrites: rounded(1 - left / (written * 2)),
    pendingFirstHalf: Math.round(median(pendings.slice(0, half))),
    pendingSecondHalf: Math.round(median(pendings.slice(half))),
    pendingMost: Math.max(...pendings),
    drainedAfterMs: Math.round(performance.now() - startedMs - writeSeconds * 1000),
    cpuMicrosPerWriteAndTwoApplies: rounded(((cpuOf() - cpuBefore) / written) * 1000),
  }
}

/**
 * A peer that was cut off catches up, against JetStream giving the same messages over the same link to a process that does
 * nothing with them. Three times: what is written now and then during a long cut is one change a message; what two clients write
 * as fast as they can is a few; what is written in batches is many.
 */
async function drains() {
  const few = async (count: number): Promise<void> =>
    void (await loadOf(0, here, { requests: requestsOf('PutItem'), connections: 2, count }))
  const many = async (count: number): Promise<void> =>
    void (await loadOf(0, here, { requests: requestsOf('BatchWriteItem25'), connections: 4, count: count / 25 }))
  // Not counted: a region that has been cut off has been running before, and has caught up before.
  await drain(few, size.backlog / 10)
  await drain(many, size.backlog / 4)
  return {
    oneAMessage: await medianDrain(writeNowAndThen, size.singles),
    fewAMessage: await medianDrain(few, size.backlog),
    manyAMessage: await medianDrain(many, size.backlog),
  }
}

type Write = (count: number) => Promise<void>

/** One write after the other, further apart than the publisher gathers for a message. */
async function writeNowAndThen(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await call(regions.node(here).port, 'PutItem', { TableName: tableName, Item: itemOf(n % items, n) })
    await pause(messagesApartMs)
  }
}

/** Backlog and JetStream by turns; the turn with the median of the ratios. */
async function medianDrain(write: Write, count: number) {
  const turns = [await drain(write, count)]
  for (let turn = 1; turn < size.drains; turn++) turns.push(await drain(write, count))
  const sorted = turns.toSorted((a, b) => a.ofJetStream - b.ofJetStream)
  const middle = sorted[Math.floor((turns.length - 1) / 2)] ?? turns[0]
  return { ...(middle as (typeof turns)[0]), ofJetStreamEach: turns.map(({ ofJetStream }) => ofJetStream) }
}

async function drain(write: Write, count: number) {
  await settled()
  const isInto = (from: string): boolean => from === there
  regions.cut('reset', isInto)
  const fromSequence = (await endOfStream()) + 1
  await write(count)
  await until('it is on the stream', async () => (await statusOf(here)).published === (await statusOf(here)).flushed)
  const upToSequence = await endOfStream()
  const pending = await pendingTo(here, there)
  const cpuBefore = cpuMsOf(regions.node(there).pid)
  const startedMs = performance.now()
  regions.cut('open', isInto)
  await until('the session is there again', async () => (await pendingTo(here, there)) < pending, 60_000, lookEveryMs)
  const firstMs = performance.now()
  const left = await pendingTo(here, there)
  await until('the backlog is drained', async () => (await pendingTo(here, there)) === 0, 300_000, lookEveryMs)
  const perSecond = (left / (performance.now() - firstMs)) * 1000
  const cpuMicros = ((cpuMsOf(regions.node(there).pid) - cpuBefore) / pending) * 1000
  const part = { port: regions.links.get(`${there}>${here}`)?.port ?? 0, region: here, fromSequence, upToSequence }
  const consumed = [await delivery({ ...part, by: 'consume' }), await delivery({ ...part, by: 'consume' })]
  const pulled = [await delivery({ ...part, by: 'puller' }), await delivery({ ...part, by: 'puller' })]
  const [byConsume, byPuller] = [consumed, pulled].map((runs) => (pending / median(runs.map(({ ms }) => ms))) * 1000)
  const jetStream = Math.max(byConsume ?? 0, byPuller ?? 0)
  return {
    changes: pending,
    changesAMessage: rounded(pending / (upToSequence - fromSequence + 1)),
    backAfterMs: Math.round(firstMs - startedMs),
    perSecond: Math.round(perSecond),
    jetStreamPerSecond: Math.round(jetStream),
    ofJetStream: rounded(perSecond / jetStream),
    byConsume: Math.round(byConsume ?? 0),
    byPuller: Math.round(byPuller ?? 0),
    applyCpuMicros: rounded(cpuMicros),
    consumeCpuMicros: rounded((median(consumed.map(({ cpuMs }) => cpuMs)) / pending) * 1000),
  }
}

async function endOfStream(): Promise<number> {
  const connection = await connect({ servers: `127.0.0.1:${regions.natsPort(here)}` })
  const manager = await jetstreamManager(connection)
  const { state } = await manager.streams.info(streamName(here))
  await connection.close()
  return state.last_seq
}

/** Local writes with all links up and all cut, by turns. */
async function localWrites() {
  await settled()
  const p99: Record<'up' | 'cut', number[]> = { up: [], cut: [] }
  const requests = requestsOf('PutItem')
  for (let round = 0; round <= size.rounds; round++)
    for (const mode of ['up', 'cut'] as const) {
      regions.cut(mode === 'up' ? 'open' : 'black-hole')
      if (mode === 'up') await settled()
      const { p99Ms } = await loadOf(0, here, { requests, connections: 4, ms: size.roundMs })
      if (round > 0) p99[mode].push(p99Ms)
    }
  regions.cut('open')
  const [up, cut] = [median(p99.up), median(p99.cut)]
  const spreadOfUp = quantile(p99.up, 1) / up
  return {
    p99UpMs: rounded(up),
    p99CutMs: rounded(cut),
    cutOverUp: rounded(cut / up),
    mostUpOverMedian: rounded(spreadOfUp),
  }
}

function requestsOf(operation: string, first = 0): Buffer[] {
  const request = operations[operation]
  if (request === undefined) throw new Error(operation)
  return spread(1000, items).map((n) => encodeRequest(...request(first + n, items)))
}

async function loadOf(
  load: number,
  region: RegionName,
  order: { requests: Buffer[]; connections: number; ms?: number; count?: number },
): Promise<LoadResult> {
  const result = await (loads[load] as Load).run({ port: regions.node(region).port, ...order })
  if (result.failed > 0) throw new Error(`${result.failed} failed, the first with ${result.failure}`)
  return result
}

async function statusOf(region: RegionName): Promise<{ flushed: number; published: number }> {
  const response = await fetch(`http://127.0.0.1:${regions.node(region).port}/admin/status`, {
    headers: adminHeaders(testAdminToken),
  })
  return (await response.json()) as { flushed: number; published: number }
}

async function pendingTo(from: RegionName, to: RegionName): Promise<number> {
  return (await regions.peers(from)).find(({ peer }) => peer === to)?.pending ?? 0
}

async function settled(): Promise<void> {
  await until('everything is everywhere', async () => (await regions.pending()) === 0, 300_000)
}

function cpuOf(): number {
  return regionNames.reduce((sum, region) => sum + cpuMsOf(regions.node(region).pid), 0)
}

type Result = {
  readonly idleLag: Awaited<ReturnType<typeof idleLag>>
  readonly threeWriters: Awaited<ReturnType<typeof threeWriters>>
  readonly backlog: Awaited<ReturnType<typeof drains>>
  readonly localWrites: Awaited<ReturnType<typeof localWrites>>
}

function report(result: Result): void {
  if (flags.json) {
    console.log(JSON.stringify({ roundTripMs, ...size, ...result }))
    return
  }
  const { idleLag: lag, threeWriters: writers, backlog, localWrites: local } = result
  const rows = [
    ['', 'measured', 'goal'],
    ['idle lag less the one-way time, ms', lag.addedMs, '<= 20'],
    ['the same from sending the write, ms', lag.addedSinceSentMs, ''],
    ['three writers: applied over written', writers.appliesOverWrites, 'about 1'],
    ['three writers: pending in the second half over the first', ratio(writers), 'about 1'],
    ['backlog drained over JetStream alone: one change a message', backlog.oneAMessage.ofJetStream, '>= 0.5'],
    ['backlog drained over JetStream alone: few changes a message', backlog.fewAMessage.ofJetStream, '>= 0.5'],
    ['backlog drained over JetStream alone: many changes a message', backlog.manyAMessage.ofJetStream, '>= 0.5'],
    ['p99 of local writes, links cut over up', local.cutOverUp, 'about 1'],
  ]
  console.log(`${table(rows)}\n\n${JSON.stringify(result, undefined, 2)}`)
}

function ratio({ pendingFirstHalf, pendingSecondHalf }: Result['threeWriters']): number {
  return rounded(pendingSecondHalf / Math.max(1, pendingFirstHalf))
}
