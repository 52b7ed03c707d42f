/** What the regions' nodes say of themselves at /admin/status, as far as `longitude status` and the console show it. */
import { z } from 'zod'
import type { NodeAnswer } from './nodes-status.ts'

const tableStatus = z.looseObject({
  table: z.string(),
  pending: z.number(),
  lagMs: z.number(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }).optional(),
  replicationLatency: z.looseObject({ averageMs: z.number() }).optional(),
  pausedUntilMs: z.number().optional(),
  safeToEvacuate: z.boolean(),
})
const setAside = z.object({ origin: z.string(), table: z.string(), reason: z.string(), wallMs: z.number() })
const overruled = z.object({
  table: z.string(),
  register: z.string(),
  by: z.string(),
  reason: z.string(),
  madeIn: z.string(),
  madeMs: z.number(),
})
const lineStatus = z.object({
  receiving: z.boolean(),
  bytesPerSecond: z.number().optional(),
  roundTripMs: z.number().optional(),
})
const lacking = z.object({
  region: z.string(),
  changes: z.number(),
  sinceMs: z.number().optional(),
  atMost: z.literal(true).optional(),
})
export const missingStatus = z.looseObject({
  changes: z.number(),
  sinceMs: z.number().optional(),
  asOfMs: z.number(),
  exact: z.boolean(),
  others: z.array(lacking),
  silence: z
    .looseObject({
      fromMs: z.number(),
      changes: z.number(),
      returnedMs: z.number().optional(),
      sameLog: z.boolean().optional(),
      arrived: z.number(),
      conflicts: z.number(),
      outstanding: z.number(),
    })
    .optional(),
})
const peerStatus = z.looseObject({
  peer: z.string(),
  line: lineStatus.optional(),
  state: z.string(),
  outbound: z.string(),
  pending: z.number(),
  lagMs: z.number(),
  held: z.number(),
  safeToEvacuate: z.boolean(),
  pausedUntilMs: z.number().optional(),
  skewMs: z.number().optional(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }).optional(),
  reason: z.string().optional(),
  missing: missingStatus.optional(),
  suspect: z.object({ messages: z.number(), last: z.string(), lastMs: z.number() }).optional(),
  tables: z.array(tableStatus),
})
const cacheStatus = z.looseObject({
  endpoint: z.string(),
  mode: z.string(),
  silentMs: z.number(),
  figures: z.record(z.string(), z.number()),
})
const groupStatus = z.object({
  group: z.string(),
  replicas: z.array(z.string()),
  witness: z.string().optional(),
  tables: z.array(z.string()),
  majority: z.boolean(),
  leader: z.string().optional(),
  last: z.number(),
  applied: z.number().optional(),
  refuses: z.string().optional(),
})
export const nodeStatus = z.looseObject({
  region: z.string(),
  flushed: z.number(),
  tables: z.number(),
  publishing: z.boolean(),
  /** A node of version 0.1.0 does not say it. */
  signed: z.boolean().optional(),
  stream: z.looseObject({ kind: z.string(), reason: z.string(), advice: z.string(), sinceMs: z.number() }).optional(),
  trouble: z.looseObject({ reason: z.string() }).optional(),
  damage: z
    .object({
      foundMs: z.number(),
      reason: z.string(),
      folder: z.string(),
      filling: z.number(),
      incomplete: z.array(z.string()),
    })
    .optional(),
  setAside: z.object({ count: z.number(), newest: z.array(setAside) }).optional(),
  overruled: z.object({ count: z.number(), newest: z.array(overruled) }).optional(),
  found: z.object({ found: z.string(), reason: z.string(), atMs: z.number() }).optional(),
  doubts: z.array(z.string()).default([]),
  unverifiedBy: z.array(z.string()).default([]),
  evacuation: z
    .object({
      fence: z.object({ to: z.string(), owner: z.string(), sinceMs: z.number() }).nullable(),
      standsInFor: z.array(z.object({ region: z.string(), owner: z.string(), sinceMs: z.number() })),
    })
    .optional(),
  peers: z.array(peerStatus),
  caches: z.array(cacheStatus).default([]),
  groups: z.array(groupStatus).default([]),
})

export type NodeStatus = z.output<typeof nodeStatus>
export type PeerStatus = z.output<typeof peerStatus>
export type TableStatus = z.output<typeof tableStatus>
export type LineStatus = z.output<typeof lineStatus>
export type CacheStatus = z.output<typeof cacheStatus>

export type Answer = {
  readonly region: string
  readonly endpoint: string
  readonly health: 'ready' | 'not ready' | 'down'
  readonly problem?: string
  readonly status?: NodeStatus
  /** Where the region has several. */
  readonly nodes?: readonly NodeAnswer[]
}

export type LinkStatus = {
  readonly from: string
  readonly to: string
  /** As the sender sees it by the receiver's confirmations. */
  readonly state: string
  /** How the receiver follows the sender. */
  readonly received: string
  readonly pending?: number
  readonly lagMs?: number
  readonly safeToEvacuate?: boolean
  readonly pausedUntilMs?: number
  /** Of the receiver: why it refuses the sender, or fetches its state. */
  readonly reason?: string
  /** Of the receiver: what of the sender it could not read or trust. */
  readonly suspect?: PeerStatus['suspect']
  /** Of the receiver: what the line brings. */
  readonly line?: LineStatus
  /** Of the receiver: changes that wait because the sender's clock is ahead. */
  readonly held?: number
  readonly tables?: readonly TableStatus[]
}
