/** Lets pieces of work pass as long as the weights of those under way come to no more than a bound; the others wait in their order. */
export class Gate {
  readonly #max: number
  #underWay = 0
  readonly #waiting: { readonly weight: number; readonly enter: () => void }[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** One that is heavier than the bound passes alone. */
  async pass<T>(weight: number, work: () => Promise<T>): Promise<T> {
    const held = Math.min(weight, this.#max)
    await this.#enter(held)
    try {
      return await work()
    } finally {
      this.#underWay -= held
      this.#admit()
    }
  }

  #enter(weight: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ weight, enter: resolve })
      this.#admit()
    })
  }

  #admit(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#underWay + first.weight > this.#max) return
      this.#waiting.shift()
      this.#underWay += first.weight
      first.enter()
    }
  }
}

/** Does a piece of work for each of many, a bounded number at a time. Rejects with the first failure, once all that was begun has ended. */
export async function forEach<T>(
  items: Iterable<T>,
  atOnceMax: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && failures.length === 0; next = rest.next())
      await work(next.value).catch((error: unknown) => failures.push(error))
  }
  await Promise.all(Array.from({ length: atOnceMax }, worker))
  if (failures.length > 0) throw failures[0]
}
