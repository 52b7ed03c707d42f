/** `longitude drill schedule`: runs drills again and again, and tells when the next one is. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Entry } from '../../../drills/definition/schedule.ts'
import { plannedOf, readHistory, readSchedule, runSchedule } from '../../../drills/run/drill-scheduler.ts'
import { Failure } from '../../../process/failure.ts'
import { ownProgram } from '../../../process/own-program.ts'
import { tableText } from '../../../process/table-text.ts'
import { endSignal } from './end-signal.ts'

type Flags = { readonly once?: boolean; readonly list?: boolean; readonly out?: string }

/** What a run of its own finds by. */
const passedOn = ['data', 'name', 'natsServer', 'adminTokenFile'] as const

export async function runDrillSchedule(command: Command, json: boolean): Promise<void> {
  const flags = command.opts<Flags>()
  const path = command.args[0]
  if (path === undefined) throw new Failure('drill schedule needs a file')
  const schedule = readSchedule(path)
  const folder = resolve(flags.out ?? 'drill-reports')
  if (flags.list === true) return list({ schedule, folder, json })
  const told = (line: string): void =>
    console.log(json ? JSON.stringify({ line }) : `${new Date().toISOString().slice(0, 19)}Z  ${line}`)
  const signal = endSignal('the run that is under way ends first …')
  const options = givenOf(command)
  const run = async (entry: Entry, out: string): Promise<number | null> =>
    await runDrill({ entry, out, options, signal })
  await runSchedule({ schedule, folder, signal, nowMs: () => Date.now(), run, told }, { once: flags.once === true })
}

function list({
  schedule,
  folder,
  json,
}: {
  readonly schedule: ReturnType<typeof readSchedule>
  readonly folder: string
  readonly json: boolean
}): void {
  const history = readHistory(folder)
  const planned = plannedOf(schedule, history, Date.now())
  if (json) return console.log(JSON.stringify({ planned, history }))
  const date = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
  const rows = planned.map(({ entry, runMs, last }) => [
    entry.drill,
    date(runMs),
    last === undefined ? 'never' : date(last.startedMs),
    last?.outcome ?? '–',
    String(history.filter(({ drill, outcome }) => drill === entry.drill && outcome === 'pass').length),
    String(history.filter(({ drill }) => drill === entry.drill).length),
  ])
  console.log(tableText(['DRILL', 'NEXT', 'LAST', 'OUTCOME', 'PASSED', 'OF'], rows))
}

type RunOf = {
  readonly entry: Entry
  readonly out: string
  readonly options: readonly string[]
  readonly signal: AbortSignal
}

async function runDrill({ entry, out, options, signal }: RunOf): Promise<number | null> {
  const [program = '', ...args] = ownProgram()
  const where = entry.on === 'own regions' ? ['--start'] : ['--yes']
  const seed = entry.seed === undefined ? [] : ['--seed', String(entry.seed)]
  const line = [...args, 'drill', 'run', entry.drill, '--out', out, ...where, ...seed, ...options]
  const child = spawn(program, line, { stdio: ['ignore', 'inherit', 'inherit'] })
  const end = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  try {
    return await new Promise((done) => {
      child.once('error', () => done(null))
      child.once('exit', done)
    })
  } finally {
    signal.removeEventListener('abort', end)
  }
}

function givenOf(command: Command): readonly string[] {
  const values = command.opts<Readonly<Record<string, unknown>>>()
  return passedOn.flatMap((name) => {
    const value = values[name]
    return typeof value === 'string' ? [`--${name.replaceAll(/[A-Z]/g, (big) => `-${big.toLowerCase()}`)}`, value] : []
  })
}
