/**
 * Tells apart the processes that speak for a peer. A store runs in one process: each opening of it has a name of its own
 * (engine/store/lineage.ts), which its confirmations carry. When a process goes on to speak after another one of its region has begun
 * to, the store was copied and runs twice. The later one is to stop: the earlier one is the one that peers have followed.
 *
 * A process that was replaced is heard for a moment longer, as what it sent is still under way. So the earlier one must speak
 * for some time beside the later, and again and again.
 */
import { voicesOverlapMsMin, voicesOverlapWordsMin, voicesRememberedMax, voicesToldMax } from '../../../core/limits.ts'
import type { Clock } from '../../../ports/clock.ts'

type Voice = {
  readonly start: string
  readonly firstMs: number
  lastMs: number
  /** Words, so far apart that they are not of one moment, since a later voice began. */
  words: number
}

const apartMsMin = 500
/** A process confirms more often than this to each peer that it reaches. */
const silentMsMin = 5000

export class Voices {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #voices = new Map<string, Voice[]>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  heard(region: string, start: string | undefined): void {
    if (start === undefined) return
    const nowMs = this.#clock.monotonicMs()
    const voices = this.#voices.get(region) ?? []
    this.#voices.set(region, voices)
    const n = voices.findIndex((voice) => voice.start === start)
    const voice = voices[n]
    if (voice === undefined) {
      voices.push({ start, firstMs: nowMs, lastMs: nowMs, words: 0 })
      if (voices.length > voicesRememberedMax) voices.shift()
      return
    }
    if (nowMs - voice.lastMs < apartMsMin) return
    voice.lastMs = nowMs
    if (n < voices.length - 1) voice.words++
  }

  forget(region: string): void {
    this.#voices.delete(region)
  }

  /** Processes that speak while an earlier one of their region does, too. */
  later(): readonly string[] {
    return [...this.#voices.keys()].flatMap((region) => this.laterOf(region)).slice(0, voicesToldMax)
  }

  laterOf(region: string): readonly string[] {
    const nowMs = this.#clock.monotonicMs()
    const alive = (this.#voices.get(region) ?? []).filter(({ lastMs }) => nowMs - lastMs < silentMsMin)
    const isBeside = (earlier: Voice, { firstMs }: Voice): boolean =>
      earlier.words >= voicesOverlapWordsMin && earlier.lastMs - firstMs >= voicesOverlapMsMin
    return alive.flatMap((voice, n) =>
      alive.slice(0, n).some((earlier) => isBeside(earlier, voice)) ? [voice.start] : [],
    )
  }
}
