/**
 * What a cache and its region's node say to each other beside the invalidations, as JSON: the cache asks how far the log has
 * been told, and says by the way how it is; the answer is where it must stand by now if it has missed nothing.
 */
import { controlSizeBytesMax } from '../limits/limits.ts'
import { isObject } from '../wire/json.ts'
import type { Position } from './change.ts'

/** For `longitude status` and metrics, and for nothing that decides. */
export type CacheReport = {
  readonly id: string
  readonly endpoint: string
  readonly mode: string
  /** Which one of its cluster it is, as DAX's control plane names it. */
  readonly node?: string
  /** Hits and misses since it started, entries and bytes now. */
  readonly figures: Readonly<Record<string, number>>
}

/** What a region does with requests: `open` verifies no signature, `verified` does, and `policed` asks policies too. */
export type Deciding = 'open' | 'verified' | 'policed'

export type LogPlace = { readonly epoch: string; readonly position: Position }

export function encodeReport(report: CacheReport): Buffer {
  return Buffer.from(JSON.stringify(report))
}

/** Throws RangeError on anything odd. */
export function decodeReport(payload: Buffer): CacheReport {
  const { id, endpoint, mode, figures, node } = parsed(payload)
  if (typeof id !== 'string' || typeof endpoint !== 'string' || typeof mode !== 'string' || !isObject(figures))
    throw new RangeError('not a report of a cache')
  const numbers = Object.entries(figures).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const named = typeof node === 'string' && node.length <= nodeNameLengthMax ? { node } : {}
  return { id, endpoint, mode, ...named, figures: Object.fromEntries(numbers) }
}

/** What a region answers a cache's question with. */
export type ToldPlace = LogPlace & {
  /** Undefined of a node that is too old to say it. */
  readonly how?: Deciding
}

const nodeNameLengthMax = 64

export function encodePlace(place: ToldPlace): Buffer {
  return Buffer.from(JSON.stringify(place))
}

export function decodePlace(payload: Buffer): ToldPlace {
  const { epoch, position, how } = parsed(payload)
  if (typeof epoch !== 'string' || typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0)
    throw new RangeError('not a place in a log')
  return { epoch, position, ...(isDeciding(how) ? { how } : {}) }
}

const isDeciding = (value: unknown): value is Deciding =>
  value === 'open' || value === 'verified' || value === 'policed'

function parsed(payload: Buffer): Record<string, unknown> {
  if (payload.length > controlSizeBytesMax) throw new RangeError('larger than anything said here')
  try {
    const value: unknown = JSON.parse(payload.toString())
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw new RangeError('not a JSON object')
}
