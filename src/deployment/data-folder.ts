/**
 * A data folder is ours from the moment that its longitude.json is in it, which says what the folder holds and in which
 * format; nothing is started on any other folder that has something in it. A lock file with the process that uses the
 * folder keeps a second one out, and is no longer one when that process is gone. A process of another container cannot be
 * seen; so the folder's user also listens on a socket in it.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { type FolderClaim, claimSocket } from '../adapters/lmdb/store-folder.ts'
import { runsRememberedMax } from '../core/limits/limits.ts'
import type { Region } from '../core/topology.ts'
import { StoreInUse } from '../ports/store.ts'
import { Failure, codeOf, messageOf } from '../process/failure.ts'
import { adminTokenName } from './secrets/admin-token.ts'
import { messageKeysName } from './secrets/keys/message-keys.ts'
import { natsSecretsName } from './secrets/nats/nats-secrets.ts'
import { tightenFolder } from '../process/files/private-files.ts'
import { identityOf } from '../process/process-identity.ts'

const markerName = 'longitude.json'
const lockName = 'longitude.lock'
const socketName = 'longitude.sock'
const format = 1

const marker = z.strictObject({
  format: z.int(),
  /** Region numbers by name, of all regions that were ever run here. */
  regions: z.record(z.string(), z.int()),
})
const addresses = z.record(z.string(), z.string())
const holder = z.object({
  pid: z.int(),
  identity: z.string(),
  endpoints: addresses,
  services: addresses.optional(),
  /** Endpoints of the nodes of each region, where it has several. */
  nodes: z.record(z.string(), addresses).optional(),
  /** Of this run, and of earlier ones that nobody has cleaned up after. */
  runs: z.array(z.string()).optional(),
})

/** Endpoints by region, for whoever asks where they are. */
export type Endpoints = Readonly<Record<string, string>>
/** By region and by the node's name. */
export type NodeEndpoints = Readonly<Record<string, Endpoints>>
/** Where else the run can be spoken to, by name: the links' control, the front door. */
export type Services = Readonly<Record<string, string>>

export type DataFolder = {
  /** Names this run: its processes carry it in their environment. */
  readonly run: string
  /** Runs that were gone without letting go of the folder: what they had started may still be there. */
  readonly abandoned: readonly string[]
  /** Whether the folder is still there, and still this run's. */
  isOurs(): boolean
  release(): Promise<void>
  /** Releases it and removes what this run has made, for a run that was refused before it kept anything. */
  discard(): Promise<void>
}

export type OpenOptions = {
  readonly endpoints: Endpoints
  readonly services?: Services
  readonly nodes?: NodeEndpoints
}

/** Rejects with a Failure that says what is wrong with the folder, and leaves none that was not there. */
export async function openDataFolder(
  folder: string,
  regions: readonly Region[],
  options: OpenOptions,
): Promise<DataFolder> {
  const made: string[] = []
  try {
    try {
      makeFolder(folder, made)
    } catch (error) {
      throw new Failure(`the data folder ${folder} cannot be made: ${messageOf(error)}`)
    }
    return await opened({ folder, made }, regions, options)
  } catch (error) {
    removeEmpty(made)
    throw error
  }
}

type Made = { readonly folder: string; /** The deepest last. */ readonly made: readonly string[] }

async function opened(
  { folder, made }: Made,
  regions: readonly Region[],
  { endpoints, services = {}, nodes = {} }: OpenOptions,
): Promise<DataFolder> {
  const before = readMarker(folder)
  if (before === undefined) refuseForeign(folder)
  refuseHeld(folder, join(folder, lockName))
  tightenFolder(folder)
  const hadToken = existsSync(join(folder, adminTokenName))
  const claim = await claimed(folder)
  const run = randomBytes(16).toString('hex')
  const release = async (): Promise<void> => {
    releaseLock(folder, run)
    await claim.release()
  }
  try {
    const abandoned = lock(folder, { endpoints, services, nodes, run })
    writeMarker(folder, before ?? { format, regions: {} }, regions)
    return {
      run,
      abandoned,
      isOurs: () => isLockOf(folder, run),
      release,
      discard: async () => {
        if (before === undefined && isLockOf(folder, run)) rmSync(join(folder, markerName), { force: true })
        if (before === undefined && !hadToken) rmSync(join(folder, adminTokenName), { force: true })
        await release()
        removeEmpty(made)
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

async function claimed(folder: string): Promise<FolderClaim> {
  try {
    return await claimSocket(folder, socketName)
  } catch (error) {
    if (error instanceof StoreInUse)
      throw new Failure(
        `${folder} is in use by a process that cannot be seen from here, such as one in another container; stop that first, or choose another folder with --data`,
      )
    throw new Failure(`the data folder ${folder} cannot be written: ${messageOf(error)}`)
  }
}

/** Not mkdirSync's own recursion, which on Linux never ends below a folder such as /proc. */
function makeFolder(folder: string, made: string[]): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  if (statSync(dirname(folder), { throwIfNoEntry: false }) === undefined) makeFolder(dirname(folder), made)
  mkdirSync(folder)
  made.push(folder)
}

/** The deepest first; one with something in it stays, with all above it. */
function removeEmpty(made: readonly string[]): void {
  try {
    for (const folder of made.toReversed()) rmdirSync(folder)
  } catch {
    // It is in use by now, or gone.
  }
}

/** Of the regions that run on the folder now; undefined when none do. */
export function endpointsOf(folder: string): Endpoints | undefined {
  return holderOf(join(folder, lockName))?.endpoints
}

/** Runs that the folder's lock names, whether their supervisor is there or not. */
export function runsOf(folder: string): readonly string[] {
  return holder.safeParse(parseJson(readIfThere(join(folder, lockName)))).data?.runs ?? []
}

/** Of the regions that run on the folder now and have several nodes. */
export function nodeEndpointsOf(folder: string): NodeEndpoints {
  return holderOf(join(folder, lockName))?.nodes ?? {}
}

export function servicesOf(folder: string): Services {
  return holderOf(join(folder, lockName))?.services ?? {}
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

function refuseForeign(folder: string): void {
  const allowed = new Set([lockName, adminTokenName, natsSecretsName, messageKeysName, 'lost+found'])
  const strange = readdirSync(folder).filter(
    (name) => !name.startsWith('.') && !name.startsWith(socketName) && !allowed.has(name),
  )
  if (strange.length === 0) return
  const some = strange.slice(0, 3).join(', ')
  throw new Failure(
    `${folder} has no ${markerName} but other things in it (${some}); choose an empty or a new folder with --data`,
  )
}

function writeMarker(folder: string, before: Marker, regions: readonly Region[]): void {
  const wanted = Object.fromEntries(regions.map(({ name, number }) => [name, number]))
  for (const [name, number] of Object.entries(wanted)) {
    const was = before.regions[name]
    if (was !== undefined && was !== number)
      throw new Failure(
        `${folder} was written when ${name} had the number ${was}; it now has ${number}, and numbers must not change`,
      )
  }
  const after: Marker = { format, regions: { ...before.regions, ...wanted } }
  if (Object.keys(after.regions).length === Object.keys(before.regions).length) return
  writeWhole(folder, markerName, `${JSON.stringify(after, undefined, 2)}\n`)
}

/** The file is there in full, or as it was. */
function writeWhole(folder: string, name: string, text: string): void {
  const beside = join(folder, `.${name}.${process.pid}`)
  writeDurably(folder, beside, text)
  renameSync(beside, join(folder, name))
}

function writeDurably(folder: string, path: string, text: string): void {
  try {
    const file = openSync(path, 'w', 0o600)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
  } catch (error) {
    throw new Failure(`the data folder ${folder} cannot be written: ${messageOf(error)}`)
  }
}

type Told = Required<OpenOptions> & { readonly run: string }

/** Takes the lock; returns the runs of those that were found with a process that is gone. */
function lock(folder: string, { run, ...told }: Told): readonly string[] {
  const path = join(folder, lockName)
  const own = join(folder, `.${lockName}.${process.pid}`)
  const identity = identityOf(process.pid)
  for (let abandoned: readonly string[] = []; ; abandoned = [...abandoned, ...removeAbandoned(folder, path)]) {
    const runs = [run, ...abandoned].slice(0, runsRememberedMax)
    writeDurably(folder, own, JSON.stringify({ pid: process.pid, identity, ...told, runs }))
    try {
      if (tryLink(own, path)) return abandoned
    } finally {
      unlinkSync(own)
    }
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

/** Moves the lock aside before looking at it: of several processes that find it abandoned, one moves it. Returns its runs. */
function removeAbandoned(folder: string, path: string): readonly string[] {
  refuseHeld(folder, path)
  const aside = join(folder, `.${lockName}.${process.pid}.old`)
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
  try {
    refuseHeld(folder, aside)
    return holder.safeParse(parseJson(readIfThere(aside))).data?.runs ?? []
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

/** Undefined when the process that wrote it is gone. */
function holderOf(path: string): z.output<typeof holder> | undefined {
  const parsed = holder.safeParse(parseJson(readIfThere(path)))
  return parsed.success && identityOf(parsed.data.pid) === parsed.data.identity ? parsed.data : undefined
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isLockOf(folder: string, run: string): boolean {
  return holder.safeParse(parseJson(readIfThere(join(folder, lockName)))).data?.runs?.[0] === run
}

/** The folder may have been removed meanwhile, and be another run's. */
function releaseLock(folder: string, run: string): void {
  try {
    if (isLockOf(folder, run)) unlinkSync(join(folder, lockName))
  } catch {
    // It was removed at this moment.
  }
}
