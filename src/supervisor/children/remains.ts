/**
 * What earlier runs on this data folder have left: processes that outlived a supervisor and its sentinel, or were being started as
 * these died. They are known by the run in their environment, which only its supervisor gives; never by a name or a number. Where
 * the environment of a process cannot be read (without /proc), none is found, and a port that is taken is reported.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { startOf } from '../../process/process-identity.ts'
import { Failure } from '../../process/failure.ts'

/** Carries the run; children of children have it too. */
export const runVariable = 'LONGITUDE_RUN'

export type Remains = { readonly pid: number; readonly start: string; readonly command: string }

const patienceMs = { asked: 5000, killed: 2000 }
const pollMs = 50

/** Resolves when none is left. Rejects with a Failure that names those that do not end. */
export async function endRemains(runs: readonly string[], progress: (line: string) => void): Promise<void> {
  const found = remainsOf(runs)
  if (found.length === 0) return
  progress(`ending what an earlier run has left: ${namesOf(found)}`)
  if (await ended(runs, 'SIGTERM', patienceMs.asked)) return
  if (await ended(runs, 'SIGKILL', patienceMs.killed)) return
  throw new Failure(`processes of an earlier run do not end: ${namesOf(remainsOf(runs))}; end them, then start again`)
}

/** Those that are there now. */
function remainsOf(runs: readonly string[]): readonly Remains[] {
  if (runs.length === 0) return []
  const wanted = new Set(runs)
  return processIds().flatMap((pid) => {
    const start = startOf(pid)
    if (start === undefined || pid === process.pid || !wanted.has(runOf(pid) ?? '')) return []
    // The number was not given to another process in between.
    return startOf(pid) === start ? [{ pid, start, command: commandOf(pid) }] : []
  })
}

async function ended(runs: readonly string[], signal: 'SIGTERM' | 'SIGKILL', waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  for (const { pid } of remainsOf(runs)) send(pid, signal)
  for (;;) {
    const left = remainsOf(runs)
    if (left.length === 0) return true
    if (performance.now() > deadline) return false
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs)
    })
  }
}

/** One that is frozen would not hear of it. */
function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended meanwhile, or is another user's, which is reported.
  }
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0)
  } catch {
    return []
  }
}

/** Undefined for a process of another user, and where there is no /proc. */
function runOf(pid: number): string | undefined {
  const prefix = `${runVariable}=`
  const found = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((entry) => entry.startsWith(prefix))
  return found?.slice(prefix.length)
}

export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim()
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

const namedMax = 8
const commandMax = 80

function namesOf(remains: readonly Remains[]): string {
  const named = remains.slice(0, namedMax).map(({ pid, command }) => `process ${pid} (${shortened(command)})`)
  const more = remains.length > namedMax ? ` and ${remains.length - namedMax} more` : ''
  return named.join(', ') + more
}

function shortened(command: string): string {
  return command.length > commandMax ? `${command.slice(0, commandMax)}…` : command
}
