/** The figures of a link as people write them: 120ms, 50mbit, 5%/300ms. Undefined for what is none of these. */
import { durationMs } from '../process/duration.ts'
import type { Shape, Stall } from './lane/link-shape.ts'

const delayMsMax = 60_000
const bandwidthMin = 8000
const bandwidthMax = 100_000_000_000

/** 120ms, 1.5s; a number alone is milliseconds. */
export function delayFrom(text: string): number | undefined {
  const plain = /^(\d+(?:\.\d+)?)(?:\s*ms)?$/.exec(text.trim())
  const ms = plain === null ? durationMs(text.trim()) : Number(plain[1])
  return ms !== undefined && ms <= delayMsMax ? ms : undefined
}

const bitsPer = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const

/** 500kbit, 50mbit, 1gbit a second, with powers of ten as networks count; null for "none". */
export function bandwidthFrom(text: string): number | null | undefined {
  if (/^(none|unlimited)$/i.test(text.trim())) return null
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?bit)(?:\/s|ps)?$/.exec(text.trim().toLowerCase()) ?? []
  if (count === undefined || unit === undefined) return undefined
  const bits = Number(count) * bitsPer[unit as keyof typeof bitsPer]
  return bits >= bandwidthMin && bits <= bandwidthMax ? bits : undefined
}

/** 5%/300ms; null for "none". */
export function stallFrom(text: string): Stall | null | undefined {
  if (text.trim().toLowerCase() === 'none') return null
  const [, percent, delay = ''] = /^(\d+(?:\.\d+)?)\s*%\s*\/\s*(.+)$/.exec(text.trim()) ?? []
  const ms = delayFrom(delay)
  if (percent === undefined || ms === undefined || Number(percent) > 100) return undefined
  return Number(percent) === 0 || ms === 0 ? null : { percent: Number(percent), ms }
}

export const delayText = (ms: number): string => `${Number(ms.toFixed(1))}ms`

export function bandwidthText(bits: number | null): string {
  if (bits === null) return 'unlimited'
  for (const [unit, size] of Object.entries(bitsPer).toReversed())
    if (bits >= size) return `${Number((bits / size).toFixed(2))}${unit}`
  return `${bits}bit`
}

export const stallText = (stall: Stall | null): string =>
  stall === null ? 'none' : `${stall.percent}%/${delayText(stall.ms)}`

/** "rtt 120ms, jitter 10ms", of what is given. */
export function changeText(change: Partial<Shape>): string {
  const { roundTripMs, jitterMs, bandwidthBitsPerSecond: bits, stall, state } = change
  const parts = [
    ...(state === undefined ? [] : [state]),
    ...(roundTripMs === undefined ? [] : [`rtt ${delayText(roundTripMs)}`]),
    ...(jitterMs === undefined ? [] : [`jitter ${delayText(jitterMs)}`]),
    ...(bits === undefined ? [] : [`bandwidth ${bandwidthText(bits)}`]),
    ...(stall === undefined ? [] : [`stall ${stallText(stall)}`]),
  ]
  return parts.join(', ')
}
