/**
 * The API of a process that only reads its region's store: a worker, or a node that follows. Such a process is a client of its region and no region:
 * it decides nothing, follows no peer and has no log of its own, so region/start-region.ts has no part for it (docs/design/processes.md).
 */
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { timings } from '../core/table/waits.ts'
import { accessSettings, type WatchedAccess } from '../deployment/secrets/identities/watched-access.ts'
import type { Engine } from '../engine/engine.ts'
import { ReadingEngine, type ReadingStore } from '../engine/reading-engine.ts'
import { Signatures } from '../http/access/signatures.ts'
import { type Pipeline, pipeline, type PipelineOptions } from '../http/pipeline.ts'
import { localOperations } from '../http/processes/worker-front.ts'
import { authorizing, type AccessMode } from '../operations/access/authorizer.ts'
import { Insights } from '../operations/insights/insights.ts'
import type { OperationContext } from '../operations/operation.ts'
import { registry } from '../operations/registry.ts'

export type ReadingOptions = Pick<PipelineOptions, 'observer' | 'onBrokenInvariant' | 'onFailed'> & {
  readonly env: OperationContext['env']
  /** `renew` comes before each request. */
  readonly store: ReadingStore
  readonly region: { readonly name: string; readonly number: number }
  readonly accountId: string
  /** As known now. */
  readonly regions: Pick<SignedRegions, 'all' | 'endpointOf'>
  /** Regions beside its own that signatures may be for. */
  readonly signedFor: readonly string[]
  /** Whether the region is evacuated to this one. */
  readonly standsInFor: (region: string) => boolean
  readonly access: WatchedAccess
  readonly mode: 'off' | AccessMode
}

export type ReadingApi = {
  readonly pipeline: Pipeline
  /** Sees from now on whatever is durable. */
  renew(): void
  /** There are tables of which only the process that runs the region can tell: it counts their keys, or has the stores of their groups. */
  needsOwner(): boolean
}

export function readingApi(options: ReadingOptions): ReadingApi {
  const { store, region, regions, signedFor, standsInFor } = options
  const engine = new ReadingEngine(store, region)
  const context = contextOf(engine, options)
  const insights = new Insights(context)
  const alsoFor = { has: (name: string) => signedFor.includes(name) || standsInFor(name) }
  return {
    pipeline: pipelineOf(context, { own: region.name, ...regions, alsoFor }, options),
    renew: () => engine.renew(),
    needsOwner: () => insights.any || engine.hasGroups,
  }
}

/** The operations that run in it are those that need no more than reading. */
function contextOf(engine: ReadingEngine, { env, accountId, region, regions }: ReadingOptions): OperationContext {
  const settings = {
    accountId,
    globalTables2017: false,
    region: region.name,
    get regions() {
      return regions.all()
    },
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  return { engine: engine as unknown as Engine, env, settings }
}

function pipelineOf(context: OperationContext, regions: SignedRegions, options: ReadingOptions): Pipeline {
  const { access, mode, observer, onBrokenInvariant, onFailed } = options
  const { credentials } = access
  const { clock } = context.env
  const policies = accessSettings(mode, access)
  return pipeline({
    context,
    regions,
    observer,
    onBrokenInvariant,
    onFailed,
    ...(credentials === undefined ? {} : { signatures: new Signatures({ credentials, regions, clock }) }),
    ...(policies === undefined ? {} : { decisions: { authorize: authorizing(policies) } }),
    operations: new Map([...registry].filter(([name]) => localOperations.includes(name))),
  })
}
