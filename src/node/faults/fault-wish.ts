/** A fault as an operator, a drill file or a test asks for it, and as it is shown. */
import { z } from 'zod'
import { required, unreachable } from '../../core/assert.ts'
import {
  faultMsMax,
  faultMsUsual,
  faultNamesMax,
  heldMsUsual,
  staleMsMax,
  staleMsUsual,
} from '../../core/limits/fault-limits.ts'
import type { Aim, Effect, FaultKind } from '../../core/faults/fault.ts'
import { faultKinds } from '../../core/faults/fault.ts'
import type { KeptFault } from '../../core/faults/fault-book.ts'
import type { FaultWish } from '../../operations/faults/faults.ts'
import { registry } from '../../operations/registry.ts'
import { durationMs } from '../../process/duration.ts'
import { delayFrom, faultText, hashesFrom, heldMsFrom, shareFrom } from './fault-texts.ts'

const read = <From, To>(schema: z.ZodType<From>, from: (given: From) => To | undefined, wanted: string) =>
  schema.transform((given, context) => {
    const value = from(given)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `${wanted} is wanted, not ${JSON.stringify(given)}` })
    return z.NEVER
  })

const textOrNumber = z.union([z.string(), z.number()])
const durationFrom = (given: string | number): number | undefined => {
  const ms = typeof given === 'number' ? given : durationMs(given)
  return ms !== undefined && ms > 0 ? ms : undefined
}
const duration = (mostMs: number) =>
  read(textOrNumber, durationFrom, 'a duration such as 30s').pipe(z.number().max(mostMs))
const share = read(textOrNumber, shareFrom, 'a share such as 20%')
const names = z
  .union([z.string().transform((name) => [name]), z.array(z.string().min(1).max(255))])
  .pipe(z.array(z.string()).min(1).max(faultNamesMax))
const operationNames = names.refine(
  (given) => given.every((name) => registry.has(name)),
  'names of operations such as PutItem are wanted',
)
const causes = ['ProvisionedThroughput', 'KeyRangeThroughput', 'MaxOnDemandThroughput', 'AccountLimit'] as const

const wish = z.strictObject({
  kind: z.enum(faultKinds),
  tables: names.optional(),
  indexes: names.optional(),
  operations: operationNames.optional(),
  keyPrefix: z.string().min(1).max(2048).optional(),
  hashes: read(z.string(), hashesFrom, 'a part of the hash space such as 0%..25%').optional(),
  share: share.optional(),
  reason: z.enum(causes).optional(),
  hold: read(textOrNumber, heldMsFrom, 'a time of at most 5m such as 30s').optional(),
  delay: read(textOrNumber, delayFrom, 'a delay such as 50ms, 20ms..80ms, 50ms±10ms or p50=20ms,p99=900ms').optional(),
  age: duration(staleMsMax).optional(),
  items: share.optional(),
  after: z.boolean().optional(),
  owner: z.string().min(1).max(64).optional(),
  for: duration(faultMsMax).optional(),
  id: z.string().min(1).max(64).optional(),
  seed: z.int().min(0).max(0xffff_ffff).optional(),
})

type Wish = z.output<typeof wish>

/** Which further members each kind has. */
const members: Readonly<Record<FaultKind, readonly (keyof Wish)[]>> = {
  throttle: ['reason'],
  error: ['after'],
  unavailable: ['after'],
  timeout: ['hold', 'after'],
  slow: ['delay', 'after'],
  reset: ['after'],
  stale: ['age'],
  partial: ['items'],
  conflict: [],
}
const special: readonly (keyof Wish)[] = ['reason', 'hold', 'delay', 'age', 'items', 'after']

export const faultWish = wish
  .superRefine((given, context) => {
    for (const name of special)
      if (given[name] !== undefined && !members[given.kind].includes(name))
        context.addIssue({ code: 'custom', path: [name], message: `a fault of the kind ${given.kind} has none` })
    if (given.kind === 'slow' && given.delay === undefined)
      context.addIssue({ code: 'custom', path: ['delay'], message: 'a delay such as 50ms is wanted' })
  })
  .transform((given): FaultWish => ({
    aim: aimOf(given),
    effect: effectOf(given),
    owner: given.owner ?? 'operator',
    forMs: given.for ?? faultMsUsual,
    id: given.id,
    seed: given.seed,
  }))

export type FaultRequest = z.input<typeof faultWish>

function aimOf({ tables, indexes, operations, keyPrefix, hashes, share: given = 1 }: Wish): Aim {
  return {
    share: given,
    ...(tables === undefined ? {} : { tables }),
    ...(indexes === undefined ? {} : { indexes }),
    ...(operations === undefined ? {} : { operations }),
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(hashes === undefined ? {} : { hashes }),
  }
}

function effectOf(given: Wish): Effect {
  const { kind, after = false } = given
  switch (kind) {
    case 'throttle':
      return { kind, cause: given.reason }
    case 'timeout':
      return { kind, after, ms: given.hold ?? heldMsUsual }
    case 'slow':
      return { kind, after, delay: required(given.delay, 'the delay, which was checked') }
    case 'stale':
      return { kind, ms: given.age ?? staleMsUsual }
    case 'partial':
      return { kind, items: given.items ?? 0.5 }
    case 'conflict':
      return { kind }
    case 'error':
    case 'unavailable':
    case 'reset':
      return { kind, after }
    default:
      return unreachable(kind)
  }
}

export const faultSelection = z.strictObject({
  owner: z.string().optional(),
  id: z.string().optional(),
  kind: z.enum(faultKinds).optional(),
})

export const faultView = z.object({
  id: z.string(),
  owner: z.string(),
  kind: z.enum(faultKinds),
  /** For people: what happens, and to what. */
  what: z.string(),
  /** The same seed and the same requests are struck again. */
  seed: z.number(),
  /** ISO 8601. */
  startedAt: z.string(),
  endsAt: z.string(),
  /** Requests that the fault could have struck, and those that it has. */
  met: z.number(),
  struck: z.number(),
})

export type FaultView = z.output<typeof faultView>

export function shownFault({ fault, met, struck }: KeptFault): FaultView {
  const { id, owner, effect, seed, startedAtMs, endsAtMs } = fault
  const [startedAt, endsAt] = [startedAtMs, endsAtMs].map((ms) => new Date(ms).toISOString()) as [string, string]
  return { id, owner, kind: effect.kind, what: faultText(fault), seed, startedAt, endsAt, met, struck }
}
