/**
 * Which faults, chores and shapes of worlds were drawn in a run, and which of them met the state that they exist for. What is
 * drawn in every second seed and never bites looks like a test and is none, so `simulate` prints this, and `npm test` asserts it.
 */
export type Sighting = { readonly drawn: number; readonly met: number }

export class Sightings {
  readonly #met = new Map<string, boolean>()
  #awaited: { readonly name: string; readonly holds: () => boolean }[] = []

  draw(name: string): void {
    if (!this.#met.has(name)) this.#met.set(name, false)
  }

  meet(name: string): void {
    this.#met.set(name, true)
  }

  /** Asks again and again (`look`) until it holds. */
  meetWhen(name: string, holds: () => boolean): void {
    if (this.#met.get(name) === true) return
    if (holds()) this.meet(name)
    else if (this.#awaited.length < awaitedMax) this.#awaited.push({ name, holds })
  }

  look(): void {
    this.#awaited = this.#awaited.filter(({ name, holds }) => {
      if (this.#met.get(name) !== true && holds()) this.meet(name)
      return this.#met.get(name) !== true
    })
  }

  /** Of this run: whether each that was drawn was met. */
  found(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.#met)
  }
}

const awaitedMax = 1000

/** Of many runs. */
export class Tally {
  readonly #counts = new Map<string, Sighting>()
  seeds = 0

  add(found: Readonly<Record<string, boolean>>): void {
    this.seeds++
    for (const [name, met] of Object.entries(found)) {
      const before = this.of(name)
      this.#counts.set(name, { drawn: before.drawn + 1, met: before.met + (met ? 1 : 0) })
    }
  }

  of(name: string): Sighting {
    return this.#counts.get(name) ?? { drawn: 0, met: 0 }
  }

  /** One line each; what was never met stands out. */
  lines(aims: readonly { readonly name: string; readonly aim: string }[]): readonly string[] {
    const width = Math.max(...aims.map(({ name, aim }) => name.length + aim.length + 2))
    return aims.map(({ name, aim }) => {
      const { drawn, met } = this.of(name)
      const warning = drawn > 0 && met === 0 ? '  NEVER MET' : ''
      return `${`${name}: ${aim}`.padEnd(width)}  met in ${met} of ${this.seeds} seeds, drawn in ${drawn}${warning}`
    })
  }
}
