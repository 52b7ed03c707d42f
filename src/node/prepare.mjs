/**
 * Makes a clone ready to run: installs the locked dependencies if they are missing or the lock has changed, and builds if
 * the sources have. Plain JavaScript, since it runs before there is anything else.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const nodeFloor = [20, 19]

/** Throws an Error whose message says what to do; takes a few milliseconds when there is nothing to do. */
export function prepare({ root, log }) {
  checkNode()
  install(root, log)
  build(root, log)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1])) return
  throw new Error(`longitude needs Node ${nodeFloor.join('.')} or newer; this is ${process.versions.node}`)
}

function install(root, log) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.longitude-lock')
  if (readIfThere(stamp) === lock) return
  log('installing the locked dependencies (npm ci) …')
  execute(root, 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, lock)
}

function build(root, log) {
  const stamp = join(root, 'dist', '.built')
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0
  if (built > newest(join(root, 'src')) && built > statSync(join(root, 'package-lock.json')).mtimeMs) return
  log('building …')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  execute(root, process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'])
  copyData(join(root, 'src'), join(root, 'dist'))
  writeFileSync(stamp, '')
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
    if (entry.isDirectory()) copyData(join(from, entry.name), join(to, entry.name))
    else if (!/\.(ts|md|mjs)$/.test(entry.name)) {
      mkdirSync(to, { recursive: true })
      cpSync(join(from, entry.name), join(to, entry.name))
    }
  }
}

function execute(root, command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}; its output is above`)
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
