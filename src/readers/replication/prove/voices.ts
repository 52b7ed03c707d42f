/**
 * Tells apart the processes that speak for a peer. A store runs in one process: each opening of it has a name of its own
 * (engine/store/lineage.ts), which its words carry. When a process goes on to speak after another one of its region has begun
 * to, the store was copied and runs twice. The later one is to stop: the earlier one is the one that peers have followed.
 *
 * A process that was replaced is heard for a moment longer, as what it sent is still under way. So only a word that the earlier
 * process cannot have sent before the later one was heard proves that both run: it tells of something that this region has said since.
 * Where the earlier one tells of nothing, it must speak for some time beside the later, and again and again.
 *
 * While the earlier one is heard, what the later one says is not built upon: it may be the copy.
 *
 * In a region of several nodes the leading node speaks, and its term is part of the name: a later term replaces an earlier one, and from
 * then on nothing counts that a node says of an earlier term. It may have lost the lead without having noticed.
 */
import { type ClockState, isAfter } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Position } from '../../../core/change/change.ts'
import { termOf } from '../../../core/change/start-name.ts'
import {
  voicesOverlapMsMin,
  voicesOverlapWordsMin,
  voicesRememberedMax,
  voicesToldMax,
} from '../../../core/limits/limits.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'

type Voice = {
  readonly start: string
  readonly firstMs: number
  /** What this region may have said of itself when the voice was first heard. */
  readonly saidBefore: Told
  lastMs: number
  /** Words, so far apart that they are not of one moment, since a later voice began. */
  words: number
  /** What it has told of this region. */
  told: Told
}

/** What a word tells of the region that hears it: how far that one's log and clock have come, as the speaker knows. */
export type Told = { readonly clock?: ClockState | undefined; readonly position?: Position | undefined }

type Deps = { readonly clock: Pick<Clock, 'monotonicMs'>; readonly engine: Pick<Engine, 'clock' | 'flushed'> }

const apartMsMin = 500
/** A process confirms more often than this to each peer that it reaches. */
const silentMsMin = 5000
/** One word may be false. */
const newsWordsMin = 2
/** A process announces itself more often than this: then the one that has come after it counts. */
const replacedMsMin = 2500

export class Voices {
  readonly #deps: Deps
  readonly #voices = new Map<string, Voice[]>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Returns whether the word counts: no earlier process of the region is heard any more. */
  heard(region: string, start: string | undefined, told: Told = {}): boolean {
    if (start === undefined) return true
    const nowMs = this.#deps.clock.monotonicMs()
    const voices = withoutEarlierTerms(this.#voices.get(region) ?? [], start)
    if (voices === undefined) return false
    this.#voices.set(region, voices)
    const n = voices.findIndex((voice) => voice.start === start)
    const voice = voices[n]
    if (voice === undefined) {
      voices.push({ start, firstMs: nowMs, saidBefore: this.#saidBefore(voices), lastMs: nowMs, words: 0, told })
      if (voices.length > voicesRememberedMax) voices.shift()
      return this.counts(region, start)
    }
    voice.told = furthest(voice.told, told)
    if (nowMs - voice.lastMs < apartMsMin) return this.counts(region, start)
    voice.lastMs = nowMs
    if (n < voices.length - 1) voice.words++
    return this.counts(region, start)
  }

  /** What earlier ones had told is no news, true or not. */
  #saidBefore(voices: readonly Voice[]): Told {
    const { engine } = this.#deps
    return voices.reduce<Told>((said, { told }) => furthest(said, told), {
      clock: engine.clock(),
      position: engine.flushed(),
    })
  }

  /** Whether no earlier process of the region is heard any more. */
  counts(region: string, start: string | undefined): boolean {
    const nowMs = this.#deps.clock.monotonicMs()
    const voices = this.#voices.get(region) ?? []
    if (start !== undefined && withoutEarlierTerms(voices, start) === undefined) return false
    const n = voices.findIndex((voice) => voice.start === start)
    return voices.slice(0, Math.max(0, n)).every(({ lastMs }) => nowMs - lastMs >= replacedMsMin)
  }

  forget(region: string): void {
    this.#voices.delete(region)
  }

  /** Processes that speak while an earlier one of their region does, too. */
  later(): readonly string[] {
    return [...this.#voices.keys()].flatMap((region) => this.laterOf(region)).slice(0, voicesToldMax)
  }

  laterOf(region: string): readonly string[] {
    const nowMs = this.#deps.clock.monotonicMs()
    const alive = (this.#voices.get(region) ?? []).filter(({ lastMs }) => nowMs - lastMs < silentMsMin)
    return alive.flatMap((voice, n) =>
      alive.slice(0, n).some((earlier) => isBeside(earlier, voice)) ? [voice.start] : [],
    )
  }
}

/** Undefined when a node has spoken whose term is later. */
function withoutEarlierTerms(voices: Voice[], start: string): Voice[] | undefined {
  const term = termOf(start)
  if (term === undefined) return voices
  const terms = voices.map((voice) => termOf(voice.start) ?? term)
  if (terms.some((other) => other > term)) return undefined
  return terms.every((other) => other === term) ? voices : voices.filter((_, n) => terms[n] === term)
}

function isBeside(earlier: Voice, { firstMs, saidBefore }: Voice): boolean {
  const isNews = furthest(saidBefore, earlier.told) !== saidBefore
  if (isNews && earlier.words >= newsWordsMin) return true
  return earlier.words >= voicesOverlapWordsMin && earlier.lastMs - firstMs >= voicesOverlapMsMin
}

/** `a` itself where `b` tells nothing more. */
function furthest(a: Told, b: Told): Told {
  const isLater = b.clock !== undefined && (a.clock === undefined || isAfter(b.clock, a.clock))
  const position = Math.max(a.position ?? 0, b.position ?? 0)
  if (!isLater && position === (a.position ?? 0)) return a
  return { clock: isLater ? b.clock : a.clock, position }
}
