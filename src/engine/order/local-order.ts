/** The order of a region that is one process: a command has its place as soon as it is appended, and is decided in the same turn. */
import type { Clock } from '../../ports/clock.ts'
import type { Order, Ordered, Sequence } from '../../ports/order.ts'
import { assert } from '../../core/assert.ts'

export class LocalOrder<Command> implements Order<Command> {
  readonly #clock: Pick<Clock, 'wallMs'>
  #last: Sequence = 0
  #take: ((ordered: Ordered<Command>) => void) | undefined

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  append(command: Command): Sequence {
    const sequence = ++this.#last
    this.#take?.({ sequence, atMs: this.#clock.wallMs(), command, isOwn: true })
    return sequence
  }

  follow(after: Sequence, take: (ordered: Ordered<Command>) => void): () => void {
    assert(after === this.#last && this.#take === undefined, 'order: one follower, of what is to come')
    this.#take = take
    return () => (this.#take = undefined)
  }

  barrier(): Sequence {
    return this.#last
  }
}
