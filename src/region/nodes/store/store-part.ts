/**
 * A part of a node's store that is a store of its own: what a group of regions with strong consistency has in a region of several nodes. Its keys lie
 * under a prefix that no other part has. So the order of the nodes carries its batches, as it does all others, and every node has its bytes.
 *
 *   92 · length u8 · name of the group · number u16 · key
 */
import { assert } from '../../../core/assert.ts'
import { nodeClearRowsMax } from '../../../core/limits/nodes-limits.ts'
import type { Edit, Entry, Range, Store } from '../../../ports/store.ts'

/** Beside the kinds of the engine (engine/store/keys.ts), and of those that nodes share (node-place.ts, node/several/stored-keys.ts). */
const partKind = 0x92
const nameSizeBytesMax = 255
const numberMax = 0xff_ff

function prefixOf(group: string, number: number): Buffer {
  const name = Buffer.from(group)
  assert(name.length <= nameSizeBytesMax, 'nodes: the name of a group is short')
  assert(Number.isInteger(number) && number >= 0 && number <= numberMax, 'nodes: a part has a number of two bytes')
  return Buffer.concat([Buffer.of(partKind, name.length), name, Buffer.of(number >> 8, number & 0xff)])
}

export class StorePart implements Store {
  readonly #whole: Store
  readonly #prefix: Buffer

  /** `number`: a replica that starts from the state of another region has the next one. */
  constructor(whole: Store, group: string, number: number) {
    this.#whole = whole
    this.#prefix = prefixOf(group, number)
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#whole.get(this.#keyOf(key))
  }

  look(key: Uint8Array): Buffer | undefined {
    return this.#whole.look(this.#keyOf(key))
  }

  *entries(range: Range): Iterable<Entry> {
    for (const { key, value } of this.#whole.entries(this.#rangeOf(range)))
      yield { key: key.subarray(this.#prefix.length), value }
  }

  *keys(range: Range): Iterable<Buffer> {
    for (const key of this.#whole.keys(this.#rangeOf(range))) yield key.subarray(this.#prefix.length)
  }

  write(batch: readonly Edit[]): Promise<void> {
    return this.#whole.write(batch.map(({ key, value }) => ({ key: this.#keyOf(key), value })))
  }

  /** The store that it is a part of stays open. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Some rows at a time. */
  async clear(): Promise<void> {
    for (;;) {
      const keys = [...this.keys({ from: Buffer.alloc(0), to: lastKey, limit: nodeClearRowsMax })]
      if (keys.length === 0) return
      await this.write(keys.map((key) => ({ key: Buffer.from(key), value: undefined })))
    }
  }

  #keyOf(key: Uint8Array): Buffer {
    return Buffer.concat([this.#prefix, key])
  }

  #rangeOf(range: Range): Range {
    return { ...range, from: this.#keyOf(range.from), to: this.#keyOf(range.to) }
  }
}

/** After all keys of an engine. */
const lastKey = Buffer.of(0xff)
