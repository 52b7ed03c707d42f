/**
 * What was worked out of a text, for the next time that it comes: two generations, of which the older goes when the younger is
 * full, so that what is used stays and nothing has to be counted.
 */
export class Remembered<Value> {
  readonly #entriesMax: number
  readonly #textMax: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(bounds: { readonly entriesMax: number; readonly textMax: number }) {
    this.#entriesMax = bounds.entriesMax
    this.#textMax = bounds.textMax
  }

  get(text: string): Value | undefined {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const old = this.#old.get(text)
    if (old !== undefined) this.set(text, old)
    return old
  }

  set(text: string, value: Value): void {
    if (text.length > this.#textMax) return
    if (this.#young.size >= this.#entriesMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, value)
  }
}
