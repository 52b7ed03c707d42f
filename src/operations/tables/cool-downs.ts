/**
 * Settings that may change only so often: each change is noted with the table, and the next one is refused until its time has passed by the
 * region's timing. The notes of settings that replicas share travel with them; with the instant timing nothing is refused.
 */
import { ServiceError, validationError } from '../../core/errors.ts'
import { tablesUnderWayMax } from '../../core/limits/limits.ts'
import type { Changes, OwnChanges, Table } from '../../core/table/table.ts'
import { type Wait, waitRestMs, waits } from '../../core/table/waits.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { OperationContext } from '../operation.ts'

type Context = Pick<OperationContext, 'env' | 'settings'>

/** Of one setting: the last so many changes are all that its limit asks for. */
const changesKept = 8
const classChangesMax = 2
const encryptionChangesMax = 4

/** Whether something of the kind, begun then, still lasts. */
export function lasts(wait: Wait, beganMs: number | undefined, { env, settings }: Context): boolean {
  if (beganMs === undefined) return false
  return waitRestMs({ wait, beganMs }, settings.timing, env.clock.wallMs()) > 0
}

const within = (wait: Wait, changes: readonly number[] | undefined, context: Context): readonly number[] =>
  (changes ?? []).filter((changedMs) => lasts(wait, changedMs, context))

const limited = (message: string): ServiceError => new ServiceError('LimitExceededException', message)

export function assertClassMayChange({ settings: { changes } }: Table, context: Context): void {
  if (within('class window', changes?.tableClass, context).length >= classChangesMax)
    throw limited('Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).')
}

export function assertEncryptionMayChange({ settings: { changes } }: Table, context: Context): void {
  const recent = within('encryption window', changes?.encryption, context)
  const lastMs = recent.at(-1)
  if (lastMs === undefined || recent.length < encryptionChangesMax || !lasts('encryption pause', lastMs, context))
    return
  const moment = (ms: number): string => new Date(ms).toISOString()
  throw limited(
    `Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at ${moment(context.env.clock.wallMs())}. ` +
      'After the first 4 change, each subsequent change in the same window can be performed at most once every 21600 seconds. ' +
      `Number of updates today: ${recent.length}. Last change at ${moment(lastMs)}. Next changes can be made at ${moment(lastMs + waits['encryption pause'].ms)}.`,
  )
}

export function assertTimeToLiveMayChange({ settings: { changes } }: Table, context: Context): void {
  if (lasts('time to live pause', changes?.timeToLive, context))
    throw validationError('Time to live has been modified multiple times within a fixed interval')
}

export function assertProtectionMayChange({ name, settings: { ownChanges } }: Table, context: Context): void {
  const changedMs = ownChanges?.protection
  if (changedMs === undefined || !lasts('protection pause', changedMs, context)) return
  const pauseMs = waits['protection pause'].ms
  throw new ServiceError(
    'ThrottlingException',
    `Deletion protection setting for table ${name} modified within the previous ${pauseMs} milliseconds. ` +
      `Please try again after ${new Date(changedMs + pauseMs).toISOString()}`,
  )
}

/** With a timing that lets states last, so many tables may be made, changed or removed at a time. */
export function assertFewUnderWay(context: OperationContext): void {
  const tables = context.engine.tables()
  if (tables.length < tablesUnderWayMax) return
  const busy = tables.filter(
    ({ underWay }) => underWay !== undefined && lasts(underWay.wait, underWay.beganMs, context),
  )
  if (busy.length >= tablesUnderWayMax)
    throw limited(
      `Subscriber limit exceeded: Only ${tablesUnderWayMax} tables can be created, updated, or deleted simultaneously`,
    )
}

/** Tags of a change that is under way, until which no other is taken. */
export function tagsUnderWay({ settings: { ownChanges } }: Table, context: Context): OwnChanges['tags'] {
  return lasts('tag change', ownChanges?.tags?.atMs, context) ? ownChanges?.tags : undefined
}

/** Notes that these settings change now; undefined when none of them does. */
export function noteOfChanges(
  { settings: { changes } }: Table,
  changing: readonly (keyof Changes)[],
  nowMs: number,
): RegisterEdit[] {
  if (changing.length === 0) return []
  const value: Changes = {
    ...changes,
    ...(changing.includes('tableClass') ? { tableClass: appended(changes?.tableClass, nowMs) } : {}),
    ...(changing.includes('encryption') ? { encryption: appended(changes?.encryption, nowMs) } : {}),
    ...(changing.includes('timeToLive') ? { timeToLive: nowMs } : {}),
    ...(changing.includes('warm') ? { warm: nowMs } : {}),
  }
  return [{ register: 'settings/changes', value }]
}

export function noteOfOwnChange({ settings: { ownChanges } }: Table, changed: OwnChanges): RegisterEdit {
  const value: OwnChanges = { ...ownChanges, ...changed }
  return { register: 'local/changes', value }
}

const appended = (before: readonly number[] | undefined, nowMs: number): readonly number[] =>
  [...(before ?? []), nowMs].slice(-changesKept)
