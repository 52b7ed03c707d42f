/**
 * A process by more than its number, which the system gives again: by its number and the moment at which it began.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Undefined when there is no such process, or only the remains of one that its parent has not waited for. */
export function identityOf(pid: number): string | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

/** The time counts from the machine's start, so that belongs to it. */
function fromProc(pid: number): string | undefined {
  const start = startOf(pid)
  if (start === undefined) return undefined
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${start}`
  } catch {
    return undefined
  }
}

/**
 * The start time in the kernel's ticks; undefined where there is no /proc. Fields after the program's name, which may have spaces
 * and brackets: state is the first, the start time the twentieth.
 */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function fromPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}
