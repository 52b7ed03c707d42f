import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scheduleHistoryMax } from '../../../src/core/limits/drill-limits.ts'
import { dueOf, type Entry, type PastRun, scheduleSchema } from '../../../src/drills/definition/schedule.ts'
import { plannedOf, readHistory, readSchedule, runSchedule } from '../../../src/drills/run/drill-scheduler.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const noon = Date.parse('2026-11-30T12:00:00Z')

function entry(more: Partial<Entry> = {}): Entry {
  return { drill: 'region-loss', every: dayMs, on: 'own regions', ...more }
}

function past(dueMs: number, more: Partial<PastRun> = {}): PastRun {
  return { drill: 'region-loss', dueMs, startedMs: dueMs, endedMs: dueMs, outcome: 'pass', folder: 'x', ...more }
}

describe('when a drill runs next', () => {
  test('a drill that never ran runs at once, or at its time of the day', () => {
    expect(dueOf(entry(), undefined, noon)).toEqual({ dueMs: noon, runMs: noon })
    const night = Date.parse('2026-12-01T03:00:00Z')
    expect(dueOf(entry({ at: '03:00' }), undefined, noon)).toEqual({ dueMs: night, runMs: night })
    expect(dueOf(entry({ at: '12:00' }), undefined, noon).runMs).toBe(noon)
  })

  test('it runs again after its interval, at the same time of the day', () => {
    expect(dueOf(entry(), past(noon), noon + 1).runMs).toBe(noon + dayMs)
    const night = Date.parse('2026-12-01T03:00:00Z')
    const { runMs } = dueOf(entry({ at: '03:00' }), past(night), night + 60_000)
    expect(new Date(runMs).toISOString()).toBe('2026-12-02T03:00:00.000Z')
  })

  test('of the runs that were missed one is made, late, and the cadence stays', () => {
    const late = noon + 3 * dayMs + hourMs
    const due = dueOf(entry(), past(noon), late)
    expect(due).toEqual({ dueMs: noon + 3 * dayMs, runMs: late })
    expect(dueOf(entry(), past(due.dueMs), late + 1).runMs).toBe(noon + 4 * dayMs)
  })

  test('the drill that is due first comes first', () => {
    const drills = [entry({ drill: 'failback' }), entry()]
    const schedule = scheduleSchema.parse({ drills: [{ drill: 'x', every: '1d' }] })
    const planned = plannedOf({ ...schedule, drills }, [past(noon), past(noon - hourMs, { drill: 'failback' })], noon)
    expect(planned.map(({ entry: { drill } }) => drill)).toEqual(['failback', 'region-loss'])
  })
})

describe('a schedule', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'longitude-schedule-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function scheduleOf(text: string) {
    const path = join(folder, 'schedule.yaml')
    writeFileSync(path, text)
    return readSchedule(path)
  }

  test.each([
    ['drills: [{ drill: region-loss, every: 5s }]', /drills\.0\.every: "5s" is no interval/],
    ['drills: [{ drill: region-loss, every: 1d, at: "25:00" }]', /a time of day/],
    ['drills: [{ drill: no-such, every: 1d }]', /no drill of that name/],
    ['drills: [{ drill: failback, every: 1d }, { drill: failback, every: 2d }]', /names the drill failback twice/],
    ['drills: []', /drills/],
    ['- x\n y', /cannot be read|is no schedule/],
  ])('%s is refused', (text, message) => {
    expect(() => scheduleOf(text)).toThrow(message)
  })

  test('runs what is due, keeps the newest reports and its history, and goes on after a restart', async () => {
    const schedule = scheduleOf('drills: [{ drill: region-loss, every: 1h }]\nkeep: 2')
    const reports = join(folder, 'reports')
    let clockMs = noon
    const lines: string[] = []
    const statuses = [0, 1, 2, null]
    const run = async (_: Entry, out: string): Promise<number | null> => {
      mkdirSync(out, { recursive: true })
      clockMs += 60_000
      return await Promise.resolve(statuses.shift() ?? null)
    }
    for (let round = 0; round < 4; round++) {
      const options = { schedule, folder: reports, run, told: (line: string) => void lines.push(line) }
      await runSchedule({ ...options, signal: new AbortController().signal, nowMs: () => clockMs }, { once: true })
      clockMs += hourMs
    }
    expect(readHistory(reports).map(({ outcome }) => outcome)).toEqual(['pass', 'fail', 'did not run', 'did not run'])
    expect(readdirSync(reports).toSorted()).toEqual([
      'history.ndjson',
      expect.stringMatching(/^region-loss-2026-11-30T14/),
      expect.stringMatching(/^region-loss-2026-11-30T15/),
    ])
    expect(lines).toContain('region-loss: fail')
  })

  test('says when the next run is, waits for it, and ends when it is told to', async () => {
    const schedule = scheduleOf('drills: [{ drill: region-loss, every: 1d, at: "03:00" }]')
    const ended = new AbortController()
    const lines: string[] = []
    const told = (line: string): void => {
      lines.push(line)
      ended.abort()
    }
    const run = async (): Promise<number> => await Promise.reject(new Error('nothing is due'))
    await runSchedule({ schedule, folder, signal: ended.signal, nowMs: () => noon, run, told }, { once: false })
    expect(lines).toEqual(['next: region-loss at 2026-12-01T03:00:00Z'])
  })

  test('a torn or foreign line of the history is left out, and the history is bounded', () => {
    const line = JSON.stringify(past(noon))
    writeFileSync(join(folder, 'history.ndjson'), `${`${line}\n`.repeat(scheduleHistoryMax + 5)}{"drill":"x"}\n{"dri`)
    expect(readHistory(folder)).toHaveLength(scheduleHistoryMax)
    expect(readFileSync(join(folder, 'history.ndjson'), 'utf8')).toContain('{"dri')
  })
})
