/**
 * The deployments of this user that run on this machine. `longitude up` writes a record of itself into a folder of the user's, and removes it when
 * it ends, so that commands find it from any folder. A record says where the deployment is, never a secret of it. A record whose
 * process is gone, known by its number and the moment of its start, counts as none and is dropped.
 */
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { z } from 'zod'
import {
  deploymentNamesTriedMax,
  deploymentRecordBytesMax,
  deploymentRecordsMax,
} from '../core/limits/deployment-limits.ts'
import { Failure, codeOf } from '../process/failure.ts'
import { identityOf } from '../process/process-identity.ts'

export const deploymentName = /^[a-z0-9][a-z0-9-]{0,39}$/

const record = z.object({
  name: z.string().regex(deploymentName),
  pid: z.int(),
  /** Of the process, beside its number, which the system gives again. */
  identity: z.string(),
  /** Absolute, as every path here. */
  data: z.string(),
  basePort: z.int(),
  startedMs: z.number(),
  /** What its ports follow from (layout.ts), beside the base port. */
  regions: z.array(z.string()).default([]),
  host: z.string().default('127.0.0.1'),
  cache: z.boolean().default(true),
  /** Of each region. */
  nodes: z.int().default(1),
  frontDoor: z.boolean().default(true),
  frontDoorPort: z.int().optional(),
  console: z.boolean().default(true),
  consolePort: z.int().optional(),
  regionsFolder: z.string().optional(),
  /** Whether it speaks TLS, and what its certificate is known by. */
  tls: z.boolean().default(false),
  tlsCa: z.string().optional(),
  /** Where its files of secrets lie, when they are not in the data folder. */
  adminTokenFile: z.string().optional(),
  credentials: z.string().optional(),
  identities: z.string().optional(),
})

export type RunningDeployment = Readonly<z.output<typeof record>>
export type OwnDeployment = Omit<z.input<typeof record>, 'name' | 'pid' | 'identity' | 'startedMs'>
export type Recorded = { readonly name: string; forget(): void }

/** As the XDG base directory specification has it: a relative path counts as none. */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment['XDG_STATE_HOME'] ?? ''
  return join(isAbsolute(given) ? given : join(homedir(), '.local', 'state'), 'longitude', 'deployments')
}

/** Those that run now, by name. */
export function runningDeployments(folder: string = stateFolder()): readonly RunningDeployment[] {
  return namesIn(folder)
    .flatMap((file) => runningIn(folder, file) ?? [])
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

export type RecordOptions = {
  /** Asked for: it is refused when another deployment has it. */
  readonly name?: string | undefined
  readonly folder?: string
}

/** Records this process. Throws a Failure when the name is taken; anything else that goes wrong is an error of the system. */
export function recordDeployment(own: OwnDeployment, { name, folder = stateFolder() }: RecordOptions = {}): Recorded {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const wanted = name ?? nameFor(own.data)
  for (let tried = 1; tried <= deploymentNamesTriedMax; tried++) {
    const candidate = tried === 1 ? wanted : `${wanted.slice(0, 36)}-${tried}`
    if (write(folder, candidate, own)) return { name: candidate, forget: () => forget(folder, candidate) }
    if (name !== undefined) throw taken(folder, name)
  }
  throw new Failure(`no name is free for a deployment like ${wanted}; give it one by --name`)
}

/** After the project's folder: `data` alone says nothing. */
export function nameFor(data: string): string {
  const word = basename(data) === 'data' ? basename(dirname(data)) : basename(data)
  const plain = word
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return plain.slice(0, 40) || 'longitude'
}

function taken(folder: string, name: string): Failure {
  const holder = runningIn(folder, `${name}.json`)
  const where = holder === undefined ? '' : `, on ${holder.data} (process ${holder.pid})`
  return new Failure(`a deployment named ${name} runs already${where}; give another --name`)
}

/** False when a deployment that runs has the name. Several processes may try it at the same time: one gets it. */
function write(folder: string, name: string, own: OwnDeployment): boolean {
  const path = pathOf(folder, name)
  const beside = besideOf(path)
  const identity = identityOf(process.pid)
  writeFileSync(beside, `${JSON.stringify({ name, pid: process.pid, identity, startedMs: Date.now(), ...own })}\n`, {
    mode: 0o600,
  })
  try {
    // The record of a process that is gone is dropped when it is looked at, and then the name is free.
    for (let tries = 0; tries < 2; tries++) {
      if (isLinked(beside, path)) return true
      if (runningIn(folder, `${name}.json`) !== undefined) return false
    }
    return false
  } finally {
    rmSync(beside, { force: true })
  }
}

function isLinked(beside: string, path: string): boolean {
  try {
    linkSync(beside, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json') && !file.startsWith('.'))
      .slice(0, deploymentRecordsMax)
  } catch {
    return []
  }
}

/** Undefined when it does not run; its record is dropped then. */
function runningIn(folder: string, file: string): RunningDeployment | undefined {
  const path = join(folder, file)
  const found = recordAt(path)
  if (found !== undefined && isRunning(found) && `${found.name}.json` === file) return found
  drop(path)
  return undefined
}

/** Moves the record aside before it is removed: between the look and the removal another process may have taken the name. */
function drop(path: string): void {
  const aside = besideOf(path)
  try {
    renameSync(path, aside)
    const moved = recordAt(aside)
    if (moved !== undefined && isRunning(moved)) isLinked(aside, path)
    rmSync(aside, { force: true })
  } catch {
    // Another process drops it, or the folder cannot be written: it counts as none in any case.
  }
}

function forget(folder: string, name: string): void {
  const path = pathOf(folder, name)
  if (recordAt(path)?.pid === process.pid) rmSync(path, { force: true })
}

function isRunning({ pid, identity }: RunningDeployment): boolean {
  return identityOf(pid) === identity
}

function recordAt(path: string): RunningDeployment | undefined {
  try {
    if (statSync(path).size > deploymentRecordBytesMax) return undefined
    return record.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data
  } catch {
    return undefined
  }
}

const pathOf = (folder: string, name: string): string => join(folder, `${name}.json`)
const besideOf = (path: string): string => join(dirname(path), `.${basename(path)}.${process.pid}`)
