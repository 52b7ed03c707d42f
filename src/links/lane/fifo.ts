/** First in, first out, without moving what is inside at every step. */
export class Fifo<T> {
  #entries: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#entries.length - this.#head
  }

  get first(): T | undefined {
    return this.#entries[this.#head]
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head]
    if (this.length === 0) return undefined
    this.#entries[this.#head] = undefined
    this.#head += 1
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return entry
  }

  /** What shift() gives next, in place of the first. */
  replaceFirst(entry: T): void {
    this.#entries[this.#head] = entry
  }

  clear(): void {
    this.#entries = []
    this.#head = 0
  }
}
