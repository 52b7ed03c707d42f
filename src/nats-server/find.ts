/**
 * Makes sure of a nats-server that is new enough: the one that was named, else the PATH's, else the cache's, else Debian's
 * package, fetched without root through the mirror that this machine's apt already uses, else the official release.
 * What is fetched lands in the cache by a rename, so that starts at the same time do not disturb each other.
 */
import { accessSync, chmodSync, constants, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, messageOf } from '../process/failure.ts'
import { fetchDebianPackage, debianSuites } from './debian-package.ts'
import { fetchRelease } from './release.ts'
import { isNewEnough, versionFloor, versionOf } from './nats-version.ts'

export type NatsServer = {
  readonly path: string
  readonly version: string
  readonly from: 'option' | 'path' | 'cache' | 'debian' | 'release'
}

export type FindOptions = {
  /** As given by --nats-server. */
  readonly explicit: string | undefined
  readonly progress: (line: string) => void
  readonly cacheFolders?: readonly string[]
}

export async function findNatsServer({
  explicit,
  progress,
  cacheFolders = defaultFolders(),
}: FindOptions): Promise<NatsServer> {
  if (explicit !== undefined) return await explicitOne(explicit)
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((part) => part !== '')) {
    const found = await newEnough(join(folder, binaryName), 'path')
    if (found !== undefined) return found
  }
  for (const folder of cacheFolders) {
    const found = await newEnough(join(folder, binaryName), 'cache')
    if (found !== undefined) return found
  }
  return await fetched(cacheFolders, progress)
}

const binaryName = 'nats-server'

/** Shared by the clones of a person; in the clone where there is no home to write to. */
function defaultFolders(): readonly string[] {
  const user = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const clone = fileURLToPath(new URL('../../.cache', import.meta.url))
  return [join(user, 'longitude', 'nats-server'), join(clone, 'nats-server')]
}

async function explicitOne(path: string): Promise<NatsServer> {
  const version = await versionOf(path)
  if (version === undefined) throw new Failure(`${path} is not a nats-server that can be run here`)
  if (!isNewEnough(version)) throw new Failure(`${path} is nats-server ${version}; at least ${versionFloor} is needed`)
  return { path, version, from: 'option' }
}

async function newEnough(path: string, from: NatsServer['from']): Promise<NatsServer | undefined> {
  if (!isExecutable(path)) return undefined
  const version = await versionOf(path)
  return version !== undefined && isNewEnough(version) ? { path, version, from } : undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The ways in their order, each with what went wrong, for the error that names them all. */
async function fetched(cacheFolders: readonly string[], progress: (line: string) => void): Promise<NatsServer> {
  const cache = writableOf(cacheFolders)
  const reasons: string[] = []
  const ways = [
    ...debianSuites.map((suite) => ({
      from: 'debian' as const,
      name: `Debian's package (${suite})`,
      fetch: async (folder: string) => await fetchDebianPackage(suite, folder),
    })),
    { from: 'release' as const, name: 'the official release', fetch: fetchRelease },
  ]
  for (const { from, name, fetch } of ways) {
    progress(`nats-server: fetching ${name} …`)
    const work = mkdtempSync(join(cache, '.fetch-'))
    try {
      const path = install(await fetch(work), work, join(cache, binaryName))
      const found = await newEnough(path, from)
      if (found !== undefined) return found
      reasons.push(`${name} does not run here or is too old`)
    } catch (error) {
      reasons.push(`${name}: ${messageOf(error)}`)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
    progress(`nats-server: ${reasons.at(-1)}`)
  }
  throw new Failure(
    [
      `no nats-server ${versionFloor} or newer was found on the PATH or in ${cacheFolders.join(' or ')}, and none could be fetched:`,
      ...reasons.map((reason) => `  - ${reason}`),
      'Install one (https://github.com/nats-io/nats-server/releases) and name it with --nats-server or LONGITUDE_NATS_SERVER.',
    ].join('\n'),
  )
}

function writableOf(folders: readonly string[]): string {
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true })
      accessSync(folder, constants.W_OK)
      return folder
    } catch {
      // The next one, then.
    }
  }
  throw new Failure(`none of the folders for a nats-server can be written: ${folders.join(', ')}`)
}

/** Copied beside its place first: a rename within one folder is atomic, and replaces even a binary that is running. */
function install(binary: string, work: string, target: string): string {
  const beside = join(work, 'install')
  copyFileSync(binary, beside)
  chmodSync(beside, 0o755)
  renameSync(beside, target)
  return target
}
