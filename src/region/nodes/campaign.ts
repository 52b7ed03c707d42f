/** When a node tries to lead: nothing is heard of the one that does, or it is known to lead no more. Whether it may, the order decides. */
import { nodeLeadLostMs, nodeLeadProvedMs, nodeLeadSilentMs, nodeLeadVacantMs } from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { NodeName } from './node-entry.ts'
import type { NodePlace } from './store/node-place.ts'
import type { NodeVoice } from './node-voice.ts'
import { Silence } from './leader-silence.ts'

export type CampaignOptions = {
  readonly self: NodeName
  readonly run: string
  readonly voice: NodeVoice
  readonly clock: Clock
  readonly random: Pick<Random, 'fraction'>
}

export class Campaign {
  readonly #options: CampaignOptions
  readonly #silence: Silence
  #silentMsMax: number
  #restsUntilMs = 0
  /** What was placed, and may still come. */
  #wanted: { readonly term: number; readonly after: number } | undefined

  constructor(options: CampaignOptions) {
    this.#options = options
    this.#silence = new Silence(options.clock)
    this.#silentMsMax = this.#nextSilentMs()
  }

  /** The node that leads is there, and what was placed before cannot count any more. */
  heard(): void {
    this.#wanted = undefined
    this.#silence.heard()
  }

  /** This node leads no sooner. */
  rest(ms: number): void {
    this.#restsUntilMs = this.#options.clock.monotonicMs() + ms
  }

  /** Whether this node had tried to begin the term, since it last followed from the beginning. */
  over(term: number): boolean {
    const isOwn = this.#wanted?.term === term
    this.#wanted = undefined
    this.#silence.heard()
    this.#silentMsMax = this.#nextSilentMs()
    return isOwn
  }

  /** To be asked every `nodeWatchMs`, also when this node cannot lead; whether it leads and has lost what it leads. */
  look(place: NodePlace, can: 'lead' | 'follow' | 'lose'): 'lost' | undefined {
    const silentMs = this.#silence.look()
    if (can === 'lose') return silentMs >= nodeLeadLostMs ? 'lost' : undefined
    const isRested = this.#options.clock.monotonicMs() >= this.#restsUntilMs
    const isSilent = silentMs >= (this.#isVacant(place) ? nodeLeadVacantMs : this.#silentMsMax)
    if (can === 'lead' && isRested && isSilent) this.#begin(place)
    return undefined
  }

  /** No node leads, or a former process of this one, or this one had. */
  #isVacant({ leader, isResigned }: NodePlace): boolean {
    return leader === undefined || isResigned || leader.node === this.#options.self.node
  }

  #begin(place: NodePlace): void {
    const wanted = { term: place.term + 1, after: place.placed }
    this.#silence.heard()
    this.#silentMsMax = this.#nextSilentMs()
    if (this.#wanted?.term === wanted.term && this.#wanted.after === wanted.after) return
    this.#wanted = wanted
    void this.#try(wanted, this.#isVacant(place))
  }

  /** A stream without a leader is silent too. So it has to place something first, and then the node that leads has the first word. */
  async #try(wanted: { readonly term: number; readonly after: number }, isVacant: boolean): Promise<void> {
    const { self, run, voice, clock } = this.#options
    const isWanted = (): boolean => this.#wanted === wanted
    if (!isVacant) {
      await voice.probe(isWanted)
      await clock.sleep(nodeLeadProvedMs)
    }
    await voice.append({ kind: 'lead', ...wanted, run, node: self.node, address: self.address }, isWanted)
  }

  #nextSilentMs(): number {
    return nodeLeadSilentMs * (1 + this.#options.random.fraction() / 2)
  }
}
