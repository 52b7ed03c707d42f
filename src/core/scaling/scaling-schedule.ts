/** When a scheduled action is due: `at(…)`, `rate(…)` and `cron(…)` as Application Auto Scaling has them, in a time zone. */

/** Throws RangeError, with what is wrong, for what is no schedule. */
export function parseSchedule(text: string, timezone = 'UTC'): Schedule {
  const zone = zoneNamed(timezone)
  const [, kind, inside = ''] = /^(at|rate|cron)\((.*)\)$/.exec(text.trim()) ?? []
  if (kind === 'at') return atSchedule(inside, zone)
  if (kind === 'rate') return rateSchedule(inside)
  if (kind === 'cron') return cronSchedule(inside, zone)
  throw new RangeError(`${text.slice(0, 100)} is not at(…), rate(…) or cron(…)`)
}

export type Schedule = {
  /** Whether it is due in the minute that begins then. `fromMs`: when it begins to count. */
  readonly isDue: (minuteMs: number, fromMs: number) => boolean
}

const minuteMs = 60_000

/** Fields of a moment as clocks there show it. */
type Local = {
  readonly minute: number
  readonly hour: number
  readonly day: number
  readonly month: number
  readonly year: number
}

type Zone = (ms: number) => Local

function zoneNamed(timezone: string): Zone {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
  } catch {
    throw new RangeError(`${timezone.slice(0, 100)} is no time zone`)
  }
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return { minute: part('minute'), hour: part('hour'), day: part('day'), month: part('month'), year: part('year') }
  }
}

/** The second within the minute does not matter: schedules are looked at once a minute. */
function atSchedule(inside: string, zone: Zone): Schedule {
  const [, year, month, day, hour, minute] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):\d\d$/.exec(inside.trim()) ?? []
  if (year === undefined) throw new RangeError(`at(${inside.slice(0, 100)}) is not as in at(2026-12-31T23:59:59)`)
  const wanted = [year, month, day, hour, minute].map(Number)
  return {
    isDue: (ms) => {
      const local = zone(ms)
      return [local.year, local.month, local.day, local.hour, local.minute].every((part, n) => part === wanted[n])
    },
  }
}

const unitsMs: Readonly<Record<string, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 24 * 60 * minuteMs }

function rateSchedule(inside: string): Schedule {
  const [, count, unit] = /^(\d{1,6}) (minute|hour|day)s?$/.exec(inside.trim()) ?? []
  const every = Number(count) * (unitsMs[unit ?? ''] ?? Number.NaN)
  if (!(every > 0)) throw new RangeError(`rate(${inside.slice(0, 100)}) is not as in rate(5 minutes)`)
  const times = (ms: number, fromMs: number): number => Math.max(0, Math.floor((ms - fromMs) / every))
  return { isDue: (ms, fromMs) => ms + minuteMs > fromMs && times(ms + minuteMs - 1, fromMs) > times(ms - 1, fromMs) }
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

type Matches = (local: Local) => boolean

/** Minutes, hours, day of the month, month, day of the week, year. */
function cronSchedule(inside: string, zone: Zone): Schedule {
  const fields = inside.trim().split(/\s+/)
  const [minutes = '', hours = '', days = '', months = '', weekdays = '', years = ''] = fields
  if (fields.length !== 6 || (days === '?') === (weekdays === '?'))
    throw new RangeError(
      `cron(${inside.slice(0, 100)}) has not six fields, with ? for either the day of the month or of the week`,
    )
  const matches: readonly Matches[] = [
    field(minutes, { from: 0, to: 59 }, ({ minute }) => minute),
    field(hours, { from: 0, to: 23 }, ({ hour }) => hour),
    days === '?' ? () => true : daysOfMonth(days),
    field(months, { from: 1, to: 12, names: monthNames, first: 1 }, ({ month }) => month),
    weekdays === '?' ? () => true : daysOfWeek(weekdays),
    field(years, { from: 1970, to: 2199 }, ({ year }) => year),
  ]
  return {
    isDue: (ms) => {
      const local = zone(ms)
      return matches.every((each) => each(local))
    },
  }
}

type Bounds = {
  readonly from: number
  readonly to: number
  readonly names?: readonly string[]
  readonly first?: number
}

/** `*`, or parts divided by commas: a value, a range, either with a step. */
function field(text: string, bounds: Bounds, of: (local: Local) => number): Matches {
  const parts = text.split(',').map((part) => range(part, bounds))
  return (local) => {
    const value = of(local)
    return parts.some(({ from, to, step }) => value >= from && value <= to && (value - from) % step === 0)
  }
}

function range(part: string, bounds: Bounds) {
  const [, begin = '', end, step] = /^(\*|[A-Za-z0-9]{1,4})(?:-([A-Za-z0-9]{1,4}))?(?:\/(\d{1,4}))?$/.exec(part) ?? []
  const all = begin === '*'
  const from = all ? bounds.from : valueOf(begin, bounds)
  const to = end === undefined ? (all || step !== undefined ? bounds.to : from) : valueOf(end, bounds)
  const by = step === undefined ? 1 : Number(step)
  if (!(from >= bounds.from && to <= bounds.to && from <= to && by >= 1) || (all && end !== undefined))
    throw new RangeError(`${part.slice(0, 50)} is no field of cron(…)`)
  return { from, to, step: by }
}

function valueOf(text: string, { names = [], first = 0 }: Bounds): number {
  const named = names.indexOf(text.toUpperCase())
  return named >= 0 ? named + first : /^\d+$/.test(text) ? Number(text) : Number.NaN
}

const dateOf = ({ year, month, day }: Local): Date => new Date(Date.UTC(year, month - 1, day))
const lastDay = ({ year, month }: Local): number => new Date(Date.UTC(year, month, 0)).getUTCDate()
const weekdayOf = (local: Local): number => dateOf(local).getUTCDay()

function daysOfMonth(text: string): Matches {
  if (text === 'L') return (local) => local.day === lastDay(local)
  const [, near] = /^(\d{1,2})W$/.exec(text) ?? []
  if (near !== undefined) return (local) => local.day === nearestWeekday(local, Number(near))
  return field(text, { from: 1, to: 31 }, ({ day }) => day)
}

/** Of the same month. */
function nearestWeekday(local: Local, day: number): number {
  const last = lastDay(local)
  const wanted = Math.min(day, last)
  const weekday = weekdayOf({ ...local, day: wanted })
  if (weekday === 6) return wanted === 1 ? 3 : wanted - 1
  if (weekday === 0) return wanted === last ? wanted - 2 : wanted + 1
  return wanted
}

/** 1 is Sunday. `6#3`: the third Friday of the month. `6L`: its last Friday. */
function daysOfWeek(text: string): Matches {
  const bounds = { from: 1, to: 7, names: dayNames, first: 1 }
  const [, day, nth] = /^([A-Za-z0-9]{1,3})(?:#([1-5])|L)$/.exec(text) ?? []
  if (text === 'L') return (local) => weekdayOf(local) === 6
  if (day === undefined) return field(text, bounds, (local) => weekdayOf(local) + 1)
  const { from } = range(day, bounds)
  return (local) => {
    if (weekdayOf(local) + 1 !== from) return false
    return nth === undefined ? local.day + 7 > lastDay(local) : Math.ceil(local.day / 7) === Number(nth)
  }
}
