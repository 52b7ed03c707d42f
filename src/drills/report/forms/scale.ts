/** From figures to places on a plot, with ticks at round figures. */

export type Scale = {
  readonly place: (value: number) => number
  readonly ticks: readonly number[]
}

/** From zero, which a linear axis of amounts always begins with; up to a round figure that is not less than the most. */
export function linearScale(most: number, [from, to]: readonly [number, number], ticksWanted = 4): Scale {
  const step = roundStep(Math.max(most, 1e-9) / ticksWanted)
  const top = Math.max(1, Math.ceil(most / step - 1e-9)) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  return { place: (value) => from + ((to - from) * value) / top, ticks }
}

/** Each tick is ten times the one before; what is less than the first is drawn there. */
export function logarithmicScale(
  [least, most]: readonly [number, number],
  [from, to]: readonly [number, number],
): Scale {
  const first = Math.floor(Math.log10(least))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(most, least)) - 1e-9))
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
  const place = (value: number): number => {
    const share = (Math.log10(Math.max(value, 10 ** first)) - first) / (last - first)
    return from + (to - from) * Math.min(1, share)
  }
  return { place, ticks }
}

export function timeScale(lastMs: number, [from, to]: readonly [number, number]): Scale {
  const step = roundStep(lastMs / 1000 / 8) * 1000
  const ticks = Array.from({ length: Math.floor(lastMs / step) + 1 }, (_, index) => index * step)
  return { place: (value) => from + ((to - from) * value) / Math.max(1, lastMs), ticks }
}

/** 1, 2 or 5 times a power of ten, not less than that. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power
}
