/** The store of one term: reads are those of the node's store, and each batch is accepted in the order before it is there. */
import { type Edit, type Entry, type Range, type Store, StoreLost } from '../../../ports/store.ts'
import type { Leading } from '../leading.ts'

export class TermStore implements Store {
  readonly #store: Store
  readonly #leading: Leading
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(store: Store, leading: Leading) {
    this.#store = store
    this.#leading = leading
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#usable().get(key)
  }

  look(key: Uint8Array): Buffer | undefined {
    return this.#usable().look(key)
  }

  entries(range: Range): Iterable<Entry> {
    return this.#usable().entries(range)
  }

  keys(range: Range): Iterable<Buffer> {
    return this.#usable().keys(range)
  }

  write(batch: readonly Edit[]): Promise<void> {
    this.#usable()
    if (batch.length === 0) return this.#last.then(() => undefined)
    const written = this.#leading.write(batch)
    this.#last = written.catch(() => undefined)
    return written
  }

  /** The node's store stays open: the next entries are applied to it. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }

  #usable(): Store {
    if (this.#isClosed) throw new StoreLost('the store is closed')
    if (this.#leading.isOver) throw new StoreLost(`this node does not lead the region any more`)
    return this.#store
  }
}
