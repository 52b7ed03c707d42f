/** What the page of capacity asks. */
import { z } from 'zod'
import type { Calls } from '../../deployment/control/control-calls.ts'

const region = z.string().min(1).max(64)
const table = z.string().min(1).max(255)
const costTotal = z.object({
  onDemandUsd: z.number(),
  provisionedUsd: z.number(),
  isAtLeast: z.boolean(),
  isUnconfirmed: z.object({ onDemand: z.boolean(), provisioned: z.boolean() }),
})

export const capacityCalls = {
  capacity: {
    route: 'POST /api/capacity',
    asked: z.strictObject({ region }),
    told: z.object({
      rows: z.array(
        z.object({
          table: z.string(),
          index: z.string().exactOptional(),
          read: z.number(),
          write: z.number(),
          provisionedRead: z.number().exactOptional(),
          provisionedWrite: z.number().exactOptional(),
          throttledReads: z.number(),
          throttledWrites: z.number(),
        }),
      ),
      count: z.number(),
      untilMs: z.number(),
    }),
  },
  /** What a month of the last day's use would cost on AWS. */
  cost: {
    route: 'POST /api/cost',
    asked: z.object({}),
    told: z.object({
      observedMs: z.number(),
      pricesAsOf: z.string(),
      total: costTotal,
      byRegion: z.record(z.string(), costTotal),
      /** The dearest. */
      lines: z.array(
        z.object({
          region: z.string(),
          table: z.string(),
          index: z.string().exactOptional(),
          dimension: z.string(),
          quantity: z.number(),
          unit: z.string(),
          onDemandUsd: z.number().exactOptional(),
          provisionedUsd: z.number().exactOptional(),
        }),
      ),
      count: z.number(),
      unconfirmed: z.array(z.string()).readonly(),
      unknown: z.array(z.string()).readonly(),
    }),
  },
  capacityPast: {
    route: 'POST /api/capacity/past',
    asked: z.strictObject({ region, table, index: table.exactOptional() }),
    told: z.object({
      atMs: z.array(z.number()).readonly(),
      read: z.array(z.number().nullable()).readonly(),
      write: z.array(z.number().nullable()).readonly(),
      throttled: z.array(z.number().nullable()).readonly(),
      /** Empty where it is not scaled by itself. */
      scaling: z.array(
        z.object({
          of: z.enum(['reads', 'writes']),
          least: z.number(),
          most: z.number(),
          percent: z.number().exactOptional(),
        }),
      ),
    }),
  },
} as const satisfies Calls
