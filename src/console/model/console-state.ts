/** What the console's process tells its pages of the deployment, once a second. Pure types; nothing here is from an item. */

export type RegionView = {
  readonly name: string
  readonly city: string
  readonly latitude?: number
  readonly longitude?: number
  readonly endpoint: string
  readonly health: 'ready' | 'not ready' | 'down'
  readonly problem?: string
  readonly tables?: number
  /** Of the region's conflict feed, as far as this console has read it: the number of the last record, and how many it saw. */
  readonly conflicts: number
  /** Every peer has everything that this region has acknowledged; undefined where that is not known. */
  readonly safeToEvacuate?: boolean
  /** What an operator should know: trouble, damage, doubts. */
  readonly notices: readonly string[]
  readonly caches: readonly CacheView[]
}

export type CacheView = { readonly endpoint: string; readonly mode: string; readonly silentMs: number }

export type FaultView = {
  readonly id: string
  readonly owner: string
  readonly what: string
  readonly startedAt: string
  readonly endsAt: string | null
}

/** How a link is set: times in milliseconds. */
export type LinkSetting = {
  readonly roundTripMs: number
  readonly jitterMs: number
  readonly bandwidthBitsPerSecond: number | null
  readonly stall: { readonly percent: number; readonly ms: number } | null
  readonly state: 'up' | 'down' | 'reset'
}

export type CarriedLink = LinkSetting & {
  readonly configuredMs: number
  readonly faults: readonly FaultView[]
  readonly bytesPerSecond: number
}

/** Everything from one region to another. */
export type Direction = {
  readonly from: string
  readonly to: string
  /** As the sender sees it by the receiver's confirmations; 'unknown' while the sender does not answer. */
  readonly state: string
  /** How the receiver follows the sender. */
  readonly received: string
  readonly pending?: number
  readonly lagMs?: number
  readonly safeToEvacuate?: boolean
  readonly pausedUntilMs?: number
  /** Of the receiver: changes that wait because the sender's clock is ahead. */
  readonly held?: number
  readonly reason?: string
  /** Of the lags of the last minutes; absent while none is known. */
  readonly spread?: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Of the receiver: everything that the sender wrote up to this is applied there. */
  readonly watermarkMs?: number
  /** As the receiver measures it on its connection. */
  readonly observedMs?: number
  /** Absent where the links are not controlled from here. */
  readonly link?: CarriedLink
}

/** A process of a region that was broken on purpose. */
export type RegionFault = {
  readonly region: string
  readonly what: string
  readonly owner: string
  readonly endsMs: number
}

export type State = {
  readonly atMs: number
  readonly regions: readonly RegionView[]
  readonly directions: readonly Direction[]
  /** Why the links' control does not answer. */
  readonly linksProblem?: string
}

/** Something that happened: a fault begins or ends, a region comes or goes, somebody acts here. */
export type Note = {
  readonly atMs: number
  readonly kind: 'fault' | 'heal' | 'region' | 'action' | 'drill'
  readonly text: string
  readonly regions: readonly string[]
}

/** Samples of a direction, one each second, oldest first; null where nothing is known. */
export type History = {
  readonly from: string
  readonly to: string
  readonly atMs: readonly number[]
  readonly lagMs: readonly (number | null)[]
  readonly pending: readonly (number | null)[]
  /** 1 safe, 0 not, null unknown. */
  readonly safe: readonly (number | null)[]
}

export type ReplicaRow = {
  readonly has: string
  readonly written?: Written
  readonly seen?: readonly Written[]
  readonly item?: Readonly<Record<string, unknown>>
  readonly sizeBytes?: number
}

export type Written = {
  readonly wallMs: number
  readonly counter: number
  readonly region: number
  readonly by: string
}
