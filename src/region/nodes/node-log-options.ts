/** What a node log is made of (node-log.ts). */
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Quorum } from '../../ports/quorum.ts'
import type { Random } from '../../ports/random.ts'
import type { Store } from '../../ports/store.ts'
import type { AskNode } from './store/store-copy.ts'
import type { NodeName } from './node-entry.ts'
import type { AskTerm } from './term-rounds.ts'
import type { TrimLimits } from './entry-trimming.ts'

export type NodeLogOptions = {
  /** The name of the order's stream. */
  readonly group: string
  readonly nodes: readonly string[]
  readonly self: NodeName
  /** The node's own, on its disk; its giver closes it after `stop`. */
  readonly store: Store
  readonly quorum: Quorum
  readonly clock: Clock
  readonly random: Pick<Random, 'fraction' | 'uuid'>
  readonly log: Log
  /** Carries a question to another node, and brings what its `lend` answers. */
  readonly ask: AskNode
  /** Brings what `knownTerm` of another node is. */
  readonly askTerm: AskTerm
  /** Other limits than the usual ones, for tests. */
  readonly limits?: TrimLimits & { readonly entryBytesMax: number; readonly copyPageRowsMax: number }
}
