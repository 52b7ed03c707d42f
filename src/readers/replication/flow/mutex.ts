/** Runs pieces of work one after another, in the order in which they came; shared ones between two of them run together. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()
  #shared: Promise<unknown>[] = []

  run<T>(work: () => Promise<T>): Promise<T> {
    const before = Promise.all([this.#last, ...this.#shared])
    const result = before.then(work)
    this.#last = result.catch(() => undefined)
    this.#shared = []
    return result
  }

  share<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    const ended: Promise<unknown> = result
      .catch(() => undefined)
      .then(() => (this.#shared = this.#shared.filter((each) => each !== ended)))
    this.#shared.push(ended)
    return result
  }
}
