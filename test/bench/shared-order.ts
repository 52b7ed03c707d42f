/**
 * Rough figures of writes that three regions order together: engines on stores in memory, real quorum servers, links of one distance. What the
 * distance allows is 32 clients / (round trips × round trip): one round trip from the region of the stream's leader, two from another.
 *
 *   npm run bench:shared-order -- 80
 */
import { AesKeySeal } from '../../src/adapters/encryption/key-seal.ts'
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { Table } from '../../src/core/table/table.ts'
import { QuorumOrder } from '../../src/engine/order/quorum-order.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { plainShape } from '../../src/links/lane/link-shape.ts'
import { Links } from '../../src/links/links.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Quorum } from '../../src/ports/quorum.ts'
import { natsBinaries, quiet } from '../replication/nats.ts'
import { QuorumServers } from '../replication/quorum-servers.ts'
import { itemOf, put, regionNames, tableEdits, topologyOf } from '../unit/engine/region.ts'

const clients = 32
const seconds = 5
const roundTripMs = Number(process.argv[2] ?? 80)
const links: Links[] = []

/** Returns the port of a link to a server's routes. */
async function linked(from: string, to: string, port: number): Promise<number> {
  const at = { host: '127.0.0.1', port: 0 }
  const link = await Links.open([
    { from, to, listen: at, target: { ...at, port }, shape: { ...plainShape, roundTripMs } },
  ])
  links.push(link)
  return link.ports[0]?.address.port ?? 0
}

async function engineOf(self: (typeof regionNames)[number], quorum: Quorum): Promise<Engine> {
  const order = new QuorumOrder({
    open: async () => await quorum.open('bench', regionNames),
    self: topologyOf(self).self,
    group: 'bench',
    replicas: 3,
    key: Buffer.alloc(32, 7),
    seal: new AesKeySeal(systemRandom),
    guards: false,
    clock: systemClock,
    random: systemRandom,
    log: quiet,
    onEnd: (why, message) => console.error(self, why, message),
  })
  const unmeasured = { count() {}, gauge() {}, observe() {}, forget() {} }
  const env = {
    clock: systemClock,
    random: systemRandom,
    store: new MemoryStore(),
    blobs: new MemoryBlobs(),
    log: quiet,
  }
  return await openEngine(
    { ...env, meter: unmeasured, bus: undefined as unknown as Bus },
    {
      topology: topologyOf(self),
      order,
      onBrokenInvariant: (error) => {
        throw error
      },
    },
  )
}

async function measured(work: (n: number) => Promise<unknown>): Promise<readonly [number, number]> {
  const times: number[] = []
  const endMs = performance.now() + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let n = 0; performance.now() < endMs; n++) {
        const startedMs = performance.now()
        await work(client * 1_000_000 + n)
        times.push(performance.now() - startedMs)
      }
    }),
  )
  return [times.length / seconds, times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0]
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await work()
    } catch (error) {
      if (tries === 60) throw error
      await systemClock.sleep(500)
    }
}

const servers = await QuorumServers.prepare((await natsBinaries())[0] ?? '', regionNames)
const routes = new Map<string, number>()
for (const from of regionNames)
  for (const to of regionNames)
    if (from !== to) routes.set(`${from}>${to}`, await linked(from, to, servers.routePort(to)))
servers.routeTo = (from, to) => routes.get(`${from}>${to}`) ?? 0
for (const name of regionNames) servers.start(name)
const quorums = regionNames.map((name) => servers.quorum(name))
const engines = await Promise.all(regionNames.map(async (name, n) => await engineOf(name, quorums[n] as Quorum)))
await retried(async () => await engines[0]?.define('id-t', tableEdits('t')))
for (const engine of engines) await retried(async () => await engine.barrier())
console.log(`rough figures: ${clients} clients a region, ${roundTripMs} ms round trip, one region at a time`)
for (const [n, engine] of engines.entries()) {
  const table = engine.tableNamed('t') as Table
  const [writes, writeMs] = await measured(async (at) => await engine.commit([put(table, itemOf('p', at))]))
  const [reads, readMs] = await measured(async () => await engine.barrier())
  const trips = writeMs < 1.5 * roundTripMs ? 1 : 2
  const allowed = (clients * 1000) / (trips * roundTripMs)
  console.log(
    `${regionNames[n]}: ${writes.toFixed(0)} writes/s, p50 ${writeMs.toFixed(0)} ms: ${(writes / allowed).toFixed(2)} of ${allowed.toFixed(0)}/s (${trips} round trips); ` +
      `${reads.toFixed(0)} barriers/s, p50 ${readMs.toFixed(0)} ms`,
  )
}
await Promise.all(quorums.map(async (quorum) => await quorum.close()))
await servers.remove()
await Promise.all(links.map(async (link) => await link.close()))
process.exit(0)
