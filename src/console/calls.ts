/** What the pages ask of the console, and what they are told. Each call wants the console's key; the state that everybody may see is in the events. */
import { z } from 'zod'
import { consoleConflictsMax, itemKeysShownMax } from '../core/console-limits.ts'
import { regionsMax, pauseMsMax } from '../core/limits.ts'
import type { Calls } from '../deployment/control/calls.ts'
import { streamPlace } from './stream-tail.ts'

const region = z.string().min(1).max(64)
const table = z.string().min(1).max(255)
const linkNames = z
  .array(z.string().min(1).max(128))
  .min(1)
  .max(regionsMax * regionsMax)
const nothing = z.object({})
const done = z.object({ done: z.string() })
const item = z.record(z.string(), z.record(z.string(), z.unknown()))
const written = z.object({ wallMs: z.number(), counter: z.number(), region: z.number(), by: z.string() })
const row = z.object({
  has: z.string(),
  written: written.exactOptional(),
  seen: z.array(written).exactOptional(),
  item: item.exactOptional(),
  sizeBytes: z.number().exactOptional(),
})
const image = z.object({
  region: z.string(),
  stamp: z.object({ wallMs: z.number(), counter: z.number(), region: z.number() }),
  kind: z.string(),
  item: item.nullable(),
})
const conflict = z.object({
  table: z.string(),
  key: item,
  kind: z.string(),
  winner: z.string(),
  loser: z.string(),
  won: image,
  lost: image,
  metIn: z.string(),
  metMs: z.number(),
})
const paused = { table: table.exactOptional(), link: z.tuple([region, region]).exactOptional() }
const toldByRegions = z.object({
  regions: z.array(z.object({ region: z.string(), done: z.boolean(), problem: z.string().exactOptional() })),
})
const comparison = z.looseObject({
  table: z.string(),
  equal: z.boolean(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }),
  watermarkAgeMs: z.number(),
  replicas: z.array(z.string()),
  rows: z.number(),
  inMotion: z.number(),
  differing: z.array(
    z.looseObject({
      key: item.nullable(),
      keyBytes: z.string(),
      replicas: z.record(z.string(), z.looseObject({ has: z.string() })),
    }),
  ),
  cut: z.boolean(),
})

export const consoleCalls = {
  setLinks: {
    route: 'POST /api/links/set',
    asked: z.strictObject({
      links: linkNames,
      rtt: z.string().max(32).exactOptional(),
      jitter: z.string().max(32).exactOptional(),
      bandwidth: z.string().max(32).exactOptional(),
      stall: z.string().max(32).exactOptional(),
      state: z.enum(['up', 'down', 'reset']).exactOptional(),
      for: z.string().max(32).exactOptional(),
    }),
    told: done,
  },
  /** Without links: every fault of every link and of every region's processes, of every owner. */
  heal: { route: 'POST /api/heal', asked: z.strictObject({ links: linkNames.exactOptional() }), told: done },
  pause: {
    route: 'POST /api/pause',
    asked: z.strictObject({ ...paused, forMs: z.number().int().positive().max(pauseMsMax) }),
    told: toldByRegions,
  },
  resume: { route: 'POST /api/resume', asked: z.strictObject(paused), told: toldByRegions },
  dynamodb: {
    route: 'POST /api/dynamodb',
    asked: z.strictObject({
      region,
      operation: z.string().regex(/^[A-Za-z]{1,64}$/),
      input: z.record(z.string(), z.unknown()),
    }),
    told: z.object({
      output: z.record(z.string(), z.unknown()).exactOptional(),
      error: z.object({ type: z.string(), message: z.string() }).exactOptional(),
    }),
  },
  items: {
    route: 'POST /api/items',
    asked: z.strictObject({ table, keys: z.array(item).max(itemKeysShownMax) }),
    told: z.object({
      regions: z.array(
        z.object({ region: z.string(), rows: z.array(row).exactOptional(), problem: z.string().exactOptional() }),
      ),
    }),
  },
  conflicts: {
    route: 'POST /api/conflicts',
    asked: z.strictObject({ after: z.record(region, z.number()) }),
    told: z.object({
      conflicts: z.array(conflict).max(consoleConflictsMax * regionsMax),
      next: z.record(z.string(), z.number()),
      problems: z.array(z.string()),
    }),
  },
  tables: {
    route: 'POST /api/tables',
    asked: nothing,
    /** Names with the regions that have them. */
    told: z.object({
      tables: z.array(z.object({ name: z.string(), regions: z.array(z.string()) })),
      problems: z.array(z.string()),
    }),
  },
  tableFlow: {
    route: 'POST /api/table-flow',
    asked: z.strictObject({ table }),
    told: z.object({
      directions: z.array(
        z.object({
          from: z.string(),
          to: z.string(),
          pending: z.number(),
          lagMs: z.number(),
          watermarkMs: z.number().exactOptional(),
          averageMs: z.number().exactOptional(),
          safeToEvacuate: z.boolean(),
          pausedUntilMs: z.number().exactOptional(),
        }),
      ),
    }),
  },
  verify: { route: 'POST /api/verify', asked: z.strictObject({ table }), told: comparison },
  repair: {
    route: 'POST /api/repair',
    asked: z.strictObject({ table }),
    told: z.object({
      repaired: z.array(
        z.object({ region: z.string(), mended: z.number().exactOptional(), problem: z.string().exactOptional() }),
      ),
      after: comparison,
    }),
  },
  processes: {
    route: 'POST /api/processes',
    asked: nothing,
    /** Of what `longitude up` runs here. */
    told: z.object({
      isRunHere: z.boolean(),
      regions: z.array(z.object({ region: z.string(), node: z.string(), nats: z.string() })).readonly(),
    }),
  },
  breakPart: {
    route: 'POST /api/break',
    asked: z.strictObject({
      region,
      part: z.enum(['node', 'nats']),
      kind: z.enum(['kill', 'freeze']),
      forMs: z
        .number()
        .positive()
        .max(60 * 60 * 1000),
    }),
    told: done,
  },
  triggers: {
    route: 'POST /api/triggers',
    asked: nothing,
    told: z.object({
      triggers: z.array(
        z.object({
          region: z.string(),
          uuid: z.string(),
          function: z.string(),
          table: z.string().exactOptional(),
          state: z.string(),
          lastResult: z.string().exactOptional(),
          lagSeconds: z.number().exactOptional(),
        }),
      ),
      problems: z.array(z.string()),
    }),
  },
  /** Without a place it begins, now or with the oldest record. */
  tail: {
    route: 'POST /api/tail',
    asked: z.strictObject({
      region,
      table,
      from: z.enum(['now', 'oldest']),
      place: streamPlace.exactOptional(),
    }),
    told: z.object({
      place: streamPlace,
      records: z.array(z.unknown()).readonly(),
      lost: z.array(z.string()).readonly(),
      isOver: z.boolean(),
    }),
  },
  history: {
    route: 'POST /api/history',
    asked: z.strictObject({ from: region, to: region }),
    told: z.object({
      from: z.string(),
      to: z.string(),
      atMs: z.array(z.number()).readonly(),
      lagMs: z.array(z.number().nullable()).readonly(),
      pending: z.array(z.number().nullable()).readonly(),
      safe: z.array(z.number().nullable()).readonly(),
    }),
  },
} as const satisfies Calls

type ConsoleCalls = typeof consoleCalls
export type CallName = keyof ConsoleCalls
export type AskedOf<Name extends CallName> = z.input<ConsoleCalls[Name]['asked']>
export type ToldOf<Name extends CallName> = z.output<ConsoleCalls[Name]['told']>
export type ShownConflict = z.output<typeof conflict>
export type Comparison = z.output<typeof comparison>
