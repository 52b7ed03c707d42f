/**
 * One region's node, put together: the only place that chooses adapters and starts the loops. Starting goes from the disk
 * outwards, so that a request finds everything there; stopping goes inwards, so that whatever was accepted is answered and
 * nothing writes to a store that is closed. The bus may be away at any time, from the start on: the region serves.
 */
import { existsSync } from 'node:fs'
import { tightenFolder } from '../process/files/private-files.ts'
import { portFailure } from '../process/port-failure.ts'
import { isCounted } from '../operations/capacity/admission.ts'
import { Lifecycle } from '../region/lifecycle.ts'
import { environmentOf, openAround } from './around.ts'
import { refuseContradictions } from './option-contradictions.ts'
import type { NodeOptions } from './node-options.ts'
import { engineOptions, type OwnRegion, runRegion, secureOf, serverOptionsOf } from './own-region.ts'
import { quorumOf } from './quorum.ts'
import { refuseWithSeveral } from './several/several-options.ts'
import { openOwnEngine } from './store/own-engine.ts'
import { groupsOf } from './store/group-stores.ts'
import { RegionStore } from './store/region-store.ts'
import { guardStore, steadyLater } from './store/guard-store.ts'
import type { RegionsTold } from './workers/messages.ts'
import { Workers, type WorkersOptions } from './workers/workers.ts'

export type RunningNode = { readonly url: string; close(): Promise<void> }

/** Rejects with a Failure when the folder or the port cannot be had; whatever was started by then is stopped. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  refuseContradictions(options)
  refuseWithSeveral(options)
  const life = new Lifecycle()
  try {
    const url = options.several === undefined ? await startParts(options, life) : await startNodeOf(options, life)
    return { url, close: async () => await life.stop() }
  } catch (error) {
    await life.undo()
    throw portFailure(error, options)
  }
}

/** A region of one node does not load what those of several have. */
async function startNodeOf(options: NodeOptions, life: Lifecycle): Promise<string> {
  const { startSeveral } = await import('./several/several-node.ts')
  return await startSeveral(options, life)
}

/** Registers in `life` each part as soon as it runs. Returns the endpoint. */
async function startParts(options: NodeOptions, life: Lifecycle): Promise<string> {
  const { data, log, onProgress = () => undefined } = options
  if (existsSync(data)) tightenFolder(data)
  const around = await openAround(options, life)
  const { topology } = around.watch
  const regionStore = new RegionStore({ data, log, onProgress, keys: around.keys.dataKeys })
  const { folder } = regionStore
  const environment = environmentOf(options, around, life)
  const shared = quorumOf(options, { topology, meter: environment.env.meter, life })
  const opened = await openOwnEngine(
    regionStore,
    { ...environment.env, ...shared },
    engineOptions(options, topology, folder),
  )
  const scrub = guardStore(
    { ...options, regionStore, store: opened.store, close: () => opened.env.store.close() },
    life,
  )
  const groups = groupsOf(options, around.keys.dataKeys, life)
  const own = await runRegion({ options, around, environment, opened: { ...opened, folder, scrub }, groups }, life)
  const url = await serve(options, own)
  own.functions?.listensAt(url)
  life.add(steadyLater(regionStore))
  return url
}

function regionsTold({ watch, region }: OwnRegion): RegionsTold {
  return {
    names: watch.topology.regions.map(({ name }) => name),
    endpoints: Object.fromEntries(watch.endpoints),
    standsInFor: region.evacuation.standsInFor.map((each) => each.region),
  }
}

/** Starts the server, and the workers behind it. Returns the endpoint. */
async function serve(options: NodeOptions, own: OwnRegion): Promise<string> {
  const secure = secureOf(options)
  const workers = workersOf(options, own, { secure, server: () => server })
  const server = await own.region.serve(
    { ...serverOptionsOf(options, own), ...secure, ...(workers.count > 0 ? { distribute: workers.distribute } : {}) },
    // Workers still forward requests, and hand over connections: the server is there until they have ended.
    () => workers.stop(),
  )
  await workers.start()
  return server.url
}

function workersOf(options: NodeOptions, own: OwnRegion, served: Pick<WorkersOptions, 'secure' | 'server'>): Workers {
  const { self, log, visitors = {}, signedFor = [], accountId, host } = options
  const { region, meter, folder, scrub, dataKeys } = own
  return new Workers({
    ...served,
    count: (options.workers ?? 1) - 1,
    start: { folder, region: self, accountId, ...workersTold(options), signedFor, visitors, host },
    dataKeys,
    regions: () => regionsTold(own),
    faults: region.faults,
    log,
    meter,
    onFailed: (message, record) => {
      if (record !== undefined) region.engine.damage.recheck(record)
      scrub.suspect(new Error(message))
    },
  })
}

const workersTold = ({ credentials, identities, access = 'off', capacity, slow, otlp, otlpShare }: NodeOptions) => {
  const countsCapacity = isCounted(capacity)
  return { credentials, identities, access, countsCapacity, observing: { slow, otlp, otlpShare } }
}
