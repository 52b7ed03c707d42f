/**
 * How long AWS lets a client wait: how long each state of a table lasts, and how long after a change the next one of its kind is refused.
 * One table, in milliseconds, with what was seen. Whatever takes time in AWS's way has its row here, and asks `waitEnd`.
 *
 * A register says what was begun, and when; until when it lasts follows from that and from the timing of the region. So a state that is
 * under way survives a restart, and also a change of the timing.
 */

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/**
 * `seen`: what was measured on AWS in October 2026, in several runs each; in regions of the USA. The figure is one of the middle, and for a
 * pause the first that was accepted.
 */
export const waits = {
  'table creation': { ms: 6.1 * second, seen: '2 to 6.2 s without global indexes' },
  'table creation with indexes': { ms: 16.2 * second, seen: '14 to 22 s with global indexes, all ACTIVE together' },
  'backups enabled': { ms: 3.2 * second, seen: '0 to 6.2 s after the table is ACTIVE that it has no backups' },
  'latest restorable time': { ms: 5 * minute, seen: 'the five minutes of the developer guide' },
  'table deletion': { ms: 5.1 * second, seen: '4.0 to 6.2 s' },
  'throughput change': { ms: 2 * second, seen: '1.0 to 2.0 s' },
  'switch to provisioned': { ms: 72 * second, seen: '60.5 to 98.2 s' },
  'first switch to on-demand': { ms: 147 * second, seen: '128.6 to 171.6 s of a table that never was on-demand' },
  'switch to on-demand': { ms: 4.6 * second, seen: '4.1 to 5.1 s of a table that was on-demand before' },
  'warm throughput increase': { ms: 441 * second, seen: '271.6 to 514 s; the table stays ACTIVE' },
  'stream change': { ms: 4.7 * second, seen: '4.05 to 5.07 s' },
  'stream end': { ms: 6.1 * second, seen: '6.1 s that the stream of a deleted table is DISABLING' },
  'class change': { ms: 4 * second, seen: '3.6 to 6.1 s' },
  'encryption change': { ms: 22 * second, seen: '21.3 to 23.3 s; the table stays ACTIVE' },
  'key loss': { ms: 5 * minute, seen: 'about 5 minutes until items of a table are refused whose key is lost' },
  'key loss shown': { ms: 30 * minute, seen: '12.6 to 75 min until the state of the table says it' },
  'key return': {
    ms: 7 * minute,
    seen: 'up to 7 minutes until items are served again; 18 to 57 until the state says it',
  },
  'index allocation': { ms: 30 * second, seen: '24.3 to 56.3 s; the table is UPDATING, the index not Backfilling yet' },
  'index creation': { ms: 520 * second, seen: '506 to 539 s, some 990 to 1,003 s; from the request on' },
  'index throughput change': { ms: 2 * second, seen: '2.0 to 4.0 s; the table stays ACTIVE' },
  'index deletion': { ms: 4.6 * second, seen: '2.6 to 5.1 s' },
  'replica listing': { ms: 6.4 * second, seen: 'about 6 s until the other regions list a new replica' },
  'replica creation': { ms: 21 * second, seen: '14.4 to 49 s of an empty table' },
  'strong creation': { ms: 15.6 * second, seen: '15.6 s with three replicas' },
  'strong creation with witness': { ms: 72 * second, seen: '59 to 86 s with a witness' },
  'strong dissolution': { ms: 62 * second, seen: '54 to 70 s until the table is one of its region again' },
  'strong protection change': { ms: 38 * second, seen: '38 s' },
  'replica creation with items': { ms: 617 * second, seen: '580 to 686 s with one item' },
  'replica removal': { ms: 36 * second, seen: '31 to 47 s that the asked region is UPDATING' },
  'replica deletion': { ms: 125 * second, seen: '121 to 244 s until the replica is gone' },
  'replica change': { ms: 36 * second, seen: '34 to 58 s: overrides, protection or class of a replica' },
  'insights begin': { ms: 8 * second, seen: '1 to 16 s' },
  'insights end': { ms: 2 * second, seen: '2 s' },
  'tag change': { ms: 1.6 * second, seen: '1.5 to 1.8 s' },
  'policy change': { ms: 1.3 * second, seen: '0.6 to 2 s of ResourceInUseException' },
  'policy pause': { ms: 15 * second, seen: 'the 15,000 ms of the message' },
  'protection pause': { ms: 15 * second, seen: 'the 15,000 ms of the message' },
  'time to live pause': { ms: 31 * minute, seen: 'refused after 1,811.6 s, accepted after 1,871.7 s' },
  'class window': { ms: 30 * day, seen: 'the 30 days of the message' },
  'encryption window': { ms: day, seen: 'the 24 hours of the message' },
  'encryption pause': { ms: 6 * hour, seen: 'the 21,600 s of the message' },
} as const satisfies Record<string, { readonly ms: number; readonly seen: string }>

export type Wait = keyof typeof waits

const names = Object.keys(waits) as readonly Wait[]

export const isWait = (name: unknown): name is Wait => typeof name === 'string' && Object.hasOwn(waits, name)

/** How long each wait lasts in a region, in milliseconds. */
export type Timing = Readonly<Record<Wait, number>>

export function timingOf(msOf: (wait: Wait) => number): Timing {
  return Object.fromEntries(names.map((name) => [name, msOf(name)])) as Timing
}

/** With `instant`, states pass at once and nothing has to be waited for. */
export const timings = {
  instant: timingOf(() => 0),
  aws: timingOf((wait) => waits[wait].ms),
} as const satisfies Record<string, Timing>

export type TimingName = keyof typeof timings

/** Something that lasts, and when it began. */
export type Begun = { readonly wait: Wait; readonly beganMs: number }

function waitEnd({ wait, beganMs }: Begun, timing: Timing): number {
  return beganMs + timing[wait]
}

/** Never more than the whole of it, whatever the wall clock did meanwhile. */
export function waitRestMs(begun: Begun | undefined, timing: Timing, nowMs: number): number {
  if (begun === undefined) return 0
  return Math.min(timing[begun.wait], Math.max(0, waitEnd(begun, timing) - nowMs))
}
