/** Things that come and go, and a promise of the moment when none is left. */
export class Gathering<T> implements Iterable<T> {
  readonly #members = new Set<T>()
  #waiting: (() => void)[] = []

  add(member: T): void {
    this.#members.add(member)
  }

  delete(member: T): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  get size(): number {
    return this.#members.size
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members[Symbol.iterator]()
  }

  async empty(): Promise<void> {
    if (this.#members.size === 0) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
