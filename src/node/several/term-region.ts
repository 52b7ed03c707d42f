/** The region as a node runs it while it leads: opened on the node's store for one term, and stopped in order when the term is over. */
import { openEngine } from '../../engine/open-engine.ts'
import type { NodeLog } from '../../region/nodes/node-log.ts'
import { Lifecycle } from '../../region/lifecycle.ts'
import type { RunningServer } from '../../http/server.ts'
import { type Around, environmentOf } from '../around.ts'
import { measureAll } from '../measuring.ts'
import type { NodeOptions } from '../node-options.ts'
import { engineOptions, type OwnRegion, runRegion, serverOptionsOf } from '../own-region.ts'
import type { RegionRecovery } from '../store/own-engine.ts'
import type { StoreScrub } from '../store/store-scrub.ts'
import { quorumOf } from '../quorum.ts'
import { groupPartsOf } from './group-parts.ts'
import { openStoredKeys } from './stored-keys.ts'

export type TermOptions = {
  readonly options: NodeOptions
  readonly around: Around
  readonly nodeLog: NodeLog
  /** Of the node's store. */
  readonly folder: string
  readonly scrub: StoreScrub
  /** The node's own endpoint. */
  readonly url: () => string
}

export type TermRegion = {
  readonly server: RunningServer
  /** It answers all reads, those of other nodes too, since it alone knows of faults that are set. */
  readonly forwardsAll: () => boolean
  readonly standsInFor: () => readonly string[]
  /** Why it does not serve; undefined while it does. */
  readonly trouble: () => string | undefined
  readonly measure: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A damaged store is copied from another node, and never brought together from what is left of it. */
const noRecovery: RegionRecovery = {
  leftovers: undefined,
  notice: () => undefined,
  start: () => Promise.resolve(),
  stop: () => undefined,
}

/** Rejects with StoreLost where the term is over meanwhile. */
export async function openTerm(term: number, given: TermOptions): Promise<TermRegion> {
  const life = new Lifecycle()
  try {
    return await startParts(term, given, life)
  } catch (error) {
    await life.undo()
    throw error
  }
}

async function startParts(term: number, given: TermOptions, life: Lifecycle): Promise<TermRegion> {
  const { options, nodeLog, folder, scrub, url } = given
  const latest = async (): Promise<void> => await nodeLog.barrier()
  const ofTerm = nodeLog.storeOf(term)
  life.add(() => ofTerm.close())
  const { keys, store } = await openStoredKeys(options, ofTerm, life)
  const around = { ...given.around, keys }
  const environment = environmentOf(options, around, life)
  const { topology } = around.watch
  const shared = quorumOf({ ...options, quorum: options.groupQuorum }, { topology, meter: environment.env.meter, life })
  const env = { ...environment.env, ...shared, store }
  const engine = await openEngine(env, { ...engineOptions(options, topology, folder), latest, term })
  const opened = { env, engine, recovery: noRecovery, folder, scrub }
  const groups = groupPartsOf(store, options)
  const own = await runRegion({ options, around, environment, opened, groups, latest }, life)
  const { loopbackPort: _, privately: __, ...listening } = serverOptionsOf(options, own)
  const server = await own.region.serve({ ...listening, isInner: true, endsRest: true })
  own.functions?.listensAt(url())
  return { ...wordsOf(own), server, stop: async () => await life.stop() }
}

function wordsOf(own: OwnRegion): Pick<TermRegion, 'forwardsAll' | 'standsInFor' | 'trouble' | 'measure'> {
  const { engine, replication, faults, evacuation } = own.region
  return {
    forwardsAll: () => faults.any,
    standsInFor: () => evacuation.standsInFor.map((each) => each.region),
    trouble: () => engine.trouble()?.reason ?? replication.halted,
    measure: async () => await measureAll(own),
  }
}
