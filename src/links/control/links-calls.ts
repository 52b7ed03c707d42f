/** What the control of links is asked and tells (docs/operating/links.md). It is never subject to what it controls. */
import { z } from 'zod'
import type { Calls } from '../../deployment/control/control-calls.ts'
import { durationMs } from '../../process/duration.ts'
import { shapeTexts } from '../plan.ts'

const selection = z.array(z.string()).min(1)
const owner = z.string().min(1).max(64).optional()
const state = z.enum(['up', 'down', 'reset'])
const address = z.object({ host: z.string(), port: z.number() })

const duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: `a duration such as 30s is wanted, not "${text}"` })
  return z.NEVER
})

const shape = z.object({
  roundTripMs: z.number(),
  jitterMs: z.number(),
  bandwidthBitsPerSecond: z.number().nullable(),
  stall: z.object({ percent: z.number(), ms: z.number() }).nullable(),
  state,
})

const fault = z.object({
  id: z.string(),
  owner: z.string(),
  /** For people: "down", "rtt 120ms, jitter 10ms". */
  what: z.string(),
  change: z.object({
    roundTripMs: shape.shape.roundTripMs.exactOptional(),
    jitterMs: shape.shape.jitterMs.exactOptional(),
    bandwidthBitsPerSecond: shape.shape.bandwidthBitsPerSecond.exactOptional(),
    stall: shape.shape.stall.exactOptional(),
    state: state.exactOptional(),
  }),
  /** ISO 8601. */
  startedAt: z.string(),
  endsAt: z.string().nullable(),
})

/** One direction: from and to say how the bytes travel. */
const link = shape.extend({
  from: z.string(),
  to: z.string(),
  /** One way, without the jitter. */
  delayMs: z.number(),
  configured: shape,
  faults: z.array(fault).readonly(),
  carriedBytes: z.number(),
  connections: z.number(),
  /** Where `from` dials to reach `to`, and what is behind it, if that is in this process. */
  port: z.object({ listen: address, target: address }).exactOptional(),
})

const links = z.object({ links: z.array(link).readonly() })

export const linksCalls = {
  health: { route: 'GET /health', asked: z.object({}), told: z.object({ status: z.string() }), isOpen: true },
  list: { route: 'GET /links', asked: z.object({}), told: links },
  set: {
    route: 'POST /links/set',
    asked: shapeTexts
      .extend({
        links: selection,
        state: state.optional(),
        owner,
        for: duration.optional(),
        id: z.string().min(1).max(64).optional(),
      })
      .strict(),
    told: links,
  },
  heal: { route: 'POST /links/heal', asked: z.strictObject({ owner, links: selection.optional() }), told: links },
} as const satisfies Calls

export type SetRequest = z.input<typeof linksCalls.set.asked>
export type HealRequest = z.input<typeof linksCalls.heal.asked>
