/** The past of each direction between two regions: one sample a second, for a bounded time and of a bounded number of directions. */
import { historyDirectionsMax, historySamplesMax } from '../core/limits/console-limits.ts'
import { spreadOf } from './model/figure-text.ts'
import type { Direction, History, State } from './model/console-state.ts'

/** Five minutes. */
const spreadSamples = 300

type Sample = {
  readonly atMs: number
  readonly lagMs: number | null
  readonly pending: number | null
  readonly safe: number | null
}

export class Histories {
  readonly #samples = new Map<string, Sample[]>()

  take({ atMs, directions }: State): void {
    for (const direction of directions) {
      const name = `${direction.from}>${direction.to}`
      const samples = this.#samples.get(name) ?? []
      if (samples.length === 0 && this.#samples.size >= historyDirectionsMax) continue
      samples.push(sampleOf(atMs, direction))
      if (samples.length > historySamplesMax) samples.shift()
      this.#samples.set(name, samples)
    }
    const now = new Set(directions.map(({ from, to }) => `${from}>${to}`))
    for (const name of this.#samples.keys()) if (!now.has(name)) this.#samples.delete(name)
  }

  of(from: string, to: string): History {
    const samples = this.#samples.get(`${from}>${to}`) ?? []
    return {
      from,
      to,
      atMs: samples.map(({ atMs }) => atMs),
      lagMs: samples.map(({ lagMs }) => lagMs),
      pending: samples.map(({ pending }) => pending),
      safe: samples.map(({ safe }) => safe),
    }
  }

  /** The state with the percentiles of the last samples of each direction. */
  withSpreads(state: State): State {
    const directions = state.directions.map((direction) => {
      const samples = this.#samples.get(`${direction.from}>${direction.to}`) ?? []
      const lags = samples.slice(-spreadSamples).flatMap(({ lagMs }) => (lagMs === null ? [] : [lagMs]))
      const spread = spreadOf(lags)
      return spread === undefined ? direction : { ...direction, spread }
    })
    return { ...state, directions }
  }
}

function sampleOf(atMs: number, { lagMs, pending, safeToEvacuate: safe }: Direction): Sample {
  return { atMs, lagMs: lagMs ?? null, pending: pending ?? null, safe: safe === undefined ? null : Number(safe) }
}
