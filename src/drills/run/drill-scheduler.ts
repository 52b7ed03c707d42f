/**
 * Runs drills by a schedule, one at a time. Its history is a file of lines in the reports' folder, and when a drill runs next follows from it, so a
 * scheduler that was stopped goes on where it was. A run that it missed is made once, late.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { parse } from 'yaml'
import { scheduleHistoryMax } from '../../core/limits/drill-limits.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { replaceSecretFile } from '../../process/files/secret-file.ts'
import { type Entry, type PastRun, type Due, type Schedule, dueOf, scheduleSchema } from '../definition/schedule.ts'
import { findDrill } from './drill-files.ts'
import { pause } from './time.ts'

export type SchedulerOptions = {
  readonly schedule: Schedule
  /** Of reports and history. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly nowMs: () => number
  /** Runs a drill to its end; resolves with its exit status. */
  readonly run: (entry: Entry, out: string) => Promise<number | null>
  readonly told: (line: string) => void
}

export type Planned = Due & { readonly entry: Entry; readonly last: PastRun | undefined }

const historyName = 'history.ndjson'
/** Whether a run is due is looked at so often at least, since a clock may be set. */
const lookMsMax = 30_000
const linesForm = z.object({
  drill: z.string(),
  dueMs: z.number(),
  startedMs: z.number(),
  endedMs: z.number(),
  outcome: z.enum(['pass', 'fail', 'did not run']),
  folder: z.string(),
})

/** Every drill that it names is found and read. */
export function readSchedule(path: string): Schedule {
  let raw: unknown
  try {
    raw = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  const parsed = scheduleSchema.safeParse(raw)
  if (!parsed.success)
    throw new Failure(
      `${path} is no schedule:\n${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n')}`,
    )
  const names = parsed.data.drills.map(({ drill }) => drill)
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  if (twice !== undefined) throw new Failure(`${path} names the drill ${twice} twice`)
  for (const name of names) findDrill(name)
  return parsed.data
}

/** A line that cannot be read is as good as none: a crash may have torn the last one. */
export function readHistory(folder: string): readonly PastRun[] {
  const path = join(folder, historyName)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [linesForm.parse(JSON.parse(line))]
      } catch {
        return []
      }
    })
    .slice(-scheduleHistoryMax)
}

export function plannedOf(schedule: Schedule, history: readonly PastRun[], nowMs: number): readonly Planned[] {
  return schedule.drills
    .map((entry) => {
      const last = history.findLast(({ drill }) => drill === entry.drill)
      return { entry, last, ...dueOf(entry, last, nowMs) }
    })
    .toSorted((a, b) => a.runMs - b.runMs)
}

/** Until it is told to end, or, with `once`, until nothing is due. */
export async function runSchedule(options: SchedulerOptions, { once }: { readonly once: boolean }): Promise<void> {
  const { schedule, folder, signal, nowMs, told } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  let toldOf = ''
  while (!signal.aborted) {
    const [first] = plannedOf(schedule, readHistory(folder), nowMs())
    if (first === undefined) return
    const waitMs = first.runMs - nowMs()
    if (waitMs > 0) {
      if (once) return
      const line = `next: ${first.entry.drill} at ${new Date(first.runMs).toISOString().slice(0, 19)}Z`
      if (line !== toldOf) told(line)
      toldOf = line
      await pause(Math.min(waitMs, lookMsMax), signal)
    } else await runOne(options, first)
  }
}

async function runOne({ schedule, folder, run, nowMs, told }: SchedulerOptions, planned: Planned): Promise<void> {
  const { entry, dueMs } = planned
  const startedMs = nowMs()
  const name = findDrill(entry.drill).drill.name
  const out = `${name}-${new Date(startedMs).toISOString().slice(0, 19).replaceAll(':', '-')}`
  told(`${entry.drill} begins`)
  const status = await run(entry, join(folder, out))
  const outcome = status === 0 ? 'pass' : status === 1 ? 'fail' : 'did not run'
  told(`${entry.drill}: ${outcome}`)
  const past: PastRun = { drill: entry.drill, dueMs, startedMs, endedMs: nowMs(), outcome, folder: out }
  const lines = [...readHistory(folder), past].slice(-scheduleHistoryMax)
  const text = lines.map((each) => `${JSON.stringify(each)}\n`).join('')
  replaceSecretFile({ path: join(folder, historyName), what: 'the history of drills', text })
  removeOld(folder, name, schedule.keep)
}

const stampForm = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/

/** Only folders that a schedule has named are removed. */
function removeOld(folder: string, name: string, keep: number): void {
  const own = readdirSync(folder)
    .filter((each) => each.startsWith(`${name}-`) && stampForm.test(each.slice(name.length + 1)))
    .toSorted()
  for (const each of own.slice(0, Math.max(0, own.length - keep)))
    rmSync(join(folder, each), { recursive: true, force: true })
}
