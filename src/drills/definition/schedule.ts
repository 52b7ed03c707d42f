/** Recurring drills as data: which runs when, and what is due at a moment. Pure; drills/run/drill-scheduler.ts acts on it. */
import { z } from 'zod'
import { scheduledDrillsMax } from '../../core/limits/drill-limits.ts'
import { durationMs } from './definition.ts'

const dayMs = 86_400_000
const everyMsMin = 60_000

const every = z.string().transform((text, context) => {
  const days = /^(\d+)\s*d$/.exec(text.trim())
  const ms = days === null ? durationMs(text) : Number(days[1]) * dayMs
  if (ms !== undefined && ms >= everyMsMin && ms <= 366 * dayMs) return ms
  context.addIssue({ code: 'custom', message: `"${text}" is no interval from 1m to 366d, such as 30m, 24h or 7d` })
  return z.NEVER
})

const entry = z.strictObject({
  /** A name that comes with Longitude, or a file. */
  drill: z.string().min(1),
  every,
  /** Of the day, in UTC; without it the interval begins with the first run. */
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day (UTC) such as 03:00')
    .optional(),
  /** Regions of the drill's own, or those that run. */
  on: z.enum(['own regions', 'running regions']).default('own regions'),
  seed: z.int().min(0).optional(),
})

export const scheduleSchema = z.strictObject({
  drills: z.array(entry).min(1).max(scheduledDrillsMax),
  /** Reports that are kept of each drill; older ones are removed. */
  keep: z.int().min(1).max(1000).default(30),
})

export type Schedule = z.output<typeof scheduleSchema>
export type Entry = Schedule['drills'][number]

/** One line of the history. */
export type PastRun = {
  readonly drill: string
  /** When it was to begin, and when it did. */
  readonly dueMs: number
  readonly startedMs: number
  readonly endedMs: number
  readonly outcome: 'pass' | 'fail' | 'did not run'
  readonly folder: string
}

/** The moment that a drill was or is due, and the moment at which it runs: later, when the scheduler did not run at its time. */
export type Due = { readonly dueMs: number; readonly runMs: number }

/** Of the moments that were missed only the last counts, and the cadence stays. */
export function dueOf({ every: everyMs, at }: Entry, last: PastRun | undefined, nowMs: number): Due {
  const firstMs = last === undefined ? nowMs : last.dueMs + everyMs
  // Half a minute early counts: a clock may have been set back a little.
  const plannedMs = at === undefined ? firstMs : timeOfDay(at, last === undefined ? firstMs : firstMs - 30_000)
  const missed = Math.max(0, Math.floor((nowMs - plannedMs) / everyMs))
  const dueMs = plannedMs + missed * everyMs
  return { dueMs, runMs: Math.max(nowMs, dueMs) }
}

/** The first such time of a day at or after a moment. */
function timeOfDay(at: string, fromMs: number): number {
  const [hour = 0, minute = 0] = at.split(':').map(Number)
  const today = Math.floor(fromMs / dayMs) * dayMs + (hour * 60 + minute) * 60_000
  return today >= fromMs ? today : today + dayMs
}
