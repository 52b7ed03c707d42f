/**
 * Up to which stamp this region may forget deletes. Two things must be true: every region has applied everything up to there,
 * so that whatever it writes from then on knows of it; and what each had written before that is here, so that nothing written
 * without knowing of it can still arrive. Older writes would bring a deleted item back, and of later ones this region
 * would never learn what they had come after. So a region's word about what it has seen counts from when its log is applied
 * here up to the place at which it gave that word (`Watermark.seen`).
 */
import type { Seen } from '../../../core/change/control.ts'
import { type ClockState, isAfter } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Table } from '../../../core/table/table.ts'
import type { Watermark } from '../talk/watermark.ts'

export type Told = { readonly region: string; readonly watermark: Pick<Watermark, 'clock' | 'seen' | 'waiting'> }

/**
 * Undefined as long as one of them has not said of each of the others what it has seen of it. All regions that are met count, with a
 * replica or without: one may be getting it, or what it wrote to one may still be on its way. Nothing is known of a table that
 * waits anywhere.
 */
export function horizonOf(
  { id, replicas }: Pick<Table, 'id' | 'replicas'>,
  own: Seen,
  peers: readonly Told[],
): ClockState | undefined {
  const counted = [own.region, ...peers.map(({ region }) => region)]
  if (!replicas.every(({ region, status }) => status === 'ACTIVE' && counted.includes(region))) return undefined
  let least = own.clock
  for (const { region, watermark } of peers) {
    const { clock, waiting, seen = [] } = watermark
    if ([...waiting, ...seen.flatMap((of) => of.waiting ?? [])].some(({ table }) => table === id)) return undefined
    const spokenOf = new Set([region, ...seen.map((of) => of.region)])
    if (!counted.every((each) => spokenOf.has(each))) return undefined
    // Also what it says of regions that are not known here any more, or not yet: it may lack what they wrote.
    for (const each of [clock, ...seen.map((of) => of.clock)]) if (isAfter(least, each)) least = each
  }
  return least
}
