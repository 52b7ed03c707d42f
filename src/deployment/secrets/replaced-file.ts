/** A file of secrets that a program changes: as a whole, and one program at a time. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { codeOf, Failure } from '../../process/failure.ts'

const tryMs = 20
const triesMax = 250
/** A program that held the lock for so long has ended without giving it back. */
const staleMs = 10_000

/** Rejects with a Failure when another program holds the lock for seconds. */
export async function withLock(path: string, work: () => void): Promise<void> {
  for (let tries = 0; !taken(path); tries++) {
    if (tries >= triesMax) throw new Failure(`${path} is held by another program: try again, or remove it`)
    await setTimeout(tryMs)
  }
  try {
    work()
  } finally {
    rmSync(path, { force: true })
  }
}

function taken(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (since !== undefined && Date.now() - since > staleMs) rmSync(path, { force: true })
    return false
  }
}

/** Readers see the old content or the new one, never a part. */
export function replaceFile(path: string, content: string | Buffer): void {
  const beside = `${path}.new`
  const descriptor = openSync(beside, 'w', 0o600)
  try {
    writeAll(descriptor, Buffer.from(content))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(beside, path)
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
