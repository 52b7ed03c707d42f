/**
 * How often provisioned throughput was lowered on a day, of a table or a global index, and how often it may be. The count is part of every
 * description, so its limit holds with every timing: four on a day (UTC), then one when 3,600 s have passed since the last.
 */
import { ServiceError } from '../../core/errors.ts'
import type { Decreases, IndexSettings, Throughput, ThroughputChanges } from '../../core/table/table.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
const decreasesADayMax = 4
const dayOf = (ms: number): number => Math.floor(ms / dayMs)

export const decreasesToday = (decreases: Decreases | undefined, nowMs: number): number =>
  decreases?.day === dayOf(nowMs) ? decreases.count : 0

/** A change that lowers one unit or both is one decrease, whatever the other unit does. */
export function isDecrease(before: Throughput | undefined, after: Throughput | undefined): boolean {
  if (before === undefined || after === undefined) return false
  return after.readUnits < before.readUnits || after.writeUnits < before.writeUnits
}

function isIncrease(before: Throughput | undefined, after: Throughput | undefined): boolean {
  if (before === undefined || after === undefined) return false
  return after.readUnits > before.readUnits || after.writeUnits > before.writeUnits
}

type Before = ThroughputChanges & Pick<IndexSettings, 'provisioned'>

/** What is kept of the changes of throughput after one more. */
export function throughputChanges(before: Before, after: Throughput | undefined, nowMs: number): ThroughputChanges {
  const { provisioned, decreases, throughputIncreasedMs, throughputDecreasedMs } = before
  const decreased = isDecrease(provisioned, after)
  const count = decreased ? { day: dayOf(nowMs), count: decreasesToday(decreases, nowMs) + 1 } : decreases
  const increasedMs = isIncrease(provisioned, after) ? nowMs : throughputIncreasedMs
  const decreasedMs = decreased ? nowMs : throughputDecreasedMs
  return {
    ...(count === undefined ? {} : { decreases: count }),
    ...(increasedMs === undefined ? {} : { throughputIncreasedMs: increasedMs }),
    ...(decreasedMs === undefined ? {} : { throughputDecreasedMs: decreasedMs }),
  }
}

/** Throws a ServiceError when the change would be one decrease too many. */
export function assertMayDecrease(before: Before, after: Throughput | undefined, nowMs: number): void {
  const count = decreasesToday(before.decreases, nowMs)
  if (!isDecrease(before.provisioned, after) || count < decreasesADayMax) return
  const lastMs = before.throughputDecreasedMs ?? 0
  const nextMs = Math.min(lastMs + hourMs, (dayOf(nowMs) + 1) * dayMs)
  if (nowMs >= nextMs) return
  throw new ServiceError(
    'LimitExceededException',
    'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. ' +
      `After the first ${decreasesADayMax} decreases, each subsequent decrease in the same UTC day can be performed at most once every ${hourMs / 1000} seconds. ` +
      `Number of decreases today: ${count}. Last decrease at ${inWords(lastMs)}. Next decrease can be made at ${inWords(nextMs)}`,
  )
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** As in "Friday, October 9, 2026 at 12:00:00 AM Coordinated Universal Time". */
function inWords(ms: number): string {
  const date = new Date(ms)
  const hours = date.getUTCHours()
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = `${hours % 12 === 0 ? 12 : hours % 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const day = `${weekdays[date.getUTCDay()]}, ${months[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`
  return `${day} at ${time} ${hours < 12 ? 'AM' : 'PM'} Coordinated Universal Time`
}
