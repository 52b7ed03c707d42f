/** How a peer is followed just now, and why not as usual; each turn for the worse is logged once. */
import type { Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { Region } from '../../../core/topology.ts'
import type { Env } from '../../../ports/env.ts'
import { LogGone } from './gap-repair.ts'

const doubtMs = 5000

export class LinkState {
  now: 'normal' | 'refused' | 'resync' | 'held' = 'normal'
  reason: string | undefined
  /** When what is held was last compared with the origin's log, or was held first. */
  #trustedAtMs = 0
  readonly #env: Env
  readonly #peer: Region

  constructor(env: Env, peer: Region) {
    this.#env = env
    this.#peer = peer
  }

  /** Until something of the peer can be applied again, or there is nothing left that cannot. */
  refuse(reason: string): void {
    if (this.reason !== reason) this.#env.log.error('peer is refused', { peer: this.#peer.name, reason })
    this.now = 'refused'
    this.reason = reason
  }

  accept(): void {
    this.now = 'normal'
    this.reason = undefined
  }

  /** Its state is to be fetched. */
  gone(why: string): LogGone {
    this.#env.log.warn('the peer’s log does not go on from here', { peer: this.#peer.name, why })
    this.now = 'resync'
    this.reason = why
    return new LogGone(why)
  }

  hold({ wallMs }: Stamp): void {
    const { log, clock } = this.#env
    const said = { peer: this.#peer.name, aheadMs: wallMs - clock.wallMs() }
    if (this.now !== 'held') {
      log.error('changes are held: the peer’s clock is ahead', said)
      this.#trustedAtMs = clock.monotonicMs()
    }
    this.now = 'held'
  }

  /** True every few seconds while changes are held: the message that brought them may not be what the origin's log says. */
  get isDoubtful(): boolean {
    const nowMs = this.#env.clock.monotonicMs()
    if (this.now !== 'held' || nowMs - this.#trustedAtMs < doubtMs) return false
    this.#trustedAtMs = nowMs
    return true
  }
}
