import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '../../../src/deployment/data-folder.ts'
import { tightenFolder } from '../../../src/process/files/private-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-private-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modeOf = (...path: readonly string[]): number => statSync(join(folder, ...path)).mode & 0o777

test('a folder of an earlier version, or a copy of one, is closed with all that is in it', () => {
  const outside = join(folder, 'outside')
  writeFileSync(outside, '', { mode: 0o644 })
  const data = join(folder, 'data')
  mkdirSync(join(data, 'us-east-1', 'store'), { recursive: true })
  writeFileSync(join(data, 'us-east-1', 'store', 'data.mdb'), 'items')
  writeFileSync(join(data, 'run.sh'), '')
  symlinkSync(outside, join(data, 'link'))
  for (const [path, mode] of [
    ['data', 0o755],
    ['data/us-east-1', 0o777],
    ['data/us-east-1/store', 0o755],
    ['data/us-east-1/store/data.mdb', 0o664],
    ['data/run.sh', 0o755],
  ] as const)
    chmodSync(join(folder, path), mode)
  tightenFolder(data)
  expect(modeOf('data')).toBe(0o700)
  expect(modeOf('data', 'us-east-1')).toBe(0o700)
  expect(modeOf('data', 'us-east-1', 'store', 'data.mdb')).toBe(0o600)
  expect(modeOf('data', 'run.sh')).toBe(0o700)
  // What lies elsewhere is not this folder's.
  expect(modeOf('outside')).toBe(0o644)
})

test('a data folder is closed when it is opened', async () => {
  chmodSync(folder, 0o755)
  const opened = await openDataFolder(folder, [{ name: 'us-east-1', number: 1 }], { endpoints: {} })
  await opened.release()
  expect(modeOf()).toBe(0o700)
  expect(modeOf('longitude.json')).toBe(0o600)
})

test('a folder with something else in it is refused as it is', async () => {
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'thesis.tex'), '')
  await expect(openDataFolder(folder, [], { endpoints: {} })).rejects.toThrow(/other things in it/)
  expect(modeOf()).toBe(0o755)
})
