/** How long a slow request takes longer: a distribution, and a draw of it. */
import { unreachable } from '../assert.ts'
import { heldMsMax } from '../limits/fault-limits.ts'

export type Percentile = { readonly percent: number; readonly ms: number }

export type Delay =
  | { readonly shape: 'fixed'; readonly ms: number }
  | { readonly shape: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly shape: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  /** A line from one to the next, from 0 to the first of them; flat beyond the last. In rising order of both. */
  | { readonly shape: 'percentiles'; readonly points: readonly Percentile[] }

/** `draw` gives numbers from 0 to 1, another one for each stream. */
export function delayMsOf(delay: Delay, draw: (stream: number) => number): number {
  return Math.min(heldMsMax, Math.max(0, drawnMs(delay, draw)))
}

function drawnMs(delay: Delay, draw: (stream: number) => number): number {
  switch (delay.shape) {
    case 'fixed':
      return delay.ms
    case 'uniform':
      return delay.fromMs + (delay.toMs - delay.fromMs) * draw(0)
    case 'normal':
      return delay.meanMs + delay.deviationMs * standardNormal(1 - draw(0), draw(1))
    case 'percentiles':
      return atPercent(delay.points, draw(0) * 100)
    default:
      return unreachable(delay)
  }
}

/** By the Box–Muller transform; `u` is above 0. */
function standardNormal(u: number, v: number): number {
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
}

function atPercent(points: readonly Percentile[], percent: number): number {
  let before: Percentile = { percent: 0, ms: 0 }
  for (const point of points) {
    if (percent <= point.percent) {
      const part = point.percent === before.percent ? 1 : (percent - before.percent) / (point.percent - before.percent)
      return before.ms + (point.ms - before.ms) * part
    }
    before = point
  }
  return before.ms
}
