/** Puts the parts of an engine's state together; what they hold is loaded from the store afterwards. */
import { clockDriftMsMax, itemCollectionSizeBytesMax } from '../core/limits.ts'
import type { Env } from '../ports/env.ts'
import { Catalog } from './catalog.ts'
import { Counts } from './counts.ts'
import { Cursors } from './cursors.ts'
import type { Groups } from './group.ts'
import { Head } from './head.ts'
import { Lineage } from './lineage.ts'
import type { EngineOptions } from './open-engine.ts'
import { StayingRuns } from './staying-runs.ts'
import type { State } from './state.ts'

export function assembleState(env: Env, options: EngineOptions, epoch: string, groups: Groups): State {
  const { store, clock, log, meter } = env
  return {
    topology: options.topology,
    driftMsMax: options.clockDriftMsMax ?? clockDriftMsMax,
    itemCollectionSizeBytesMax: options.itemCollectionSizeBytesMax ?? itemCollectionSizeBytesMax,
    store,
    clock,
    log,
    meter,
    groups,
    head: new Head(),
    counts: new Counts(groups),
    staying: new StayingRuns(),
    catalog: new Catalog(store, options.topology.self.name),
    cursors: new Cursors(groups),
    lineage: new Lineage(groups, { epoch, start: env.random.uuid() }),
  }
}
