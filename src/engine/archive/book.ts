/** Records that the region remembers by their ids, as they are durable: backups, exports and imports. */
import type { Range, Store } from '../../ports/store.ts'
import type { Group, Groups } from '../commands/flush-group.ts'

export type BookPlace = { readonly keyOf: (id: string) => Buffer; readonly range: Range }

export class Book<Entry extends { readonly id: string }> {
  readonly #groups: Groups
  readonly #place: BookPlace
  #durable = new Map<string, Entry>()
  #listed: readonly Entry[] | undefined

  constructor(groups: Groups, place: BookPlace) {
    this.#groups = groups
    this.#place = place
  }

  load(store: Pick<Store, 'entries'>): void {
    const entries = [...store.entries(this.#place.range)].map(({ value }) => JSON.parse(value.toString()) as Entry)
    this.#durable = new Map(entries.map((entry) => [entry.id, entry]))
    this.#listed = undefined
  }

  /** In the order of their ids; the same array until one changes. */
  all(): readonly Entry[] {
    this.#listed ??= [...this.#durable.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return this.#listed
  }

  withId(id: string): Entry | undefined {
    return this.#durable.get(id)
  }

  put(group: Group, id: string, entry: Entry | undefined): void {
    const bytes = entry === undefined ? undefined : Buffer.from(JSON.stringify(entry))
    this.#groups.put(group, this.#place.keyOf(id), bytes)
    group.effects.push(() => {
      this.#listed = undefined
      if (entry === undefined) this.#durable.delete(id)
      else this.#durable.set(id, entry)
    })
  }
}
