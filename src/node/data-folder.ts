/**
 * A data folder is ours from the moment that its longitude.json is in it, which says what the folder holds and in which
 * format; nothing is started on any other folder that has something in it. A lock file with the process that uses the
 * folder keeps a second one out, and is no longer one when that process is gone.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { Failure, codeOf, messageOf } from './failure.ts'
import { identityOf } from './process-identity.ts'

const markerName = 'longitude.json'
const lockName = 'longitude.lock'
const format = 1

const marker = z.strictObject({
  format: z.int(),
  /** The folders of several regions, or the store of one. */
  holds: z.enum(['regions', 'node']),
  /** Region numbers by name: of all regions that were ever run here, or of the one whose store this is. */
  regions: z.record(z.string(), z.int()),
})
const holder = z.object({ pid: z.int(), identity: z.string() })

export type DataFolder = {
  /** A process that used the folder was gone without letting go of it: what it had started may still be ending. */
  readonly abandoned: boolean
  release(): void
}

export type DataFolderOptions = {
  readonly regions: readonly { readonly name: string; readonly number: number }[]
  /** A node's own folder belongs to one region for ever; that of `up` may get more. */
  readonly holds: 'regions' | 'node'
  /** Names that may be there before the marker is. */
  readonly expected: readonly string[]
}

/** Throws a Failure that says what is wrong with the folder. */
export function openDataFolder(folder: string, options: DataFolderOptions): DataFolder {
  try {
    makeFolder(folder)
  } catch (error) {
    throw new Failure(`the data folder ${folder} cannot be made: ${messageOf(error)}`)
  }
  const before = readMarker(folder)
  if (before === undefined) refuseForeign(folder, options.expected)
  const abandoned = lock(folder)
  try {
    writeMarker(folder, before ?? { format, holds: options.holds, regions: {} }, options)
  } catch (error) {
    unlinkSync(join(folder, lockName))
    throw error
  }
  return { abandoned, release: () => releaseLock(folder) }
}

/** Not mkdirSync's own recursion, which on Linux never ends below a folder such as /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  if (statSync(dirname(folder), { throwIfNoEntry: false }) === undefined) makeFolder(dirname(folder))
  mkdirSync(folder)
}

type Marker = z.output<typeof marker>

function readMarker(folder: string): Marker | undefined {
  const path = join(folder, markerName)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  const parsed = marker.safeParse(parseJson(text))
  if (!parsed.success)
    throw new Failure(`${path} is not what Longitude wrote; restore it, or choose another folder with --data`)
  if (parsed.data.format !== format)
    throw new Failure(
      `${folder} has data in format ${parsed.data.format}; this version of Longitude reads format ${format}`,
    )
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refuseForeign(folder: string, expected: readonly string[]): void {
  const allowed = new Set([...expected, lockName, 'lost+found'])
  const strange = readdirSync(folder).filter((name) => !name.startsWith('.') && !allowed.has(name))
  if (strange.length === 0) return
  const some = strange.slice(0, 3).join(', ')
  throw new Failure(
    `${folder} has no ${markerName} but other things in it (${some}); choose an empty or a new folder with --data`,
  )
}

function writeMarker(folder: string, before: Marker, { regions, holds }: DataFolderOptions): void {
  if (before.holds !== holds)
    throw new Failure(
      `${folder} is ${describe(before.holds)}, not ${describe(holds)}; choose another folder with --data`,
    )
  const wanted = Object.fromEntries(regions.map(({ name, number }) => [name, number]))
  for (const [name, number] of Object.entries(wanted)) {
    const was = before.regions[name]
    if (was !== undefined && was !== number)
      throw new Failure(
        `${folder} was written when ${name} had the number ${was}; it now has ${number}, and numbers must not change`,
      )
  }
  const others = Object.keys(before.regions).filter((name) => !Object.hasOwn(wanted, name))
  if (holds === 'node' && others.length > 0)
    throw new Failure(`${folder} is the folder of ${others.join(', ')}, not of ${Object.keys(wanted).join(', ')}`)
  const after: Marker = { format, holds, regions: { ...before.regions, ...wanted } }
  if (Object.keys(after.regions).length === Object.keys(before.regions).length) return
  writeWhole(folder, markerName, `${JSON.stringify(after, undefined, 2)}\n`)
}

function describe(holds: Marker['holds']): string {
  return holds === 'node' ? 'the folder of one node' : 'a folder of `longitude up`'
}

/** The file is there in full, or as it was. */
function writeWhole(folder: string, name: string, text: string): void {
  const beside = join(folder, `.${name}.${process.pid}`)
  writeDurably(folder, beside, text)
  renameSync(beside, join(folder, name))
}

function writeDurably(folder: string, path: string, text: string): void {
  try {
    const file = openSync(path, 'w', 0o644)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
  } catch (error) {
    throw new Failure(`the data folder ${folder} cannot be written: ${messageOf(error)}`)
  }
}

/** Whether the lock was found with a process that is gone. */
function lock(folder: string): boolean {
  const path = join(folder, lockName)
  const own = join(folder, `.${lockName}.${process.pid}`)
  writeDurably(folder, own, JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) }))
  try {
    for (let abandoned = false; ; abandoned = true) {
      if (tryLink(own, path)) return abandoned
      removeAbandoned(folder, path)
    }
  } finally {
    unlinkSync(own)
  }
}

function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new Failure(`${path} cannot be made: ${messageOf(error)}`)
  }
}

/** Moves the lock aside before looking at it: of several processes that find it abandoned, one moves it. */
function removeAbandoned(folder: string, path: string): void {
  refuseHeld(folder, path)
  const aside = join(folder, `.${lockName}.${process.pid}.old`)
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  try {
    refuseHeld(folder, aside)
  } catch (error) {
    tryLink(aside, path)
    throw error
  } finally {
    unlinkSync(aside)
  }
}

function refuseHeld(folder: string, path: string): void {
  const parsed = holder.safeParse(parseJson(readIfThere(path)))
  if (!parsed.success || identityOf(parsed.data.pid) !== parsed.data.identity) return
  throw new Failure(
    `${folder} is in use by process ${parsed.data.pid}; stop that first, or choose another folder with --data`,
  )
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function releaseLock(folder: string): void {
  try {
    unlinkSync(join(folder, lockName))
  } catch {
    // The folder may have been removed meanwhile.
  }
}
