/**
 * Changes of a table by their keys, in bounded memory: only those after a key are kept, and where they become too many those with the greatest
 * keys are let go. `upTo` says where; they are for another pass.
 */
import type { ArchivedChange } from '../archive/recovery.ts'

type Side = Pick<ArchivedChange, 'isDelete' | 'body' | 'atMs'>

/** The last change before the window, and the last within it. */
export type KeyChange = { readonly key: Buffer; readonly before?: Side; readonly within?: Side }

/** What a kept change costs beside its bytes, about. */
const overheadBytes = 200

export class KeyChanges {
  readonly #after: Buffer | undefined
  readonly #bytesMax: number
  readonly #changes = new Map<string, KeyChange>()
  #bytes = 0
  #upTo: Buffer | undefined

  constructor({ after, bytesMax }: { readonly after: Buffer | undefined; readonly bytesMax: number }) {
    this.#after = after
    this.#bytesMax = bytesMax
  }

  /** The last key that all changes are kept of; undefined where it is the last of all. */
  get upTo(): Buffer | undefined {
    return this.#upTo
  }

  /** In the order of the log. The bytes are copied: a change is a view of all of its segment. */
  add(key: Buffer, { isDelete, body, atMs }: Side, isWithin: boolean): void {
    if (this.#after !== undefined && Buffer.compare(key, this.#after) <= 0) return
    if (this.#upTo !== undefined && Buffer.compare(key, this.#upTo) > 0) return
    const name = key.toString('latin1')
    const known = this.#changes.get(name)
    const side: Side = { isDelete, body: Buffer.from(body), atMs }
    const next: KeyChange = { ...(known ?? { key }), ...(isWithin ? { within: side } : { before: side }) }
    this.#bytes += sizeOf(next) - (known === undefined ? 0 : sizeOf(known))
    this.#changes.set(name, next)
    if (this.#bytes > this.#bytesMax && this.#changes.size > 1) this.#letGo()
  }

  /** In the order of the keys. */
  sorted(): readonly KeyChange[] {
    return [...this.#changes.values()].toSorted((a, b) => Buffer.compare(a.key, b.key))
  }

  /** Half of the bytes stay, and one change at least. */
  #letGo(): void {
    let kept = 0
    for (const [at, change] of this.sorted().entries()) {
      if (at === 0 || kept + sizeOf(change) <= this.#bytesMax / 2) {
        kept += sizeOf(change)
        this.#upTo = change.key
        continue
      }
      this.#bytes -= sizeOf(change)
      this.#changes.delete(change.key.toString('latin1'))
    }
  }
}

const sizeOf = ({ key, before, within }: KeyChange): number =>
  overheadBytes + key.length * 3 + (before?.body.length ?? 0) + (within?.body.length ?? 0)
