/** What of a peer could not be read or trusted: passed over, counted, and told with the last reason. */
import type { Region } from '../../../core/topology.ts'
import type { Env } from '../../../ports/env.ts'

/** Messages of a peer that were passed over: their changes come from its log instead. */
export type Suspect = { readonly messages: number; readonly last: string; readonly lastMs: number }

export class PeerErrors {
  readonly #env: Env
  readonly #peer: Region
  #told: Suspect | undefined

  constructor(env: Env, peer: Region) {
    this.#env = env
    this.#peer = peer
  }

  /** Undefined when there was nothing. */
  get told(): Suspect | undefined {
    return this.#told
  }

  /** Anything but a RangeError is a mistake of ours, and thrown on. */
  note(what: string, error: unknown, sequence?: number): void {
    if (!(error instanceof RangeError)) throw error
    const { meter, log, clock } = this.#env
    meter.count('longitude_replication_refused_total', { peer: this.#peer.name })
    log.warn('garbage from the peer', { peer: this.#peer.name, what, sequence, error: error.message })
    const messages = (this.#told?.messages ?? 0) + 1
    this.#told = { messages, last: `${what}: ${error.message}`, lastMs: clock.wallMs() }
  }
}
