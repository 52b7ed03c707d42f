/** Rows that were damaged on a disk: clients leave them alone, and who compares replicas may find them, until they are right again. */
import { isSameRow } from '../../src/core/reconcile/digest.ts'
import { keyName } from './log-watch.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'

export type Damaged = {
  readonly region: SimulatedRegion
  readonly id: string
  readonly key: Buffer
  /** What it was. */
  readonly row: Buffer
}

export class Damage {
  readonly #touched = new Set<string>()
  readonly #ever = new Set<string>()
  readonly #repaired = new Set<Damaged>()
  #damaged: Damaged[] = []

  /** From now on no client writes it. */
  touch(id: string, key: Buffer): void {
    this.#touched.add(keyName(id, key))
  }

  release(id: string, key: Buffer): void {
    this.#touched.delete(keyName(id, key))
  }

  note(damaged: Damaged): void {
    this.#damaged.push(damaged)
    this.#ever.add(keyName(damaged.id, damaged.key))
  }

  isTouched(id: string, key: Buffer): boolean {
    return this.#touched.size > 0 && this.#touched.has(keyName(id, key))
  }

  /** A comparison that began while it was damaged may still say so. */
  wasDamaged(id: string, key: Buffer): boolean {
    return this.#ever.has(keyName(id, key))
  }

  /**
   * A repair of the table has run to its end in the region. A peer's state can bring a lost row back before that; counts and
   * index rows follow from it only after the repair.
   */
  noteRepair(region: SimulatedRegion, id: string): void {
    for (const each of this.#damaged) if (each.region === region && each.id === id) this.#repaired.add(each)
  }

  /** A repair has run, and the row is what it was; from then on it is like any other. */
  isRepaired(region: SimulatedRegion, id: string, key: Buffer): boolean {
    const of = this.#damaged.find((each) => each.region === region && each.id === id && each.key.equals(key))
    if (of === undefined) return true
    if (!this.#repaired.has(of)) return false
    const now = region.engine === undefined ? undefined : rowsOf(region.engine, id).find((row) => row.key.equals(key))
    if (now === undefined || !isSameRow(now.row, of.row)) return false
    this.#damaged = this.#damaged.filter((each) => each !== of)
    this.release(id, key)
    region.watch.lost.delete(keyName(id, key))
    return true
  }

  /** What is still to be repaired. */
  left(): readonly Damaged[] {
    return this.#damaged
  }
}
