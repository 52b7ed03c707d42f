/** The command line program as Node runs it, for code that starts another process of it. */
import { fileURLToPath } from 'node:url'

export function ownProgram(): readonly string[] {
  const cli = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../cli/cli.ts' : '../cli/cli.js', import.meta.url),
  )
  return [process.execPath, ...process.execArgv, cli]
}

/**
 * What Node is told of the heap of a process with this role. A hit of a cache leaves garbage and next to nothing else, so V8 keeps
 * the young generation at the 1 MB that it begins with, or falls back to whenever there is a lull, and collects it a hundred
 * times a second: a tenth of a hit's time. It cannot be set once the process runs, nor by NODE_OPTIONS.
 */
export function heapFlagsOf(role: string | undefined): readonly string[] {
  return role === 'cache' ? ['--min-semi-space-size=32', '--max-semi-space-size=32'] : []
}
