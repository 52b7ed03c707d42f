/** The past of a direction as a plot wants it, and as a table has it. Pure. */
import type { Direction, History, Note } from './console-state.ts'

export type Series = {
  /** Seconds since 1970. */
  readonly at: readonly number[]
  readonly lagMs: readonly (number | null)[]
  readonly pending: readonly (number | null)[]
  readonly safe: readonly (number | null)[]
}

export function seriesOf({ atMs, lagMs, pending, safe }: History): Series {
  return { at: atMs.map((ms) => ms / 1000), lagMs, pending, safe }
}

/** With the state of this second, unless it is there already; the oldest goes when there are too many. */
export function appended(series: Series, atMs: number, direction: Direction, samplesMax: number): Series {
  if ((series.at.at(-1) ?? 0) * 1000 >= atMs) return series
  const { lagMs, pending, safeToEvacuate: safe } = direction
  return {
    at: [...series.at, atMs / 1000].slice(-samplesMax),
    lagMs: [...series.lagMs, lagMs ?? null].slice(-samplesMax),
    pending: [...series.pending, pending ?? null].slice(-samplesMax),
    safe: [...series.safe, safe === undefined ? null : Number(safe)].slice(-samplesMax),
  }
}

export type Span = { readonly from: number; readonly to: number; readonly state: 'not safe' | 'unknown' }

/** When it was not safe to evacuate, and when that is not known. */
export function spansOf({ at, safe }: Series): readonly Span[] {
  const spans: Span[] = []
  for (const [index, from] of at.entries()) {
    const value = safe[index]
    if (value === 1) continue
    const state = value === 0 ? 'not safe' : 'unknown'
    const to = at[index + 1] ?? from
    const last = spans.at(-1)
    if (last?.state === state && last.to === from) spans[spans.length - 1] = { ...last, to }
    else spans.push({ from, to, state })
  }
  return spans
}

/** What happened to the two regions in the time of the series: faults, drills, ends of them. */
export function marksOf({ at }: Series, notes: readonly Note[], pair: readonly string[]): readonly Note[] {
  const [first, last] = [(at[0] ?? 0) * 1000, (at.at(-1) ?? 0) * 1000 + 1000]
  return notes.filter(
    ({ atMs, kind, regions }) =>
      atMs >= first &&
      atMs <= last &&
      (kind === 'drill' || ((kind !== 'action' || regions.length > 0) && regions.some((name) => pair.includes(name)))),
  )
}

export type Row = { readonly atMs: number; readonly lag: string; readonly pending: string; readonly safe: string }

function textOf(value: number | null | undefined, known: (value: number) => string): string {
  return value === null || value === undefined ? 'unknown' : known(value)
}

/** One in so many, newest first. */
export function rowsOf({ at, lagMs, pending, safe }: Series, every: number): readonly Row[] {
  return at
    .map((seconds, index) => ({
      atMs: seconds * 1000,
      lag: textOf(lagMs[index], (ms) => (ms === 0 ? 'all there' : `${Math.round(ms)} ms`)),
      pending: textOf(pending[index], (count) => (count === 0 ? 'none' : String(count))),
      safe: textOf(safe[index], (value) => (value === 1 ? 'safe' : 'not safe')),
    }))
    .filter((_, index) => (at.length - 1 - index) % every === 0)
    .toReversed()
}
