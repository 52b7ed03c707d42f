/** Applications send the same few texts again and again: the latest parsed ones are kept. The syntax depends on the text alone. */
import { expressionCacheEntriesMax, expressionCacheTextMax } from '../../limits/limits.ts'

export class SyntaxCache<Syntax> {
  readonly #parse: (text: string) => Syntax
  readonly #entries = new Map<string, Syntax>()

  constructor(parse: (text: string) => Syntax) {
    this.#parse = parse
  }

  /** Texts that are refused, and the longest ones, are not kept. */
  syntaxOf(text: string): Syntax {
    const kept = this.#entries.get(text)
    if (kept === undefined) return this.#keep(text, this.#parse(text))
    this.#entries.delete(text)
    this.#entries.set(text, kept)
    return kept
  }

  #keep(text: string, syntax: Syntax): Syntax {
    if (text.length > expressionCacheTextMax) return syntax
    if (this.#entries.size >= expressionCacheEntriesMax) this.#forgetOldest()
    this.#entries.set(text, syntax)
    return syntax
  }

  #forgetOldest(): void {
    for (const text of this.#entries.keys()) {
      this.#entries.delete(text)
      return
    }
  }
}
