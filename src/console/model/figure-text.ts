/** Figures for people. Pure. */

export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Capacity units: small ones with what follows the point. */
export function unitsText(units: number): string {
  if (units === 0) return '0'
  return units < 10 ? units.toFixed(2) : units < 100 ? units.toFixed(1) : String(Math.round(units))
}

/** Undefined: the price is not known. */
export function dollarsText(usd: number | undefined): string {
  if (usd === undefined) return '?'
  return usd > 0 && usd < 0.005 ? '< 0.01' : usd.toFixed(2)
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function rateText(bitsPerSecond: number): string {
  return bitsPerSecond < 1e6 ? `${bitsPerSecond / 1000} kbit/s` : `${bitsPerSecond / 1e6} Mbit/s`
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

/** With the date and the milliseconds: a stamp's. */
export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} UTC`
}

export type Spread = { readonly p50: number; readonly p99: number; readonly max: number }

/** Undefined without any value: nothing is known then. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}
