/** Whether a program may open as many files as it needs: without, it would fail half-way, and at any place. */
import { readFileSync } from 'node:fs'
import { Failure } from './failure.ts'

/** Of a node, a cache or a process that carries links, with a few dozen connections. */
export const nodeDescriptorsMin = 256

/** Throws a Failure when the limit of open files of this process is below what the program needs. */
export function requireDescriptors(needed: number, program: string): void {
  const limit = openFilesMax()
  if (limit >= needed) return
  throw new Failure(
    `this process may open ${limit} files, and ${program} needs ${needed}; raise the limit, as by "ulimit -n 4096", or LimitNOFILE= in a systemd unit`,
  )
}

/** Node has raised it to the hard limit as it began. Infinity where it is not known. */
export function openFilesMax(): number {
  try {
    const found = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return found === undefined || found === 'unlimited' ? Infinity : Number(found)
  } catch {
    return Infinity
  }
}
