/** What the readers ask of the log's lineage (lineage.ts), and the step to another log. */
import type { Position } from '../../core/change/change.ts'
import type { Proof, Proven } from '../../core/change/proof.ts'
import type { SharedLog } from '../../core/change/place.ts'
import type { Renewal, StoreLineage } from '../engine.ts'
import { proven } from '../log/log.ts'
import type { Env } from '../../ports/env.ts'
import { putNotes, type State } from '../state.ts'

type Deps = { readonly state: State; readonly random: Env['random']; readonly flushed: () => Position }

export class OwnLineage implements StoreLineage {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get earlier(): readonly string[] {
    return this.#deps.state.lineage.earlier
  }

  get shared(): readonly SharedLog[] {
    return this.#deps.state.lineage.shared
  }

  get begunAfter(): Position {
    return this.#deps.state.lineage.begunAfter
  }

  get start(): string | undefined {
    return this.#deps.state.lineage.start
  }

  get startedAt(): Position {
    return this.#deps.state.lineage.from
  }

  proves(proof: Proof): Proven {
    return proven(this.#deps.state, proof, this.#deps.flushed())
  }

  partedAfter(agreed: Position): Position {
    return this.#deps.state.lineage.partedAfter(agreed, this.#deps.flushed())
  }

  refuseWrites(reason: string): void {
    this.#deps.state.lineage.refuses = reason
  }

  fence(reason: string | undefined): void {
    this.#deps.state.lineage.fence = reason
  }

  async remember(epoch: string): Promise<void> {
    const { groups, lineage } = this.#deps.state
    const group = groups.open()
    lineage.remember(group, epoch)
    await groups.written(group)
  }

  async renew({ notes, after }: Renewal): Promise<void> {
    const { state, random } = this.#deps
    const group = state.groups.open()
    const epoch = random.uuid()
    state.lineage.renew(group, state.store, { epoch, after })
    putNotes(state, group, notes)
    // What the former log had after its parting stands under numbers that the new one may give again.
    state.streams.rollAll(group, epoch)
    await group.durable
  }
}
