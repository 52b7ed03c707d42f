/**
 * Makes a clone ready to run: installs the locked dependencies if they are missing or the lock has changed, and builds if
 * the sources have. Plain JavaScript, since it runs before there is anything else.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const nodeFloor = [20, 19]

/** Throws an Error whose message says what to do; takes a few milliseconds when there is nothing to do. */
export function prepare({ root, log }) {
  checkNode()
  install(root, log)
  build(root, log)
}

/** Throws an Error for a version of Node that is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1])) return
  throw new Error(`longitude needs Node ${nodeFloor.join('.')} or newer; this is ${process.versions.node}`)
}

function install(root, log) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.longitude-lock')
  // A linked node_modules is looked after where it lives; npm ci would empty that place for everybody who links to it.
  if (readIfThere(stamp) === lock || isLink(join(root, 'node_modules'))) return
  log('installing the locked dependencies (npm ci) …')
  execute(root, 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, lock)
}

/** Built aside and then moved into place: a node that is running, or starting, never sees half a build. */
export function build(root, log) {
  const dist = join(root, 'dist')
  const built = modifiedMs(join(dist, '.built'))
  if (built > newest(join(root, 'src')) && built > modifiedMs(join(root, 'package-lock.json'))) return
  log('building …')
  removeHalfBuilt(root)
  const aside = join(root, `dist-${process.pid}`)
  const old = join(root, `dist-${process.pid}-old`)
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    execute(root, process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', aside])
    copyData(join(root, 'src'), aside)
    execute(root, process.execPath, [join(root, 'src', 'cli', 'bundle.mjs'), aside])
    writeFileSync(join(aside, '.built'), '')
    moveAway(dist, old)
    renameSync(aside, dist)
  } finally {
    for (const folder of [aside, old]) rmSync(folder, { recursive: true, force: true })
  }
}

/** What a build has left that was killed: its folder has its number. */
function removeHalfBuilt(root) {
  for (const name of readdirSync(root)) {
    const [, pid] = /^dist-(\d+)(-old)?$/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(root, name), { recursive: true, force: true })
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

function moveAway(folder, to) {
  try {
    renameSync(folder, to)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

/** 0 for a file that is not there. */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Newest modification under a folder, the folders' own included, so that a removed file counts. */
function newest(folder) {
  let latest = statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}

/** The compiler moves only TypeScript; data goes along unchanged. */
function copyData(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      // The page is bundled.
      if (!join(from, entry.name).endsWith(join('console', 'page')))
        copyData(join(from, entry.name), join(to, entry.name))
    } else if (!/\.(ts|md|mjs)$/.test(entry.name)) {
      mkdirSync(to, { recursive: true })
      cpSync(join(from, entry.name), join(to, entry.name))
    }
  }
}

function execute(root, command, args) {
  // What they print goes to the error stream: the output is the command's own, and may be JSON.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}; its output is above`)
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
