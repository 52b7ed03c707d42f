/**
 * What became of every acknowledged write. An item that one client writes once must be in every region in the end. Of an
 * item that all regions write, each write is the one that is there, or was replaced by a later one (which the service has
 * told to whoever wrote that), or has lost last-writer-wins (which is in the conflict feed). Anything else is unexplained.
 */
import type { ConflictRecord, FaultRecord, Operation, Recorded, Survey } from '../definition/drill-record.ts'

export type Loss = {
  readonly key: string
  readonly value: string
  readonly region: string
  readonly acknowledgedMs: number
  readonly reason: 'last writer wins' | 'lost with a disk' | 'unexplained'
  readonly explanation: string
  readonly beatenBy?: string | undefined
  readonly conflict?: ConflictRecord | undefined
}

export type Fates = {
  readonly acknowledged: number
  /** No answer came; how many of them have happened after all is known of items that are written once. */
  readonly unknown: number
  readonly present: number
  readonly replaced: number
  readonly losses: readonly Loss[]
}

export function fatesOf({
  operations,
  conflicts,
  finals,
  faults,
}: Pick<Recorded, 'operations' | 'conflicts' | 'finals' | 'faults'>): Fates {
  const writes = operations.filter(({ kind }) => kind === 'write')
  const acknowledged = writes.filter(({ fate }) => fate === 'acknowledged')
  const replacedBy = replacements(writes)
  const beaten = new Map(conflicts.map((conflict) => [conflict.loser.value ?? '', conflict]))
  const known = { finals: Object.entries(finals), beaten, replacedBy, writes, faults }
  let present = 0
  let replaced = 0
  const losses: Loss[] = []
  for (const write of acknowledged) {
    const missing = known.finals.filter(([, items]) => items[write.key] !== write.value).map(([region]) => region)
    if (missing.length === 0) present++
    else {
      const loss = lossOf(write, missing, known)
      if (loss === undefined) replaced++
      else losses.push(loss)
    }
  }
  const unknown = writes.filter(({ fate }) => fate === 'unknown').length
  return { acknowledged: acknowledged.length, unknown, present, replaced, losses }
}

/** Which write came over which, by the value replaced. */
function replacements(writes: readonly Operation[]): ReadonlyMap<string, string> {
  return new Map(writes.flatMap(({ replaced, value }) => (replaced === undefined ? [] : [[replaced, value ?? '']])))
}

type Known = {
  readonly finals: readonly (readonly [string, Readonly<Record<string, string>>])[]
  readonly beaten: ReadonlyMap<string, ConflictRecord>
  readonly replacedBy: ReadonlyMap<string, string>
  readonly writes: readonly Operation[]
  readonly faults: readonly FaultRecord[]
}

/** Undefined when a later write has replaced it. */
function lossOf(write: Operation, missing: readonly string[], known: Known): Loss | undefined {
  const { key, value = '', served } = write
  const told = { key, value, region: served, acknowledgedMs: write.endMs }
  const conflict = known.beaten.get(value)
  if (conflict !== undefined) {
    const { winner, metIn } = conflict
    return {
      ...told,
      reason: 'last writer wins',
      explanation: `a write of ${winner.region} with a later stamp, met in ${metIn}`,
      beatenBy: winner.value,
      conflict,
    }
  }
  if (write.shared) {
    if (known.replacedBy.has(value) || replacedUnseen(write, known)) return undefined
  }
  const wiped = known.faults.find(
    ({ kind, regions, startedMs }) => kind === 'wipe' && regions.includes(served) && startedMs >= write.startMs,
  )
  const everywhere = missing.length === known.finals.length
  if (wiped !== undefined && everywhere)
    return { ...told, reason: 'lost with a disk', explanation: `only ${served} had it when its disk was lost` }
  return { ...told, reason: 'unexplained', explanation: `missing in ${missing.join(', ')}` }
}

/**
 * A write whose answer never came may have come over it, and told nobody; so may the first attempt of one that was made twice, of
 * which the last alone tells what it replaced. They count only if it is known that they have happened: they were acknowledged, are
 * there in the end, were themselves replaced, or have lost to another.
 */
function replacedUnseen(write: Operation, { writes, finals, replacedBy, beaten }: Known): boolean {
  return writes.some(
    ({ key, fate, attempts, value = '', endMs }) =>
      key === write.key &&
      value !== write.value &&
      (fate === 'unknown' || attempts > 1) &&
      endMs > write.startMs &&
      (fate === 'acknowledged' ||
        replacedBy.has(value) ||
        beaten.has(value) ||
        finals.some(([, items]) => items[key] === value)),
  )
}

export type RecoveryPoint = {
  readonly region: string
  readonly faultMs: number
  readonly surveyedMs: number
  /** Acknowledged by the region before the fault, of items that are written once. */
  readonly acknowledged: number
  /** Of them: nowhere else when the region came back. They would be gone if it had not. */
  readonly items: number
  /** How long before the fault the oldest of them was acknowledged. */
  readonly ageMs: number
  /** Those that each of the others lacked. */
  readonly lackedBy: Readonly<Record<string, number>>
  readonly pendingBefore?: number | undefined
  readonly keys: readonly string[]
}

const keysMax = 1000

export function recoveryPointOf(survey: Survey, operations: readonly Operation[]): RecoveryPoint {
  const own = operations.filter(
    ({ kind, fate, served, shared, endMs }) =>
      kind === 'write' && fate === 'acknowledged' && served === survey.region && !shared && endMs <= survey.faultMs,
  )
  const holders = Object.entries(survey.holders).map(([region, keys]) => [region, new Set(keys)] as const)
  const missing = own.filter(({ key }) => holders.every(([, keys]) => !keys.has(key)))
  const oldestMs = Math.min(survey.faultMs, ...missing.map(({ endMs }) => endMs))
  return {
    region: survey.region,
    faultMs: survey.faultMs,
    surveyedMs: survey.atMs,
    acknowledged: own.length,
    items: missing.length,
    ageMs: survey.faultMs - oldestMs,
    lackedBy: Object.fromEntries(
      holders.map(([region, keys]) => [region, own.filter(({ key }) => !keys.has(key)).length]),
    ),
    ...(survey.pendingBefore === undefined ? {} : { pendingBefore: survey.pendingBefore }),
    keys: missing.slice(0, keysMax).map(({ key }) => key),
  }
}
