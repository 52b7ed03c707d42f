/** A disk that says "durable" when it has only promised: a crash takes back what it was told in the last moments. */
import type { MemoryDisk, MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Edit, Entry, Range, Store } from '../../src/ports/store.ts'

type Undo = { readonly atMs: number; readonly edits: readonly { key: Buffer; value: Buffer | undefined }[] }

const takenBackMs = 50

export class LyingStore implements Store {
  readonly #inner: MemoryStore
  readonly #disk: MemoryDisk
  readonly #nowMs: () => number
  readonly #undo: Undo[] = []

  constructor(inner: MemoryStore, nowMs: () => number) {
    this.#inner = inner
    this.#disk = inner.disk
    this.#nowMs = nowMs
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#inner.get(key)
  }

  look(key: Uint8Array): Buffer | undefined {
    return this.#inner.look(key)
  }

  entries(range: Range): Iterable<Entry> {
    return this.#inner.entries(range)
  }

  keys(range: Range): Iterable<Buffer> {
    return this.#inner.keys(range)
  }

  async write(batch: readonly Edit[]): Promise<void> {
    const edits = batch.map(({ key }) => ({ key: Buffer.from(key), value: this.#inner.get(key) }))
    await this.#inner.write(batch)
    this.#undo.push({ atMs: this.#nowMs(), edits })
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  crash(): void {
    for (const { atMs, edits } of this.#undo.toReversed()) {
      if (atMs < this.#nowMs() - takenBackMs) return
      for (const { key, value } of edits) {
        if (value === undefined) this.#disk.map.delete(key)
        else this.#disk.map.set(key, value)
      }
    }
  }
}
