/** A region with the table `abc` behind the real server, on a store of the test's own. */
import { timings } from '../../../src/core/table/waits.ts'
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { type RunningServer, type ServerOptions, startServer } from '../../../src/http/server.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Log } from '../../../src/ports/log.ts'
import type { Store } from '../../../src/ports/store.ts'
import { tableEdits } from '../engine/region.ts'

export async function serveRegion(
  store: Store,
  more: Pick<ServerOptions, 'observer'> & { readonly clock?: Clock } = {},
): Promise<RunningServer> {
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => log }
  const meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
  const { clock = systemClock } = more
  const self = { name: 'us-east-1', number: 1 }
  const bus = new MemoryNetwork(systemClock, systemRandom).join(self.name)
  const env = { clock, random: systemRandom, store, bus, blobs: new MemoryBlobs(), log, meter }
  const engine = await openEngine(env, { topology: { self, regions: [self] } })
  await engine.define('id', tableEdits('abc'))
  const own = { region: self.name, regions: [self.name] }
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    ...own,
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  return await startServer({
    ...more,
    port: 0,
    context: { engine, env, settings },
    readiness: () => ({ ready: true }),
    metrics: () => Promise.resolve({ contentType: '', text: '' }),
  })
}
