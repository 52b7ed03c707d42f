/**
 * A store's folder belongs to one process at a time. The process that listens on the socket in it has it: the kernel ends that
 * with the process, however it dies, so there is no stale lock to be judged by process ids, which are used again and
 * differ between containers. A marker file tells our folders from others.
 */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join, relative } from 'node:path'
import { StoreInUse, StoreUnusable } from '../../ports/store.ts'

export type FolderClaim = { readonly release: () => Promise<void> }

const markerName = 'LONGITUDE'
const markerText = 'longitude store, format 1\n'
const lockName = 'lock.sock'
/** Longer paths of sockets are cut off by the kernel. */
const socketPathBytesMax = 100
/** Some mounted folders cannot hold sockets. There a second process is not noticed. */
const noSocketCodes = ['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL', 'ENOSYS']

export async function claimFolder(folder: string): Promise<FolderClaim> {
  try {
    await mkdir(folder, { recursive: true })
    await checkMarker(folder)
    return await lock(folder)
  } catch (error) {
    throw error instanceof StoreUnusable ? error : unusable(folder, error)
  }
}

function unusable(folder: string, error: unknown): StoreUnusable {
  const { code, message } = error as NodeJS.ErrnoException
  const reason =
    code === 'EACCES' || code === 'EROFS' || code === 'EPERM'
      ? `The folder ${folder} cannot be written.`
      : code === 'ENOTDIR' || code === 'EEXIST'
        ? `${folder} is not a folder.`
        : `The folder ${folder} cannot be used: ${message}.`
  return new StoreUnusable(`${reason} Give another one, or mend its permissions.`, { cause: error })
}

async function checkMarker(folder: string): Promise<void> {
  const path = join(folder, markerName)
  const text = await readIfThere(path)
  if (text === markerText) return
  if (text !== undefined)
    throw new StoreUnusable(
      `The data in ${folder} is of a version that this one cannot read: ${text.slice(0, 80).trim()}.`,
    )
  const others = (await readdir(folder)).filter((name) => name !== lockName)
  if (others.length > 0)
    throw new StoreUnusable(`The folder ${folder} is not empty and not a region's data. Give an empty or a new one.`)
  await writeDurably(path, markerText)
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { flush: true })
  await rename(`${path}.new`, path)
}

async function lock(folder: string): Promise<FolderClaim> {
  return await claimSocket(folder, lockName)
}

/** Rejects with StoreInUse while a process, of whichever container, listens on the folder's socket of this name. */
export async function claimSocket(folder: string, name: string): Promise<FolderClaim> {
  const directory = await open(folder)
  const path = socketPath(folder, directory.fd, name)
  try {
    const server = (await listen(path)) ?? (await listenAfterDead(folder, path))
    return {
      release: async () => {
        await new Promise<void>((resolve) => server.close(() => resolve()))
        await directory.close()
      },
    }
  } catch (error) {
    if (noSocketCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return { release: () => directory.close() }
    await directory.close()
    throw error
  }
}

/** A socket without a listener was left by a process that died. It is moved away first: of two that find it, one goes on. */
async function listenAfterDead(folder: string, path: string): Promise<Server> {
  const aside = `${path}.${process.pid}`
  if (await isAlive(path)) throw inUse(folder)
  await rename(path, aside)
  if (await isAlive(aside)) {
    await rename(aside, path)
    throw inUse(folder)
  }
  await rm(aside, { force: true })
  const server = await listen(path)
  if (server === undefined) throw inUse(folder)
  return server
}

function inUse(folder: string): StoreInUse {
  return new StoreInUse(`Another process is using the folder ${folder}. Stop that one, or give another folder.`)
}

/** undefined: the address is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => resolve(server.unref()))
  })
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function socketPath(folder: string, directory: number, name: string): string {
  const paths = [join(folder, name), relative(process.cwd(), join(folder, name))]
  const short = paths.find((path) => Buffer.byteLength(path) <= socketPathBytesMax - 12)
  return short ?? `/proc/self/fd/${directory}/${name}`
}
