/** The command line program as Node runs it, for whoever starts another process of it. */
import { availableParallelism } from 'node:os'
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
 *
 * V8 collects garbage with four threads beside the main one, however few the processors are. Where they have none to themselves, they
 * wait for one another: on two processors that took a tenth of the processor time of a put, and a fifth of a Query's.
 */
export function heapFlagsOf(role: string | undefined, processors = availableParallelism()): readonly string[] {
  if (role === 'cache') return ['--min-semi-space-size=32', '--max-semi-space-size=32']
  return role === 'node' ? [`--v8-pool-size=${Math.min(Math.max(processors - 1, 1), collectorsMax)}`] : []
}

/** As many as V8 has when it is told nothing. */
const collectorsMax = 4
