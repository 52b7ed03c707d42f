/** 500ms, 90s, 5m, 1h, 1d, or as AWS' fault injection writes it: PT5M. Undefined for anything else, and for no time at all. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.toLowerCase().replace(/^p(t)?/, '')) ?? []
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? '']
  if (count === undefined || unitMs === undefined) return undefined
  const ms = Math.round(Number(count) * unitMs)
  return ms > 0 ? ms : undefined
}
