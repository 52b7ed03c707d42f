/** A file system of a few megabytes, for what only a full disk shows. It takes root; without, tests that need it are skipped and say so. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type SmallDisk = { readonly folder: string; remove(): void }

export function smallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-small-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  if (status !== 0) {
    rmSync(folder, { recursive: true })
    throw new Error(`no file system can be mounted: ${stderr.toString()}`)
  }
  return {
    folder,
    remove: () => {
      spawnSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const canMount = ((): boolean => {
  try {
    smallDisk(1).remove()
    return true
  } catch {
    process.stderr.write('SKIPPED: tests on a small disk, since mount(8) is refused; run them as root\n')
    return false
  }
})()
