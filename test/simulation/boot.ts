/**
 * Starts what a node consists of below its API, in the order in which node/ does it, on a simulated environment. This
 * is the one place where the simulator touches the real engine and readers.
 */
import type { Timing } from '../../src/core/table/waits.ts'
import type { Topology } from '../../src/core/topology.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { ReplicationSettings } from '../../src/readers/replication/settings.ts'
import type { ExpirySettings } from '../../src/readers/expiry/expiry.ts'
import { type StreamSettings, usualStreams } from '../../src/readers/sweepers/change-streams.ts'
import type { FunctionPorts } from '../../src/region/lambda.ts'
import { type Region, startRegion } from '../../src/region/start-region.ts'
import type { ArchiveSettings } from '../../src/readers/archive/archive-services.ts'
import type { Env } from '../../src/ports/env.ts'
import { timing } from './administrator.ts'
import { overriding } from './observed-engine.ts'

/** What runs in a region instead of the real thing: how the teeth tests put known bugs in. */
export type Variant = {
  /** Methods in the place of the engine's own, as the readers see it. */
  readonly engine?: (engine: Engine, env: Env) => Partial<Engine>
  readonly lyingDisk?: boolean
  /** Wall clocks that only show multiples of it, so that regions often agree on the time. */
  readonly coarseClockMs?: number
  /** Of the least that a tombstone waits before it may go. */
  readonly tombstoneAgeMsMin?: number
  /** In the place of the simulator's own. */
  readonly timing?: Timing
}

export type Process = Pick<Region, 'engine' | 'replication' | 'lambda'>

/** Faster than in life, so that a short run sees it; still longer than a part of a snapshot can be on its way. */
const sweeperPace = { everyMs: 2000, ageMsMin: 15_000 }

export type BootOptions = {
  readonly env: Env
  readonly topology: Topology
  /** Shows the engine to the simulator first; the readers and clients get what it returns. */
  readonly observe: (engine: Engine) => Engine
  readonly variant: Variant
  readonly settings: ReplicationSettings
  readonly streams: StreamSettings
  readonly expiry: ExpirySettings
  /** Of worlds with point-in-time recovery: elsewhere the archiver rests. */
  readonly archive: ArchiveSettings | undefined
  /** Of worlds with triggers. */
  readonly functions: FunctionPorts | undefined
}

/** Nothing of the log is held for streams, and their shards stay as they are. */
export const streamsAtRest: StreamSettings = { ...usualStreams, retentionMs: 0, everyMs: 1e9 }

export async function boot({
  env,
  topology,
  observe,
  variant,
  settings,
  streams,
  expiry,
  archive,
  functions,
}: BootOptions): Promise<Process> {
  return await startRegion(env, {
    topology,
    timing: variant.timing ?? timing,
    observe: (engine) => {
      const seen = observe(engine)
      return variant.engine === undefined ? seen : overriding(seen, variant.engine(seen, env))
    },
    replication: settings,
    streams,
    expiry,
    ...(archive === undefined ? {} : { archive }),
    ...(functions === undefined ? {} : { functions }),
    sweeping: { ...sweeperPace, ageMsMin: variant.tombstoneAgeMsMin ?? sweeperPace.ageMsMin },
  })
}
