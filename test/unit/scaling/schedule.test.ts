import { describe, expect, test } from 'vitest'
import { parseSchedule } from '../../../src/core/scaling/scaling-schedule.ts'

const minuteMs = 60_000

/** The first minutes from then on that it is due in. */
function dueAfter(from: string, schedule: string, { count = 2, zone = 'UTC', step = minuteMs } = {}): string[] {
  const { isDue } = parseSchedule(schedule, zone)
  const startMs = Date.parse(from)
  const found: string[] = []
  for (let at = startMs; found.length < count && at < startMs + 400 * 86_400_000; at += step)
    if (isDue(at, startMs)) found.push(new Date(at).toISOString().slice(0, 16))
  return found
}

const hour = 60 * minuteMs

describe('a schedule', () => {
  test.each([
    ['at(2026-02-03T04:05:06)', 'UTC', minuteMs, ['2026-02-03T04:05']],
    ['at(2026-02-03T04:05:00)', 'America/New_York', minuteMs, ['2026-02-03T09:05']],
    ['rate(5 minutes)', 'UTC', minuteMs, ['2026-01-30T00:05', '2026-01-30T00:10']],
    ['rate(1 hour)', 'UTC', minuteMs, ['2026-01-30T01:00', '2026-01-30T02:00']],
    ['cron(15 8 * * ? *)', 'UTC', minuteMs, ['2026-01-30T08:15', '2026-01-31T08:15']],
    ['cron(0 8 * * ? *)', 'Europe/Dublin', hour, ['2026-01-30T08:00', '2026-01-31T08:00']],
    ['cron(0 0/6 1,15 * ? *)', 'UTC', hour, ['2026-02-01T00:00', '2026-02-01T06:00']],
    ['cron(30 22 ? * MON-WED *)', 'UTC', minuteMs, ['2026-02-02T22:30', '2026-02-03T22:30']],
    ['cron(0 9 L * ? *)', 'UTC', hour, ['2026-01-31T09:00', '2026-02-28T09:00']],
    ['cron(0 9 1W * ? *)', 'UTC', hour, ['2026-02-02T09:00', '2026-03-02T09:00']],
    ['cron(0 9 ? * 6#3 *)', 'UTC', hour, ['2026-02-20T09:00', '2026-03-20T09:00']],
    ['cron(0 9 ? * FRIL *)', 'UTC', hour, ['2026-01-30T09:00', '2026-02-27T09:00']],
    ['cron(0 0 1 JAN ? 2027)', 'UTC', hour, ['2027-01-01T00:00']],
  ])('%s in %s', (schedule, zone, step, wanted) => {
    expect(dueAfter('2026-01-30T00:00:00Z', schedule, { zone, step, count: wanted.length })).toEqual(wanted)
  })

  test.each([
    ['at(tomorrow)', 'UTC'],
    ['rate(0 minutes)', 'UTC'],
    ['rate(5 weeks)', 'UTC'],
    ['cron(0 8 * * *)', 'UTC'],
    ['cron(0 8 * * * *)', 'UTC'],
    ['cron(60 8 * * ? *)', 'UTC'],
    ['cron(5-2 8 * * ? *)', 'UTC'],
    ['cron(0 8 * FOO ? *)', 'UTC'],
    ['every day', 'UTC'],
    ['cron(0 8 * * ? *)', 'Atlantis/Capital'],
  ])('is not %s in %s', (schedule, zone) => {
    expect(() => parseSchedule(schedule, zone)).toThrow(RangeError)
  })
})
