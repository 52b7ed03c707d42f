/**
 * Blobs as files of a folder. A blob is written under a temporary name, flushed, and renamed: so under its own name there is all of it or
 * nothing. What a process that died has left under temporary names is removed before the first blob of the next.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { type BlobRange, type Blobs, BlobsFailed, isBlobName } from '../../ports/blobs.ts'
import { assert } from '../../core/assert.ts'

/** No name of a blob begins with a dot. */
const temporary = '.new'

export class FolderBlobs implements Blobs {
  readonly #folder: string
  readonly #isName: (name: string) => boolean
  #prepared: Promise<void> | undefined
  #count = 0

  /** `isName`: of what may be a name; none leads out of the folder. */
  constructor(folder: string, isName: (name: string) => boolean = isBlobName) {
    this.#folder = folder
    this.#isName = isName
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(name)
    await failing(`writing ${path}`, async () => {
      await (this.#prepared ??= this.#prepare())
      const unpublished = join(this.#folder, temporary, String(this.#count++))
      try {
        await writeFlushed(unpublished, bytes)
        await mkdir(dirname(path), { recursive: true })
        await rename(unpublished, path)
      } catch (error) {
        await rm(unpublished, { force: true })
        throw error
      }
      await flushFolder(dirname(path))
    })
  }

  async get(name: string, range?: BlobRange): Promise<Buffer | undefined> {
    const path = this.#pathOf(name)
    return await failing(`reading ${path}`, async () => {
      const file = await unlessMissing(open(path))
      if (file === undefined) return undefined
      try {
        return await unlessMissing(range === undefined ? file.readFile() : readPart(file, range))
      } finally {
        await file.close()
      }
    })
  }

  async list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    const below = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    return await failing(`listing ${join(this.#folder, below)}`, async () => {
      const entries =
        (await unlessMissing(readdir(join(this.#folder, below), { recursive: true, withFileTypes: true }))) ?? []
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(this.#folder, sep).length).split(sep).join('/'))
        .filter((name) => name.startsWith(prefix) && name > after && this.#isName(name))
        .toSorted()
        .slice(0, countMax)
    })
  }

  async delete(name: string): Promise<void> {
    const path = this.#pathOf(name)
    await failing(`removing ${path}`, () => rm(path, { force: true }))
  }

  #pathOf(name: string): string {
    assert(this.#isName(name), `blobs: ${name} is a name`)
    return join(this.#folder, ...name.split('/'))
  }

  async #prepare(): Promise<void> {
    try {
      await rm(join(this.#folder, temporary), { recursive: true, force: true })
      await mkdir(join(this.#folder, temporary), { recursive: true })
    } catch (error) {
      this.#prepared = undefined
      throw error
    }
  }
}

/** The bound of a range may be many times the size of the file: there is memory for the part that is there. */
async function readPart(file: FileHandle, { from, to }: BlobRange): Promise<Buffer | undefined> {
  const found = await file.stat()
  if (!found.isFile()) return undefined
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, found.size) - from))
  let count = 0
  for (let read = -1; read !== 0 && count < bytes.length; count += read)
    read = (await file.read(bytes, count, bytes.length - count, from + count)).bytesRead
  return bytes.subarray(0, count)
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** The rename is durable with its folder. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A file where a folder would be, and the other way round, is not the blob. */
const missingCodes = ['ENOENT', 'ENOTDIR', 'EISDIR']

async function unlessMissing<Found>(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked
  } catch (error) {
    if (missingCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function failing<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw new BlobsFailed(`${what} failed: ${(error as Error).message}`, { cause: error })
  }
}
