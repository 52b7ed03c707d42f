/**
 * A drill as data: what is broken when, what clients do meanwhile, and by what it is judged. This room is pure: what a
 * drill file says, what follows from the requests that were made, and how it is told. Whatever acts (processes, links,
 * clients) is in drills/run and hands its records to this room.
 */
import { z } from 'zod'
import { faultKinds } from '../../core/faults/fault.ts'
import { probeClientsMax } from '../../core/limits/drill-limits.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const durationForm = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/

/** Milliseconds; undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit] = durationForm.exec(text.trim()) ?? []
  return amount === undefined || unit === undefined ? undefined : Number(amount) * (unitMs[unit] ?? 0)
}

const duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: `"${text}" is no duration such as 500ms, 3s or 2m` })
  return z.NEVER
})
const offset = z.string().transform((text, context) => {
  const ms = durationMs(text.replace(/^[+-]/, ''))
  if (ms !== undefined && /^[+-]/.test(text)) return text.startsWith('-') ? -ms : ms
  context.addIssue({ code: 'custom', message: `"${text}" is no step of a clock such as +90s or -5m` })
  return z.NEVER
})
const percent = z.union([z.number(), z.string()]).transform((value, context) => {
  const number = typeof value === 'number' ? value : Number(/^(\d+(?:\.\d+)?)\s*%$/.exec(value)?.[1])
  if (number >= 0 && number <= 100) return number
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is no share such as 99.5%` })
  return z.NEVER
})
const count = z.int().min(0)

/** A region's name, a role, `all`, or several. */
const places = z.union([z.string().transform((name) => [name]), z.array(z.string()).min(1)])
const place = z.string().min(1)
const anyNames = z.union([z.string().transform((name) => [name]), z.array(z.string()).min(1)])
const linkForm = /^(\*|[\w-]+(\.\.|>)([\w-]+|\*))$/
const linkNames = z
  .union([z.string().transform((name) => [name]), z.array(z.string()).min(1)])
  .refine(
    (names) => names.every((name) => linkForm.test(name)),
    'links are written a..b (both ways), a>b (one way), a..* or *',
  )
const part = z.enum(['node', 'nats', 'region'])
/** One of a region's nodes, by name or by what it does when the step begins; `region` as a part is then all of that node: its process and its NATS servers. */
const node = z
  .string()
  .regex(/^[a-z0-9-]{1,20}$/, 'leading, following, or a name of a node')
  .optional()

/** `kill: us-east-1` is short for `kill: { region: us-east-1 }`. */
function inShort<Shape extends z.ZodRawShape>(key: string, shape: Shape) {
  return z.preprocess(
    (value) => (typeof value === 'string' || Array.isArray(value) ? { [key]: value } : value),
    z.strictObject(shape),
  )
}

const condition = z
  .strictObject({
    ready: places.optional(),
    down: places.optional(),
    'safe to evacuate': places.optional(),
    'caught up': places.optional(),
    served: places.optional(),
    /** Of a table with strong consistency: writes and strong reads there fail. */
    refused: places.optional(),
    /** Eventual reads there are answered. */
    read: places.optional(),
    pending: z.strictObject({ from: place, to: place, above: count.optional(), below: count.optional() }).optional(),
    lag: z.strictObject({ from: place, to: place, above: duration.optional(), below: duration.optional() }).optional(),
    held: z.strictObject({ from: place, in: place, above: count }).optional(),
    converged: z.literal(true).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'nothing is waited for')

export type Condition = z.output<typeof condition>

/** What each step may say. */
export const stepSchemas = {
  load: z.strictObject({
    in: places.default(['all']),
    writers: count.default(2),
    readers: count.default(1),
    /** Requests a second, of each client. */
    rate: z.number().positive().max(1000).default(15),
    'shared items': count.default(6),
    /** Of the writes: those to items that all regions write. */
    'shared writes': percent.default(8),
    'value size': z.int().min(0).max(300_000).default(200),
    reads: z.enum(['eventual', 'strong']).optional(),
    /** Where clients go when their region does not answer. */
    failover: z.string().default('nearest'),
    /** How long their region must answer again before they return; `never` leaves that to a `move` step. */
    failback: z.union([z.literal('never'), duration]).default(1000),
    timeout: duration.default(1000),
    attempts: z.int().min(1).max(10).default(3),
  }),
  /** Triggers of the drill's table, whose function counts each handling of a record as one side effect. */
  trigger: z.strictObject({
    in: places.default(['all']),
    /** As the deployment's file of functions names it; regions of the drill's own get it by themselves. */
    function: z
      .string()
      .regex(/^[a-zA-Z0-9-_]{1,64}$/, 'a name of a function')
      .default('drill-effects'),
    /** Where the drill answers the function's address, on this machine. */
    listen: z.int().min(1).max(65_535).default(8900),
    'batch size': z.int().min(1).max(1000).default(10),
    /** After load and faults: until every record is handled. */
    within: duration.default(60_000),
  }),
  /** A check of the application’s own, again and again: an address that must answer, or a command that must succeed. With several clients it is a load. */
  probe: z
    .strictObject({
      name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'small letters, digits and hyphens'),
      url: z.url({ protocol: /^https?$/ }).optional(),
      /** For `/bin/sh -c`; status 0 is a success. */
      command: z.string().min(1).max(2000).optional(),
      /** The region whose endpoint a command is given. */
      in: place.optional(),
      every: duration.default(1000),
      timeout: duration.default(5000),
      clients: z.int().min(1).max(probeClientsMax).default(1),
    })
    .refine(({ url, command }) => (url === undefined) !== (command === undefined), 'either a url or a command'),
  'stop writes': places,
  'start writes': places,
  move: z.strictObject({ from: place, to: place }),
  cut: inShort('links', {
    links: linkNames,
    how: z.enum(['black hole', 'reset']).default('black hole'),
    for: duration.optional(),
  }),
  slow: z.strictObject({
    links: linkNames,
    rtt: duration.optional(),
    jitter: duration.optional(),
    bandwidth: z
      .string()
      .regex(/^\d+(\.\d+)?(k|m|g)?bit$/, 'a bandwidth such as 5mbit')
      .optional(),
    stall: z
      .string()
      .regex(/^\d+(\.\d+)?%\/\d+(\.\d+)?m?s$/, 'stalls such as 5%/300ms')
      .optional(),
    for: duration.optional(),
  }),
  kill: inShort('region', { region: place, node, part: part.default('region'), for: duration.optional() }),
  pause: inShort('region', { region: place, node, part: part.default('region'), for: duration.optional() }),
  wipe: inShort('region', { region: place, node, part: part.default('node') }),
  restart: inShort('region', { region: place, node, part: part.default('region') }),
  evacuate: z.strictObject({ region: place, to: place, within: duration.default(30_000) }),
  readmit: inShort('region', { region: place, within: duration.default(30_000) }),
  /** Of a region’s API (docs/coding/faults.md). */
  fault: z.strictObject({
    region: places,
    kind: z.enum(faultKinds),
    operations: anyNames.optional(),
    tables: anyNames.optional(),
    indexes: anyNames.optional(),
    'key prefix': z.string().min(1).optional(),
    hashes: z.string().optional(),
    share: percent.optional(),
    reason: z.string().optional(),
    hold: z.string().optional(),
    delay: z.string().optional(),
    age: z.string().optional(),
    items: percent.optional(),
    after: z.boolean().optional(),
    seed: count.optional(),
    for: duration.optional(),
  }),
  /** The key of the drill's table is disabled in the region's key service; its end enables it again. */
  'lose key': inShort('region', { region: place, for: duration.optional() }),
  clock: z.strictObject({ region: place, offset, for: duration.optional() }),
  /** Point-in-time recovery of the drill's table is turned on there. */
  recovery: places,
  /** The drill's table is deleted: its replicas elsewhere first, and then the one there. */
  drop: place,
  /** It is restored there from the backup that its deletion has left, and replicated to the others again. */
  restore: place,
  /** `all`, a region, or links. */
  heal: z.union([z.string().transform((name) => [name]), z.array(z.string()).min(1)]),
  wait: duration,
  'wait until': z
    .looseObject({ within: duration.default(30_000) })
    .transform(({ within, ...until }) => ({ within, until }))
    .pipe(z.object({ within: z.number(), until: condition })),
  expect: condition,
} as const

export type Load = z.output<(typeof stepSchemas)['load']>
export type ProbePlan = z.output<(typeof stepSchemas)['probe']>
export type TriggerPlan = z.output<(typeof stepSchemas)['trigger']>
export type PartName = z.output<typeof part>

export type Action =
  | { readonly do: 'load'; readonly load: Load }
  | { readonly do: 'probe'; readonly probe: ProbePlan }
  | { readonly do: 'trigger'; readonly trigger: TriggerPlan }
  | { readonly do: 'stop writes' | 'start writes'; readonly in: readonly string[] }
  | { readonly do: 'recovery'; readonly in: readonly string[] }
  | { readonly do: 'drop' | 'restore'; readonly region: string }
  | { readonly do: 'move'; readonly from: string; readonly to: string }
  | { readonly do: 'cut'; readonly cut: z.output<(typeof stepSchemas)['cut']> }
  | { readonly do: 'slow'; readonly slow: z.output<(typeof stepSchemas)['slow']> }
  | {
      readonly do: 'kill' | 'pause'
      readonly region: string
      readonly node?: string | undefined
      readonly part: PartName
      readonly for?: number | undefined
    }
  | {
      readonly do: 'wipe' | 'restart'
      readonly region: string
      readonly node?: string | undefined
      readonly part: PartName
    }
  | { readonly do: 'evacuate'; readonly region: string; readonly to: string; readonly within: number }
  | { readonly do: 'readmit'; readonly region: string; readonly within: number }
  | { readonly do: 'fault'; readonly fault: z.output<(typeof stepSchemas)['fault']> }
  | { readonly do: 'lose key'; readonly region: string; readonly for?: number | undefined }
  | { readonly do: 'clock'; readonly region: string; readonly offset: number; readonly for?: number | undefined }
  | { readonly do: 'heal'; readonly what: readonly string[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'wait until'; readonly until: Condition; readonly within: number }
  | { readonly do: 'expect'; readonly expect: Condition }
  | { readonly do: 'repeat'; readonly times: number; readonly steps: readonly Step[] }

export type Step = {
  readonly action: Action
  /** As the file has it, in one line. */
  readonly text: string
  readonly note?: string | undefined
  readonly line: number
}

export const actionNames = [...Object.keys(stepSchemas), 'repeat'] as const
export const repeatSchema = z.strictObject({ times: z.int().min(1).max(100), steps: z.array(z.unknown()).min(1) })

const rpo = z.strictObject({ items: count.optional(), age: duration.optional() })

const targetsSchema = z.strictObject({
  /** From a fault until all clients of every region are served again. */
  rto: duration.optional(),
  /** What would be gone if what was lost never came back. */
  rpo: rpo.optional(),
  /** The most that was on its way between two regions, at any moment. */
  exposure: rpo.optional(),
  /** Of the requests of each region's clients. */
  availability: z.union([percent, z.record(z.string(), percent)]).optional(),
  'acknowledged writes lost': count.default(0),
  /** After the load has ended: until all replicas are proved equal. */
  convergence: duration.default(60_000),
  conflicts: z.strictObject({ 'at least': count.optional(), 'at most': count.optional() }).optional(),
  /** Of the records of the streams that have a trigger. */
  'side effects': z.strictObject({ never: count.optional(), 'more than once': count.optional() }).optional(),
})

export type Targets = z.output<typeof targetsSchema>

export const headSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'small letters, digits and hyphens'),
  title: z.string().min(1),
  description: z.string().default(''),
  regions: z.array(z.string()).min(2).default(['us-east-1', 'eu-west-1', 'ap-northeast-1']),
  roles: z.record(z.string(), z.string()).default({}),
  /** Of each region. */
  nodes: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Of the drill's table; eventual where nothing is said. */
  consistency: z.enum(['eventual', 'strong']).optional(),
  /** Nothing that is broken stays so for longer, whatever happens. */
  'at most': duration.default(600_000),
  seed: z.int().min(0).optional(),
  targets: targetsSchema.default({ 'acknowledged writes lost': 0, convergence: 60_000 }),
  steps: z.array(z.unknown()).min(1),
})

export type Drill = Omit<z.output<typeof headSchema>, 'steps'> & { readonly steps: readonly Step[] }
