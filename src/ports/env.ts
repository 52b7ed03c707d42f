/** Everything that acts, behind one object: the engine and the readers take what they need from it and nothing else. */
import type { Blobs } from './blobs.ts'
import type { Bus } from './bus.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { Meter } from './meter.ts'
import type { Quorum } from './quorum.ts'
import type { Random } from './random.ts'
import type { Store } from './store.ts'

export type Env = {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly bus: Bus
  readonly blobs: Blobs
  /** Absent where no order is shared with other members. */
  readonly quorum?: Quorum
  readonly log: Log
  readonly meter: Meter
}
