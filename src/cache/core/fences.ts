/**
 * Up to where everything that was told of a key is known: a reply that was read before its key's last change has missed its
 * moment and must not be kept (it was read, then the change was told, then the reply arrived: kept, it would be stale until its
 * time is up). The last changes are remembered one by one; for all before those one position stands.
 */
import type { Position } from '../../core/change/change.ts'

type Fence = { readonly position: Position; readonly serial: number }

export class Fences {
  readonly #keysMax: number
  readonly #last = new Map<string, Fence>()
  /** Of all keys that are not remembered. */
  #others: Fence = { position: 0, serial: 0 }
  #serial = 0

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  /** Counts what was told, in the order in which it came here: to see whether something was told since. */
  get serial(): number {
    return this.#serial
  }

  note(key: string, position: Position): void {
    const before = this.#last.get(key)
    this.#last.delete(key)
    this.#last.set(key, { position: Math.max(position, before?.position ?? 0), serial: ++this.#serial })
    if (this.#last.size > this.#keysMax) this.#forgetOldest()
  }

  /** Something may have been missed: whatever was read before `position` counts as older than its key's last change. */
  raise(position: Position): void {
    this.#others = { position: Math.max(position, this.#others.position), serial: ++this.#serial }
  }

  /** Another log, whose positions say nothing of those before. */
  restart(): void {
    this.#last.clear()
    this.#others = { position: 0, serial: ++this.#serial }
  }

  /** Whether what was read at `position` has seen all that is known of these keys. */
  admits(keys: readonly string[], position: Position): boolean {
    return position >= this.#others.position && keys.every((key) => (this.#last.get(key)?.position ?? 0) <= position)
  }

  /** Whether anything of these keys may have been told since the count stood at `serial`. */
  toldSince(keys: readonly string[], serial: number): boolean {
    return this.#others.serial > serial || keys.some((key) => (this.#last.get(key)?.serial ?? 0) > serial)
  }

  #forgetOldest(): void {
    for (const [key, { position, serial }] of this.#last) {
      this.#last.delete(key)
      this.#others = {
        position: Math.max(position, this.#others.position),
        serial: Math.max(serial, this.#others.serial),
      }
      return
    }
  }
}
