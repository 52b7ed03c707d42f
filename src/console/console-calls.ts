/** What the pages ask of the console, and what they are told. Each call wants the console's key; the state that everybody may see is in the events. */
import { z } from 'zod'
import { consoleConflictsMax, drillCharactersMax, itemKeysShownMax } from '../core/limits/console-limits.ts'
import { regionsMax, pauseMsMax } from '../core/limits/limits.ts'
import type { Calls } from '../deployment/control/control-calls.ts'
import { capacityCalls } from './capacity/capacity-calls.ts'
import { shownReport } from './drills/reports.ts'
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
  tableGroup: {
    route: 'POST /api/table-group',
    asked: z.strictObject({ table }),
    told: z.object({
      group: z
        .object({
          group: z.string(),
          tables: z.array(z.string()),
          witness: z.string().exactOptional(),
          leader: z.string().exactOptional(),
          members: z.array(
            z.object({
              region: z.string(),
              role: z.enum(['replica', 'witness']),
              isKnown: z.boolean(),
              leads: z.boolean(),
              majority: z.boolean(),
              behind: z.number().exactOptional(),
              refuses: z.string().exactOptional(),
            }),
          ),
        })
        .exactOptional(),
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
  drills: {
    route: 'POST /api/drills',
    asked: nothing,
    told: z.object({
      /** They are started only where `longitude up` runs the regions. */
      isRunHere: z.boolean(),
      drills: z.array(
        z.object({
          name: z.string(),
          title: z.string(),
          text: z.string(),
          isHarmful: z.boolean(),
          /** Why it cannot be run on these regions. */
          problem: z.string().exactOptional(),
        }),
      ),
      reports: z.array(shownReport).readonly(),
    }),
  },
  startDrill: {
    route: 'POST /api/drills/start',
    asked: z.strictObject({
      text: z.string().min(1).max(drillCharactersMax),
      allowHarm: z.boolean(),
      seed: z
        .int()
        .min(0)
        .max(2 ** 31)
        .exactOptional(),
    }),
    told: done,
  },
  abortDrill: { route: 'POST /api/drills/abort', asked: nothing, told: done },
  /** The one that runs, or the last of this console. */
  drillRun: {
    route: 'POST /api/drills/run',
    asked: nothing,
    told: z.object({
      run: z
        .object({
          name: z.string(),
          title: z.string(),
          startedMs: z.number(),
          endedMs: z.number().exactOptional(),
          state: z.enum(['running', 'ending', 'passed', 'failed', 'could not run', 'aborted']),
          lines: z
            .array(
              z.object({
                at: z.string().exactOptional(),
                mark: z.enum(['done', 'failed', 'begun', 'told']),
                text: z.string(),
              }),
            )
            .readonly(),
          report: z.string(),
        })
        .exactOptional(),
    }),
  },
  drillReport: {
    route: 'POST /api/drills/report',
    asked: z.strictObject({ id: z.string().max(200) }),
    told: z.object({ path: z.string() }),
  },
  access: {
    route: 'POST /api/access',
    asked: nothing,
    told: z.object({
      /** Both absent where there is no file of identities. */
      mode: z.enum(['off', 'audit', 'strict']).exactOptional(),
      identities: z
        .object({
          accountId: z.string(),
          count: z.number(),
          principals: z.array(
            z.object({
              name: z.string(),
              arn: z.string(),
              kind: z.enum(['user', 'role']),
              groups: z.array(z.string()).readonly(),
              policies: z.array(z.string()),
              boundary: z.string().exactOptional(),
              keys: z.number().exactOptional(),
            }),
          ),
          findings: z.array(z.object({ policy: z.string(), statement: z.string(), problem: z.string() })),
        })
        .exactOptional(),
      actions: z.array(z.string()),
      denials: z.array(z.object({ region: z.string(), action: z.string(), mode: z.string(), count: z.number() })),
      problems: z.array(z.string()),
    }),
  },
  explain: {
    route: 'POST /api/access/explain',
    asked: z.strictObject({
      as: z.string().min(1).max(200),
      action: z.string().min(1).max(100),
      region,
      table: table.exactOptional(),
      index: table.exactOptional(),
      key: z.string().max(2048).exactOptional(),
      attributes: z.array(z.string().max(2048)).max(1000).exactOptional(),
    }),
    told: z.object({
      allowed: z.boolean(),
      principal: z.string(),
      action: z.string(),
      resource: z.string(),
      because: z.array(z.string()).readonly(),
    }),
  },
  ...capacityCalls,
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
