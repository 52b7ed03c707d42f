/** What one client asks of a few registers and counters, from a seed: reads, writes, conditional writes, conditional counts. */
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { Action, Value } from './history.ts'

export type Habits = {
  readonly registers: number
  readonly counters: number
  /** Most adds have the condition that the counter is below this. */
  readonly counterMax: number
}

export type Request = { readonly key: string; readonly action: Action; readonly isEventual: boolean }

/** What clients' values have in them, so that a copy that shows one is known. */
export const marker = 'value-'

export class Workload {
  readonly #name: string
  readonly #random: SeededRandom
  readonly #habits: Habits
  /** What the client saw last of each key: what its conditions are about. */
  readonly #seen = new Map<string, Value>()
  #count = 0
  #turn = 0

  constructor(name: string, random: SeededRandom, habits: Habits) {
    this.#name = name
    this.#random = random
    this.#habits = habits
  }

  next(): Request {
    const random = this.#random
    const isCounter = random.chance(0.4)
    const { registers, counters } = this.#habits
    const name = isCounter ? `c${random.between(1, counters)}` : `r${random.between(1, registers)}`
    const key = this.#turn === 0 ? name : `${name}.${this.#turn}`
    const kind = random.weighted({ read: 3, eventual: 1, change: 5 })
    const action: Action = kind === 'change' ? (isCounter ? this.#add() : this.#change(key)) : { op: 'read' }
    return { key, action, isEventual: kind === 'eventual' }
  }

  /** Goes on to other keys: a key with many operations of unknown outcome takes long to check. */
  turn(number: number): void {
    this.#turn = number
    this.#seen.clear()
  }

  saw(key: string, value: Value): void {
    this.#seen.set(key, value)
  }

  /** No two writes write the same. */
  newValue(): string {
    return `${marker}${this.#name}-${++this.#count}`
  }

  #add(): Action {
    return { op: 'add', by: 1, ...(this.#random.chance(0.7) ? { below: this.#habits.counterMax } : {}) }
  }

  #change(key: string): Action {
    const to = this.#random.chance(0.1) ? null : this.newValue()
    if (this.#random.chance(0.5)) return { op: 'write', to }
    return { op: 'cas', from: this.#seen.get(key) ?? null, to }
  }
}
