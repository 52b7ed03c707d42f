/** The units of deploy/systemd, by systemd's own check: in a root of their own, where the programs that they start stand. */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const folder = fileURLToPath(new URL('../../../deploy/systemd', import.meta.url))
const units = readdirSync(folder).filter((name) => name.endsWith('.service'))
const analyze = '/usr/bin/systemd-analyze'
/** Of systemd's own units: those that others need. */
const systemUnits = '/usr/lib/systemd/system'
const targets = ['sysinit', 'basic', 'network-online', 'network', 'shutdown', 'multi-user'].map(
  (name) => `${name}.target`,
)

if (!existsSync(analyze)) console.warn('no systemd-analyze: the units are not verified')

describe.skipIf(!existsSync(analyze))('systemd-analyze verify', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'longitude-units-'))
    for (const target of targets)
      if (existsSync(join(systemUnits, target))) lay(join('usr/lib/systemd/system', target), join(systemUnits, target))
    for (const unit of units) lay(join('etc/systemd/system', unit), join(folder, unit))
    for (const program of ['usr/bin/node', 'usr/local/bin/nats-server', 'bin/kill']) lay(program, '/bin/true')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  function lay(path: string, from: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    copyFileSync(from, join(root, path))
  }

  function verify(unit: string): { readonly status: number | null; readonly said: string } {
    const { status, stderr } = spawnSync(
      analyze,
      ['verify', `--root=${root}`, join(root, 'etc/systemd/system', unit)],
      {
        encoding: 'utf8',
      },
    )
    return { status, said: stderr }
  }

  test.each(units)('%s passes without a word', (unit) => {
    expect(verify(unit)).toEqual({ status: 0, said: '' })
  })

  test('a setting that systemd does not know is told', () => {
    const [unit = ''] = units
    const path = join(root, 'etc/systemd/system', unit)
    writeFileSync(path, readFileSync(path, 'utf8').replace('[Service]', '[Service]\nProtectEverything=yes'))
    expect(verify(unit).said).toContain('ProtectEverything')
  })
})
