/** What the node at the other end of a line says again and again: whether it leads the region, and what others are to know of that. */
export type Told = {
  /** It leads, and its region answers requests. */
  readonly leads: boolean
  /** It alone knows what reads have to be answered by: faults are set, capacity or keys are counted. */
  readonly forwardsAll: boolean
  /** Regions that are evacuated to this one. */
  readonly standsInFor: readonly string[]
}

/** Undefined for anything else. */
export function toldIn(about: unknown): Told | undefined {
  if (typeof about !== 'object' || about === null) return undefined
  const { leads, forwardsAll, standsInFor } = about as Partial<Record<keyof Told, unknown>>
  if (typeof leads !== 'boolean' || typeof forwardsAll !== 'boolean' || !Array.isArray(standsInFor)) return undefined
  return { leads, forwardsAll, standsInFor: standsInFor.filter((name) => typeof name === 'string') }
}
