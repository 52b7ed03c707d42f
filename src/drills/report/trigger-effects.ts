/**
 * How often each side effect was made. A trigger handles a record at least once: a second time is no fault, and none is one. The records are those of the region's
 * stream, read beside the trigger; what a lost disk took from a stream is missed by the writes that nothing was made for.
 */
import { groupBy } from '../definition/group-by.ts'
import type { Operation, Recorded } from '../definition/drill-record.ts'

export type RegionEffects = {
  readonly region: string
  /** Of its stream, or handled. */
  readonly records: number
  readonly once: number
  readonly more: number
  /** How often the one was made that was made most often. */
  readonly most: number
  readonly never: number
  /** Acknowledged anywhere, of items that are written once: those of which nothing was made here. */
  readonly writesWithout: number
  /** Some items of which a record was never handled. */
  readonly items: readonly string[]
}

const itemsMax = 20

export function effectsOf({
  effects,
  operations,
}: Pick<Recorded, 'effects' | 'operations'>): readonly RegionEffects[] | undefined {
  if (effects === undefined) return undefined
  const written = operations.filter(isWrittenOnce)
  const handled = groupBy(effects.handled, ({ region }) => region)
  const streamed = groupBy(effects.streamed, ({ region }) => region)
  return [...new Set(effects.regions)].map((region) => {
    const times = new Map((streamed.get(region) ?? []).map(({ eventId }) => [eventId, 0]))
    for (const { eventId } of handled.get(region) ?? []) times.set(eventId, (times.get(eventId) ?? 0) + 1)
    const keys = new Set((handled.get(region) ?? []).map(({ key }) => key))
    const without = written.filter(({ key }) => !keys.has(key)).map(({ key }) => key)
    const unhandled = (streamed.get(region) ?? []).filter(({ eventId }) => times.get(eventId) === 0)
    const counts = [...times.values()]
    return {
      region,
      records: counts.length,
      once: counts.filter((count) => count === 1).length,
      more: counts.filter((count) => count > 1).length,
      most: counts.reduce((most, count) => Math.max(most, count), 0),
      never: unhandled.length,
      writesWithout: without.length,
      items: [...new Set([...unhandled.map(({ key }) => key), ...without])].slice(0, itemsMax),
    }
  })
}

const isWrittenOnce = ({ kind, fate, shared }: Operation): boolean =>
  kind === 'write' && fate === 'acknowledged' && !shared
