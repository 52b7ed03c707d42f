/** Whether a program may open as many files as it needs: without, it would fail half-way, and at any place. */
import { readFileSync } from 'node:fs'
import { connectionsMax } from '../core/limits/limits.ts'
import { Failure, codeOf } from './failure.ts'

/** Of a node, a cache or a process that carries links, with a few dozen connections. */
export const nodeDescriptorsMin = 256

/** Throws a Failure when the limit of open files of this process is below what the program needs. */
export function requireDescriptors(needed: number, program: string): void {
  const limit = openFilesMax
  if (limit >= needed) return
  throw new Failure(`this process may open ${limit} files, and ${program} needs ${needed}; ${advice}`)
}

/** Where an error is met that has no other cause: a program that cannot even be loaded. */
export function tooFewDescriptors(): string {
  return `this process may open ${openFilesMax} files, and all are open; ${advice}`
}

export function isOutOfDescriptors(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EMFILE' || code === 'ENFILE'
}

const advice = 'raise the limit, as by "ulimit -n 4096", or LimitNOFILE= in a systemd unit'

/** Connections that a process may accept, so that files and links of its own can always be opened. */
export function connectionsAffordable(): number {
  return Math.min(connectionsMax, openFilesMax - nodeDescriptorsMin / 2)
}

/** Read as the program begins, since a file may not be opened later. Node has raised it to the hard limit. Infinity where it is not known. */
const openFilesMax = readLimit()

function readLimit(): number {
  try {
    const found = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return found === undefined || found === 'unlimited' ? Infinity : Number(found)
  } catch {
    return Infinity
  }
}
