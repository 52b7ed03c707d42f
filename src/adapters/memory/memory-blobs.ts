/**
 * Blobs without a disk, for the embedded cluster, the simulator and tests. The shelf is what outlives a crash. Its owner may make operations wait or
 * fail (`before`), and may damage what is there.
 */
import { assert } from '../../core/assert.ts'
import { type BlobRange, type Blobs, isBlobName } from '../../ports/blobs.ts'

export class BlobShelf {
  readonly #blobs: Map<string, Buffer>
  /** In the order in which they were put. */
  readonly #names: string[] = []

  constructor(blobs: ReadonlyMap<string, Buffer> = new Map()) {
    this.#blobs = new Map(blobs)
  }

  /** As it is now. Bytes are never changed in place, so both share them. */
  copy(): BlobShelf {
    return new BlobShelf(this.#blobs)
  }

  get names(): readonly string[] {
    return [...this.#blobs.keys()].toSorted()
  }

  get sizeBytes(): number {
    return [...this.#blobs.values()].reduce((sum, { length }) => sum + length, 0)
  }

  read(name: string): Buffer | undefined {
    return this.#blobs.get(name)
  }

  put(name: string, bytes: Uint8Array): void {
    this.#blobs.set(name, Buffer.from(bytes))
    this.#names.push(name)
  }

  remove(name: string): void {
    this.#blobs.delete(name)
  }

  /** The blob that was put last is gone, as by a disk that had not flushed it. Returns its name. */
  loseLast(): string | undefined {
    const name = this.#names.pop()
    if (name !== undefined) this.#blobs.delete(name)
    return name
  }

  /** Only so many bytes are left of the blob. */
  tear(name: string, length: number): void {
    const bytes = this.#blobs.get(name)
    if (bytes !== undefined) this.#blobs.set(name, bytes.subarray(0, length))
  }
}

export type MemoryBlobsOptions = {
  readonly shelf?: BlobShelf
  /** Of what may be a name. */
  readonly isName?: (name: string) => boolean
  /** Awaited by every operation before it takes effect; what it rejects with is what the operation rejects with. */
  readonly before?: (operation: 'put' | 'get' | 'list' | 'delete', name: string) => Promise<void>
}

export class MemoryBlobs implements Blobs {
  readonly shelf: BlobShelf
  readonly #isName: (name: string) => boolean
  readonly #before: NonNullable<MemoryBlobsOptions['before']>
  #crashed = false

  constructor({
    shelf = new BlobShelf(),
    before = () => Promise.resolve(),
    isName = isBlobName,
  }: MemoryBlobsOptions = {}) {
    this.shelf = shelf
    this.#isName = isName
    this.#before = before
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.#do('put', name, () => this.shelf.put(name, bytes))
  }

  get(name: string, range?: BlobRange): Promise<Buffer | undefined> {
    return this.#do('get', name, () => {
      const bytes = this.shelf.read(name)
      return bytes === undefined
        ? undefined
        : Buffer.from(range === undefined ? bytes : bytes.subarray(range.from, range.to))
    })
  }

  list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    return this.#do('list', prefix, () =>
      this.shelf.names.filter((name) => name.startsWith(prefix) && name > after).slice(0, countMax),
    )
  }

  delete(name: string): Promise<void> {
    return this.#do('delete', name, () => this.shelf.remove(name))
  }

  /** The process is killed: nothing of it takes effect any more, and nothing hears of it. */
  crash(): void {
    this.#crashed = true
  }

  async #do<Result>(operation: 'put' | 'get' | 'list' | 'delete', name: string, effect: () => Result): Promise<Result> {
    assert(operation === 'list' || this.#isName(name), `blobs: ${name} is a name`)
    await this.#before(operation, name)
    return this.#crashed ? await new Promise<never>(() => {}) : effect()
  }
}
