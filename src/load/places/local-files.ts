/** Where files lie that are loaded or dumped: folders of this machine. Buckets are the other place (bucket-files.ts). */
import { createReadStream, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure, messageOf } from '../../process/failure.ts'
import { filesMax, foldersDeepMax } from '../load-limits.ts'

/** Everything rejects with a Failure that names the path. */
export type Files = {
  /** Rejects where nothing is at the path. */
  isFolder(path: string): Promise<boolean>
  isFile(path: string): Promise<boolean>
  /** Paths in their order, also of folders within it. */
  filesBelow(folder: string): Promise<readonly string[]>
  bytes(path: string): AsyncIterable<Buffer>
  /** There is all of the file or nothing. */
  put(path: string, bytes: string | Uint8Array): Promise<void>
}

export const localFiles: Files = {
  isFolder: async (path) => {
    try {
      return await Promise.resolve(statSync(path).isDirectory())
    } catch (error) {
      throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
    }
  },
  isFile: (path) => Promise.resolve(statSync(path, { throwIfNoEntry: false })?.isFile() === true),
  filesBelow: (folder) => Promise.resolve(below(folder)),
  bytes: (path) => createReadStream(path) as AsyncIterable<Buffer>,
  put: async (path, bytes) => {
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.new`, bytes)
      renameSync(`${path}.new`, path)
      await Promise.resolve()
    } catch (error) {
      throw new Failure(`${path} cannot be written: ${messageOf(error)}`)
    }
  },
}

function below(folder: string, deep = 0): readonly string[] {
  if (deep > foldersDeepMax) throw new Failure(`${folder} is more than ${foldersDeepMax} folders deep`)
  const files = readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return below(path, deep + 1)
      return entry.isFile() ? [path] : []
    })
  if (files.length > filesMax) throw new Failure(`${folder} has more than ${filesMax} files`)
  return files
}
