/** The settings of replication, from the node that starts it. */
import type { Remainder } from './join.ts'

export type ReplicationSettings = {
  /** Positions that the log keeps for a peer that does not confirm them. */
  readonly logPositionsMax: number
  /** Changes that are applied in one batch. */
  readonly applyChangesMax?: number
  readonly backlogMessagesMin?: number
  readonly leftovers?: Remainder | undefined
}
