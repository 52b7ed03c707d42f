/** The versions that were released, and how a test gets one of them to run: from the repository's own history. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Released = {
  readonly version: string
  /** The commit that is this version. */
  readonly commit: string
  /** What it writes on its disk, and what it says to its peers. */
  readonly formats: { readonly store: number; readonly message: number }
}

/** Oldest first. CHANGELOG.md has the same versions. */
export const released: readonly Released[] = [
  { version: '0.1.0', commit: 'a72254aced7d58b391044f5e22a25d66ceeae8d7', formats: { store: 2, message: 1 } },
]

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Where this version's program is, built once from a work tree of its commit; undefined when this clone does not have the commit (a shallow one).
 * Its libraries are those that this version of the project has, for the two lock files name the same ones.
 */
export function programOf({ version, commit }: Released): string | undefined {
  const folder = join(root, '.cache', 'released', `${version}-${commit.slice(0, 12)}`)
  const program = join(folder, 'dist', 'node', 'cli.js')
  if (existsSync(program)) return program
  if (run('git', ['cat-file', '-e', `${commit}^{commit}`], root) !== undefined) return undefined
  const making = `${folder}.${process.pid}`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['sh', ['-c', `git -C '${root}' archive ${commit} | tar -x -C '${making}'`]],
    ['npm', ['run', '--silent', 'build']],
  ]
  symlinkSync(join(root, 'node_modules'), join(making, 'node_modules'))
  for (const [command, args] of steps) {
    const problem = run(command, args, making)
    if (problem !== undefined) throw new Error(`version ${version} could not be built: ${problem}`)
  }
  try {
    renameSync(making, folder)
  } catch {
    // Another test was quicker.
    rmSync(making, { recursive: true, force: true })
  }
  return program
}

/** What a test says loudly when there is no history to build from. */
export function historyMissing({ version, commit }: Released): string {
  return `UPGRADES ARE NOT TESTED: this clone lacks commit ${commit.slice(0, 12)}, which is version ${version}; fetch the whole history (git fetch --unshallow)`
}

function run(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, error, stderr, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) return error.message
  return status === 0 ? undefined : `${command} ended with ${status}: ${stderr}${stdout}`
}
