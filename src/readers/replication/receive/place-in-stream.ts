import type { Cursor } from '../../../core/change/place.ts'
import type { StreamState } from '../../../ports/bus.ts'

/** Messages before the hinted one that are read again: cheap, and they show at once whether the numbers still mean the same. */
const overlap = 8

/**
 * Where to read on in a peer's stream: a little before the hint, and never beyond what the stream has. A hint beyond its end
 * tells of a lost tail, whose numbers are used again; what was missed between shows as a gap.
 */
export function startOf({ sequence }: Cursor, { firstSequence, lastSequence }: StreamState): number {
  return Math.max(firstSequence, Math.min(sequence, lastSequence) + 1 - overlap)
}
