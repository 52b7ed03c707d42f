/** Buckets in maps, for the embedded cluster and tests: the test that made the maps sees what is put, and may put there itself. */
import { assert } from '../../core/assert.ts'
import type { BlobRange, Blobs } from '../../ports/blobs.ts'
import { type Buckets, isObjectKey } from '../../ports/buckets.ts'

export type Objects = Map<string, Uint8Array>

export type MemoryBucketsOptions = {
  readonly buckets: Readonly<Record<string, Objects>>
  /** Awaited before an operation takes effect. One that a killed process has begun never ends. */
  readonly before: () => Promise<void>
}

export class MemoryBuckets implements Buckets {
  readonly #options: MemoryBucketsOptions

  constructor(options: MemoryBucketsOptions) {
    this.#options = options
  }

  bucket(name: string): Blobs | undefined {
    const { buckets, before } = this.#options
    const objects = Object.hasOwn(buckets, name) ? buckets[name] : undefined
    return objects === undefined ? undefined : new MemoryBucket(objects, before)
  }
}

class MemoryBucket implements Blobs {
  readonly #objects: Objects
  readonly #before: () => Promise<void>

  constructor(objects: Objects, before: () => Promise<void>) {
    this.#objects = objects
    this.#before = before
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    assert(isObjectKey(key), `bucket: ${key} is a key`)
    await this.#before()
    this.#objects.set(key, Buffer.from(bytes))
  }

  async get(key: string, range?: BlobRange): Promise<Buffer | undefined> {
    await this.#before()
    const bytes = this.#objects.get(key)
    return bytes === undefined
      ? undefined
      : Buffer.from(range === undefined ? bytes : bytes.subarray(range.from, range.to))
  }

  async list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    await this.#before()
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after)
    return keys.toSorted().slice(0, countMax)
  }

  async delete(key: string): Promise<void> {
    await this.#before()
    this.#objects.delete(key)
  }
}
