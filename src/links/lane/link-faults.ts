/**
 * What a link is configured to be, and the faults laid over it: each has an owner, a start, and an end by itself if one was
 * wished for. How the link is now follows from all of them in the order in which they came, so that it does not matter in
 * which order they end, and healing restores exactly what was configured. Pure.
 */
import { linkFaultsMax } from '../../core/limits/link-limits.ts'
import type { Shape } from './link-shape.ts'

export type Fault = {
  readonly id: string
  readonly owner: string
  /** What it says of the link; the rest is as before. */
  readonly change: Partial<Shape>
  readonly startedMs: number
  /** Null: until it is healed. */
  readonly endsMs: number | null
}

export class FaultBook {
  readonly configured: Shape
  #faults: readonly Fault[] = []

  constructor(configured: Shape) {
    this.configured = configured
  }

  get faults(): readonly Fault[] {
    return this.#faults
  }

  get current(): Shape {
    return this.#faults.reduce((shape, { change }) => ({ ...shape, ...change }), this.configured)
  }

  /** Whether there was room. One without an end takes the place of what its owner said of the same things before. */
  add(fault: Fault): boolean {
    const before =
      fault.endsMs === null
        ? this.#without(Object.keys(fault.change) as (keyof Shape)[], ({ owner }) => owner === fault.owner)
        : this.#faults
    if (before.length >= linkFaultsMax) return false
    this.#faults = [...before, fault]
    return true
  }

  /** Ends all faults, or those of an owner. */
  heal(owner?: string): void {
    this.#faults = owner === undefined ? [] : this.#faults.filter((fault) => fault.owner !== owner)
  }

  /** Ends what is said of the state, by anybody or by an owner; a slow link stays slow. */
  raise(owner?: string): void {
    this.#faults = this.#without(['state'], (fault) => owner === undefined || fault.owner === owner)
  }

  /** Ends what is over at `nowMs`; whether there was anything. */
  expire(nowMs: number): boolean {
    const left = this.#faults.filter(({ endsMs }) => endsMs === null || endsMs > nowMs)
    const changed = left.length < this.#faults.length
    this.#faults = left
    return changed
  }

  /** When the next fault ends by itself. */
  get nextEndMs(): number | undefined {
    const ends = this.#faults.flatMap(({ endsMs }) => (endsMs === null ? [] : [endsMs]))
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  #without(names: readonly (keyof Shape)[], concerned: (fault: Fault) => boolean): readonly Fault[] {
    return this.#faults.flatMap((fault) => {
      if (!concerned(fault)) return [fault]
      const rest = Object.entries(fault.change).filter(([name]) => !names.includes(name as keyof Shape))
      return rest.length === 0 ? [] : [{ ...fault, change: Object.fromEntries(rest) as Partial<Shape> }]
    })
  }
}
