/** The last lines of the log, in memory, for `longitude diagnose`. */
import { recentLineCharsMax, recentLinesCharsMax } from '../core/limits/deployment-limits.ts'

export class RecentLines {
  #lines: string[] = []
  #chars = 0

  add(line: string): void {
    const kept = line.length > recentLineCharsMax ? cut(line) : line
    this.#lines.push(kept)
    this.#chars += kept.length
    // Halved at once, so that a line costs the same however many there are.
    if (this.#chars > 2 * recentLinesCharsMax) this.#trim()
  }

  get lines(): readonly string[] {
    this.#trim()
    return this.#lines
  }

  #trim(): void {
    let from = 0
    for (; this.#chars > recentLinesCharsMax && from < this.#lines.length; from++)
      this.#chars -= this.#lines[from]?.length ?? 0
    this.#lines = this.#lines.slice(from)
  }
}

/** At the end of a word: a secret is whole, so that it is found, or not there. */
function cut(line: string): string {
  return `${line.slice(0, recentLineCharsMax).replace(/[^\s"\\]*$/, '')}…`
}
