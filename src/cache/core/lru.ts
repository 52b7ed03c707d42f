/** The least recently used go first, by bytes. The entries are the links of the list: a hit moves one without allocating anything. */
import { assert } from '../../core/assert.ts'

export class Held {
  sizeBytes = 0
  newer: Held | undefined
  older: Held | undefined
  held = false
}

export class Lru<Entry extends Held> {
  readonly bytesMax: number
  bytes = 0
  count = 0
  /** Bytes that had to go for newer ones, ever. */
  evictedBytes = 0
  readonly #evict: (entry: Entry) => void
  #newest: Held | undefined
  #oldest: Held | undefined

  /** `evict` is told of an entry that has gone to make room. */
  constructor(bytesMax: number, evict: (entry: Entry) => void) {
    this.bytesMax = bytesMax
    this.#evict = evict
  }

  add(entry: Entry, sizeBytes: number): void {
    assert(!entry.held, 'lru: an entry is held once')
    entry.held = true
    entry.sizeBytes = sizeBytes
    this.bytes += sizeBytes
    this.count++
    this.#link(entry)
    this.#makeRoom()
  }

  touch(entry: Entry): void {
    if (entry === this.#newest) return
    this.#unlink(entry)
    this.#link(entry)
  }

  resize(entry: Entry, sizeBytes: number): void {
    this.bytes += sizeBytes - entry.sizeBytes
    entry.sizeBytes = sizeBytes
    this.touch(entry)
    this.#makeRoom()
  }

  remove(entry: Entry): void {
    if (!entry.held) return
    entry.held = false
    this.bytes -= entry.sizeBytes
    this.count--
    this.#unlink(entry)
  }

  #makeRoom(): void {
    while (this.bytes > this.bytesMax && this.#oldest !== undefined) {
      const entry = this.#oldest as Entry
      this.evictedBytes += entry.sizeBytes
      this.remove(entry)
      this.#evict(entry)
    }
  }

  #link(entry: Held): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest !== undefined) this.#newest.newer = entry
    this.#newest = entry
    this.#oldest ??= entry
  }

  #unlink(entry: Held): void {
    if (entry.newer === undefined) this.#newest = entry.older
    else entry.newer.older = entry.older
    if (entry.older === undefined) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    entry.newer = undefined
    entry.older = undefined
  }
}
