/** What a result was measured on, kept with it: a rate without its machine says nothing. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, hostname, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

export function machine(): object {
  const [first] = cpus()
  return {
    processors: cpus().length,
    model: first?.model ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    fileSystemOfTheData: `0x${statfsSync(tmpdir()).type.toString(16)}`,
    loadBefore: loadavg()[0],
    commit: commit(),
  }
}

/** In bench-results/, by time. */
export function keep(root: string, name: string, result: object): string {
  const folder = join(root, 'bench-results')
  mkdirSync(folder, { recursive: true })
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-')
  const path = join(folder, `${name}-${time}-${hostname()}.json`)
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`)
  return path
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
