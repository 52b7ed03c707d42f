/**
 * Which of many repetitions of one failure are told: the first, and then each time their number has doubled. A loop that retries for
 * hours says so in a dozen lines.
 */
/** A failure that has not happened for this long begins at one. */
const forgottenMs = 600_000
/** Of so many different failures the times are known; beyond that the one that is longest ago is forgotten. */
export const repeatsKnownMax = 256

type Known = { times: number; lastMs: number }

export class Repeats {
  readonly #known = new Map<string, Known>()

  /** How many times it has happened by now, where that is to be told; undefined where it is not. `nowMs` never goes back. */
  note(what: string, nowMs: number): number | undefined {
    const before = this.#known.get(what)
    const times = before === undefined || nowMs - before.lastMs > forgottenMs ? 1 : before.times + 1
    this.#known.delete(what)
    this.#known.set(what, { times, lastMs: nowMs })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= repeatsKnownMax) break
      this.#known.delete(oldest)
    }
    return Number.isInteger(Math.log2(times)) ? times : undefined
  }
}
