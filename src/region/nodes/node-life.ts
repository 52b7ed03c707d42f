/** How a node follows the order, from one place on. */
import type { Applying } from './store/applying.ts'

/** Why entries are followed no further. */
export type Broken = 'stopped' | 'store failed' | 'trimmed' | 'differs' | 'foreign'

/** From one place on, until it breaks. */
export type Life = {
  readonly applying: Applying
  readonly breaks: (why: Broken) => void
  /** The store had rows before the node followed anything. They are all there is of a region that had one node. */
  readonly isForeign: boolean
  isOver: boolean
}
