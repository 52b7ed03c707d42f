/** The API of a process that only reads its region's store: a worker, or a node that follows. */
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { timings } from '../core/table/waits.ts'
import type { WatchedAccess } from '../deployment/secrets/identities/watched-access.ts'
import { accessSettings } from '../deployment/secrets/identities/watched-access.ts'
import type { Engine } from '../engine/engine.ts'
import type { ReadingEngine } from '../engine/reading-engine.ts'
import { Signatures } from '../http/access/signatures.ts'
import { type Pipeline, pipeline, type PipelineOptions } from '../http/pipeline.ts'
import { localOperations } from '../http/processes/worker-front.ts'
import { authorizing, type AccessMode } from '../operations/access/authorizer.ts'
import type { OperationContext } from '../operations/operation.ts'
import { registry } from '../operations/registry.ts'

type Reading = {
  readonly env: OperationContext['env']
  readonly accountId: string
  readonly region: string
  /** As known now. */
  readonly regions: () => readonly string[]
}

/** The operations that run in it are those that need no more than reading. */
export function readingContext(
  engine: ReadingEngine,
  { env, accountId, region, regions }: Reading,
): OperationContext & { readonly engine: Engine } {
  const settings = {
    accountId,
    globalTables2017: false,
    region,
    get regions() {
      return regions()
    },
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  return { engine: engine as unknown as Engine, env, settings }
}

type ReadingPipeline = Pick<PipelineOptions, 'observer' | 'onBrokenInvariant' | 'onFailed'> & {
  readonly context: OperationContext
  readonly access: WatchedAccess
  readonly mode: 'off' | AccessMode
  readonly regions: SignedRegions
}

export function readingPipeline({ access, mode, ...options }: ReadingPipeline): Pipeline {
  const { credentials } = access
  const { clock } = options.context.env
  const policies = accessSettings(mode, access)
  const { regions } = options
  return pipeline({
    ...options,
    ...(credentials === undefined ? {} : { signatures: new Signatures({ credentials, regions, clock }) }),
    ...(policies === undefined ? {} : { decisions: { authorize: authorizing(policies) } }),
    operations: new Map([...registry].filter(([name]) => localOperations.includes(name))),
  })
}
