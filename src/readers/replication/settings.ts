/** What replication is started with. */
import type { Timing } from '../../core/table/waits.ts'
import type { Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Finding } from './prove/claims.ts'
import type { Remainder } from './replicas/join.ts'
import type { Asides } from './talk/asides.ts'
import type { SealSettings } from './talk/seals.ts'

export type ReplicationSettings = SealSettings &
  Asides & {
    /** Positions that the log keeps for a peer that does not confirm them. */
    readonly logPositionsMax: number
    /** Whether every other reader of the log has its hold on it now: until then, and from then on, nothing of it may go. It may unless told otherwise. */
    readonly mayTrim?: () => boolean
    /** Changes that are applied in one batch. */
    readonly applyChangesMax?: number
    readonly backlogMessagesMin?: number
    readonly leftovers?: Remainder | undefined
    /** How long a replica is CREATING at least; no time by default. */
    readonly timing?: Timing
  }

export type ReadersOptions = {
  readonly env: Env
  readonly engine: Engine
  readonly topology: Topology
  readonly settings: ReplicationSettings
  readonly onFinding: (finding: Finding) => void
}
