/**
 * Files that only their owner may read: data, configuration and logs hold items, and some hold secrets. The umask covers what this
 * process and its children make, whatever the shell's is; folders of earlier versions, and copies of them, are tightened when they are opened.
 */
import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { filesTightenedMax } from '../../core/limits/limits.ts'
import { Failure, messageOf } from '../failure.ts'

const forOthers = 0o077

/** Called once, before the program makes its first file. */
export function keepFilesPrivate(): void {
  process.umask(forOthers)
}

/**
 * Takes everybody else's rights from the folder and what is in it. The folder comes first, since without it nothing below can be reached;
 * of a folder that is closed already nothing is looked at. Throws a Failure when the folder belongs to somebody else.
 */
export function tightenFolder(folder: string): void {
  try {
    if (!tighten(folder)) return
    tightenBelow(folder)
  } catch (error) {
    throw new Failure(`the folder ${folder} cannot be closed to other users: ${messageOf(error)}`)
  }
}

function tightenBelow(folder: string): void {
  const left = [folder]
  for (let count = 0; left.length > 0 && count < filesTightenedMax;) {
    const next = left.pop() ?? folder
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      if (!entry.isDirectory() && !entry.isFile()) continue
      const path = join(next, entry.name)
      tighten(path)
      if (entry.isDirectory()) left.push(path)
      count++
    }
  }
}

/** Returns whether others had any right. */
function tighten(path: string): boolean {
  const mode = lstatSync(path).mode & 0o7777
  if ((mode & forOthers) === 0) return false
  chmodSync(path, mode & ~forOthers)
  return true
}
