/**
 * Every alert of deploy/prometheus against series that make it fire, by Prometheus' own promtool: `npm run test:alerts`.
 *
 * Takes promtool from the PATH, or Debian's package, which it unpacks into a folder of its own.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const rules = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'longitude-promtool-'))

try {
  const promtool = isThere('promtool') ? 'promtool' : unpacked()
  execute(promtool, ['check', 'rules', 'alerts.yml'], rules)
  execute(promtool, ['test', 'rules', 'alerts.test.yml'], rules)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function isThere(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

function unpacked() {
  execute('apt-get', ['-qq', 'download', 'prometheus'], folder)
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
  if (file === undefined)
    throw new Error('apt-get downloaded nothing: install promtool, which is in the package prometheus')
  execute('dpkg', ['-x', file, '.'], folder)
  return join(folder, 'usr', 'bin', 'promtool')
}

function execute(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`)
}
