/** Files that hold one secret each: whole from the moment they exist, flushed, and readable by their owner alone. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, codeOf, messageOf } from '../failure.ts'

export type SecretFile = {
  readonly path: string
  /** Named in a Failure. */
  readonly what: string
  readonly text: string
}

/** Of several programs that start together, one makes the file and the others find it. */
export function makeSecretFile(file: SecretFile): void {
  writeBeside(file, (beside) => {
    try {
      linkSync(beside, file.path)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  })
}

/** Replaces the file at one moment: a reader finds the old text or the new one. */
export function replaceSecretFile(file: SecretFile): void {
  writeBeside(file, (beside) => renameSync(beside, file.path))
}

function writeBeside({ path, what, text }: SecretFile, place: (beside: string) => void): void {
  const beside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(beside, 'wx', 0o600)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    place(beside)
    flushFolder(dirname(path))
  } catch (error) {
    throw new Failure(`${what} ${path} cannot be made: ${messageOf(error)}`)
  } finally {
    rmSync(beside, { force: true })
  }
}

/** So that the file has its name after a loss of power too. */
export function flushFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
