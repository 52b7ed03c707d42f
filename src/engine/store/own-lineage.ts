/** What the readers ask of the log's lineage (lineage.ts), and the step to another log. */
import type { Position } from '../../core/change/change.ts'
import type { Proof, Proven } from '../../core/change/proof.ts'
import type { Renewal, SharedLog, StoreLineage } from '../engine.ts'
import { proven } from '../log/log.ts'
import type { Env } from '../../ports/env.ts'
import { putNotes, type State } from '../state.ts'

type Room = { readonly state: State; readonly random: Env['random']; readonly flushed: () => Position }

export class OwnLineage implements StoreLineage {
  readonly #room: Room

  constructor(room: Room) {
    this.#room = room
  }

  get earlier(): readonly string[] {
    return this.#room.state.lineage.earlier
  }

  get shared(): readonly SharedLog[] {
    return this.#room.state.lineage.shared
  }

  get begunAfter(): Position {
    return this.#room.state.lineage.begunAfter
  }

  get start(): string | undefined {
    return this.#room.state.lineage.start
  }

  get startedAt(): Position {
    return this.#room.state.lineage.from
  }

  proves(proof: Proof): Proven {
    return proven(this.#room.state, proof, this.#room.flushed())
  }

  partedAfter(agreed: Position): Position {
    return this.#room.state.lineage.partedAfter(agreed, this.#room.flushed())
  }

  refuseWrites(reason: string): void {
    this.#room.state.lineage.refuses = reason
  }

  async remember(epoch: string): Promise<void> {
    const { groups, lineage } = this.#room.state
    const group = groups.open()
    lineage.remember(group, epoch)
    await groups.written(group)
  }

  async renew({ notes, after }: Renewal): Promise<void> {
    const { state, random } = this.#room
    const group = state.groups.open()
    state.lineage.renew(group, state.store, { epoch: random.uuid(), after })
    putNotes(state, group, notes)
    await group.durable
  }
}
