/**
 * A store without a disk, for tests and the simulator, that keeps the promises of ports/store.ts and lets its owner
 * decide when, and whether, a batch becomes durable. The `MemoryDisk` is what outlives a crash: open another store
 * on it and exactly the durable batches are there.
 */
import { type Edit, type Entry, type Range, type Store, StoreFailed } from '../../ports/store.ts'
import { OrderedMap } from './ordered-map.ts'

export class MemoryDisk {
  readonly map: OrderedMap

  constructor(map = new OrderedMap()) {
    this.map = map
  }

  /** As it is now, for a disk that is set back to it later. Costs little: what neither of the two changes, they share. */
  copy(): MemoryDisk {
    return new MemoryDisk(this.map.copy())
  }
}

export type MemoryStoreOptions = {
  readonly disk?: MemoryDisk
  /** Awaited by every write before it takes effect; what it rejects with is what the write rejects with. */
  readonly durable?: () => Promise<void>
}

export class MemoryStore implements Store {
  readonly disk: MemoryDisk
  readonly #durable: () => Promise<void>
  readonly #underWay: { readonly batch: readonly Edit[]; failed: boolean }[] = []
  #last: Promise<void> = Promise.resolve()
  /** What was looked at last: code that still looks at it sees it. */
  #lent: Buffer | undefined
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(options: MemoryStoreOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk()
    this.#durable = options.durable ?? nextTurn
  }

  get(key: Uint8Array): Buffer | undefined {
    this.#mustBeOpen()
    this.#takeBack()
    const value = this.disk.map.get(key)
    return value === undefined ? undefined : Buffer.from(value)
  }

  look(key: Uint8Array): Buffer | undefined {
    this.#lent = this.get(key)
    return this.#lent
  }

  *entries(range: Range): Iterable<Entry> {
    this.#mustBeOpen()
    this.#takeBack()
    for (const { key, value } of this.disk.map.entries(range)) {
      const entry = { key: Buffer.from(key), value: Buffer.from(value) }
      yield entry
      if (range.lent !== true) continue
      // What was lent is gone.
      entry.key.fill(0xff)
      entry.value.fill(0xff)
    }
  }

  *keys(range: Range): Iterable<Buffer> {
    for (const { key } of this.entries(range)) yield key
  }

  write(batch: readonly Edit[]): Promise<void> {
    // A writer that is still at it is gone as well, and never hears of it.
    if (this.#crashed()) return new Promise<never>(() => {})
    this.#mustBeOpen()
    const entry = { batch: batch.map(copyOf), failed: false }
    this.#underWay.push(entry)
    const previous = this.#last
    const written = this.#writeAfter(previous, entry)
    this.#last = written.catch(() => {})
    return written
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return
    await this.#last
    if (!this.#crashed()) this.#state = 'closed'
  }

  /**
   * The process that used this store is gone: its writes under way never resolve, except that the first `landed` of
   * them had reached the disk unnoticed. Continue with the store returned.
   */
  crash(landed = 0, options: Omit<MemoryStoreOptions, 'disk'> = {}): MemoryStore {
    this.#state = 'crashed'
    for (const { batch } of this.#underWay.slice(0, landed)) this.#put(batch)
    this.#underWay.length = 0
    return new MemoryStore({ disk: this.disk, durable: options.durable ?? this.#durable })
  }

  /** Batches written and not yet durable. */
  get underWay(): number {
    return this.#underWay.length
  }

  #takeBack(): void {
    this.#lent?.fill(0xff)
    this.#lent = undefined
  }

  async #writeAfter(
    previous: Promise<void>,
    entry: { readonly batch: readonly Edit[]; failed: boolean },
  ): Promise<void> {
    let failure: unknown
    try {
      await this.#durable()
    } catch (error) {
      failure = error
      // What was written before this one was known to have failed was built on it.
      for (const later of this.#underWay.slice(this.#underWay.indexOf(entry))) later.failed = true
    }
    await previous
    if (this.#crashed()) await new Promise<never>(() => {})
    this.#underWay.splice(this.#underWay.indexOf(entry), 1)
    if (failure !== undefined) throw failure
    if (entry.failed) throw new StoreFailed('a write before this one failed')
    this.#put(entry.batch)
  }

  #put(batch: readonly Edit[]): void {
    for (const { key, value } of batch) {
      if (value === undefined) this.disk.map.delete(key)
      else this.disk.map.set(key as Buffer, value as Buffer)
    }
  }

  #crashed(): boolean {
    return this.#state === 'crashed'
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new StoreFailed(`the store is ${this.#state}`)
  }
}

/** The caller may use its buffers again. */
function copyOf(edit: Edit): Edit {
  return { key: Buffer.from(edit.key), value: edit.value === undefined ? undefined : Buffer.from(edit.value) }
}

/** As a disk's write does, or somebody who writes in a loop would never let anything else have its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
