/**
 * Whether a node's store is still in its folder. A file that was removed goes on to be written, and is gone with the process: such
 * a node must not acknowledge anything any more.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../process/failure.ts'

const lookMs = 500
const dataFile = 'data.mdb'

/** Calls `onGone` once, with what was seen; the returned function ends the watch. */
export function watchStoreFolder(folder: string, onGone: (reason: string) => void): () => void {
  const opened = fileIn(folder)
  const timer = setInterval(() => {
    const now = fileIn(folder)
    if (now === opened || now === unknown) return
    clearInterval(timer)
    onGone(
      `the store in ${folder} was removed or replaced while this node used it: it stops, since what it would write is lost; put the folder back, or start with an empty one, which is filled by the other regions`,
    )
  }, lookMs).unref()
  return () => clearInterval(timer)
}

const unknown = 'unknown'

function fileIn(folder: string): string {
  try {
    const { dev, ino } = statSync(join(folder, dataFile))
    return `${dev}:${ino}`
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'none' : unknown
  }
}
