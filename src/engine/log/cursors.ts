/** How far this region has come in the logs of others, as it is durable: asked for many times a second, so it is kept at hand. */
import { assert } from '../../core/assert.ts'
import type { Store } from '../../ports/store.ts'
import type { Cursor } from '../../core/change/place.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import { cursorKey, cursorName, cursorRange } from '../store/keys.ts'

export class Cursors {
  readonly #groups: Groups
  #durable = new Map<string, Cursor>()

  constructor(groups: Groups) {
    this.#groups = groups
  }

  load(store: Store): void {
    this.#durable = new Map()
    for (const { key, value } of store.entries(cursorRange)) this.#durable.set(cursorName(key), cursorFrom(value))
  }

  durable(origin: string): Cursor | undefined {
    return this.#durable.get(origin)
  }

  /** As batches are decided with it. */
  decided(origin: string): Cursor | undefined {
    const bytes = this.#groups.get(cursorKey(origin))
    return bytes === undefined ? undefined : cursorFrom(bytes)
  }

  put(group: Group, origin: string, cursor: Cursor): void {
    assert(cursor.position >= 0, 'cursor: a position')
    const { epoch, position, sequence, proof } = cursor
    const kept: Cursor = { epoch, position, sequence, ...(proof === undefined ? {} : { proof }) }
    this.#groups.put(group, cursorKey(origin), Buffer.from(JSON.stringify(kept)))
    group.effects.push(() => this.#durable.set(origin, kept))
  }
}

function cursorFrom(bytes: Buffer): Cursor {
  return JSON.parse(bytes.toString()) as Cursor
}
