/** Values of metric math: numbers, and series of points by their time. */
export type Series = {
  readonly label: string
  /** By their time, in milliseconds, from the first to the last. */
  readonly points: ReadonlyMap<number, number>
}

export type Value =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'series'; readonly series: Series }
  | { readonly kind: 'array'; readonly series: readonly Series[] }

/** The times that a request is about: `startMs` belongs to it, `endMs` does not. */
export type Timeline = { readonly startMs: number; readonly endMs: number; readonly periodMs: number }

export function timesOf({ startMs, endMs, periodMs }: Timeline): readonly number[] {
  const times: number[] = []
  for (let at = startMs; at < endMs; at += periodMs) times.push(at)
  return times
}

/** Of several series, in order. */
export function unionOf(all: readonly Series[]): readonly number[] {
  const [only] = all
  if (all.length === 1 && only !== undefined) return [...only.points.keys()]
  return [...new Set(all.flatMap(({ points }) => [...points.keys()]))].toSorted((a, b) => a - b)
}

/** Points without a value, as after a division by zero, are dropped. */
export function seriesFrom(
  label: string,
  times: readonly number[],
  valueAt: (at: number) => number | undefined,
): Series {
  const points = new Map<number, number>()
  for (const at of times) {
    const value = valueAt(at)
    if (value !== undefined && Number.isFinite(value)) points.set(at, value === 0 ? 0 : value)
  }
  return { label, points }
}

export function mapped(series: Series, change: (value: number) => number): Series {
  return seriesFrom(series.label, [...series.points.keys()], (at) => change(series.points.get(at) ?? 0))
}

export const numberValue = (value: number): Value => ({ kind: 'number', value })
export const seriesValue = (series: Series): Value => ({ kind: 'series', series })
export const arrayValue = (series: readonly Series[]): Value => ({ kind: 'array', series })

/** Where only one series has a point, the other counts as 0 there. */
export function combined(left: Value, right: Value, operate: (a: number, b: number) => number): Value {
  if (left.kind === 'array' || right.kind === 'array') {
    const count = left.kind === 'array' ? left.series.length : right.kind === 'array' ? right.series.length : 0
    const at = (value: Value, n: number): Value =>
      value.kind === 'array' ? seriesValue(value.series[n] ?? emptySeries) : value
    return arrayValue(
      Array.from({ length: count }, (_, n) => seriesOf(combined(at(left, n), at(right, n), operate)) ?? emptySeries),
    )
  }
  if (left.kind === 'number' && right.kind === 'number') return numberValue(operate(left.value, right.value))
  if (left.kind === 'number')
    return right.kind === 'series' ? seriesValue(mapped(right.series, (value) => operate(left.value, value))) : left
  if (right.kind === 'number') return seriesValue(mapped(left.series, (value) => operate(value, right.value)))
  const [a, b] = [left.series, right.series]
  return seriesValue(
    seriesFrom(a.label, unionOf([a, b]), (at) => operate(a.points.get(at) ?? 0, b.points.get(at) ?? 0)),
  )
}

export const emptySeries: Series = { label: '', points: new Map() }

const seriesOf = (value: Value): Series | undefined => (value.kind === 'series' ? value.series : undefined)

/** The same of each series of an array. */
export function eachSeries(
  value: Value,
  change: (series: Series) => Series,
  ofNumber?: (value: number) => number,
): Value {
  if (value.kind === 'series') return seriesValue(change(value.series))
  if (value.kind === 'array') return arrayValue(value.series.map(change))
  return numberValue(ofNumber?.(value.value) ?? value.value)
}
