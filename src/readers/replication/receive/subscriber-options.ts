/** Options of the follower of a peer. */
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Env } from '../../../ports/env.ts'
import type { Pauses } from '../pause/pauses.ts'
import type { Voices } from '../prove/voices.ts'
import type { Retries } from '../../retries.ts'
import type { Seals } from '../talk/seals.ts'
import type { Session } from '../talk/session.ts'

export type SubscriberOptions = {
  readonly env: Env
  readonly engine: Engine
  readonly peer: Region
  readonly pauses: Pauses
  readonly retries: Retries
  readonly seals: Seals
  readonly voices: Voices
  /** In one batch; as in core/limits/limits.ts unless said otherwise. */
  readonly applyChangesMax?: number | undefined
  /** So many messages behind, the peer's log is asked; as in core/limits/limits.ts unless said otherwise. */
  readonly backlogMessagesMin?: number | undefined
  /** Asks the peer what it knows of this region's own log, and holds it against that. */
  readonly examine: (session: Session, peer: Region) => Promise<void>
  /** Something of a former log of the peer may still have to be merged from others. */
  readonly hasPendingMergesOf: (peer: string) => boolean
  /** Fetches the peer's state and sets the cursor; rejects when it could not be finished. */
  readonly transfer: (session: Session, peer: Region, epoch: string) => Promise<void>
  /** A register of some table has arrived, or a session has begun: somebody may have to join or leave. */
  readonly onRegisters: () => void
}
