/**
 * What the long-running processes, a node, a cache, the links and the front door, have in common: who is told when one cannot start,
 * where it logs, and how it ends.
 */
import { pinoLog } from '../adapters/system/pino-log.ts'
import type { Log } from '../ports/log.ts'
import { Failure, exitCode } from './failure.ts'
import { childOf } from './process-end.ts'
import type { Parent } from './process-end.ts'

/** For requests under way to be answered, and a store to be closed. */
const closeMsMax = 9000

/** Runs to its end, and ends the process: within a bounded time once it is asked to, also while it is still starting. */
export async function runRole(serve: (parent: Parent) => Promise<void>): Promise<void> {
  const parent = childOf()
  void endInTime(parent)
  try {
    await serve(parent)
    parent.exit()
  } catch (error) {
    // A supervisor says it to the person, who is not to read it twice.
    if (error instanceof Failure && (await parent.failed(error.message))) process.exit(exitCode.failure)
    throw error
  }
}

async function endInTime(parent: Parent): Promise<void> {
  const reason = await parent.end
  setTimeout(() => {
    console.error(`longitude: does not stop within ${closeMsMax / 1000} s after ${reason}, and is ended`)
    process.exit(exitCode.failure)
  }, closeMsMax).unref()
}

type Format = { readonly logFormat?: 'json' | 'text' | undefined }
type LogOptions = Format & {
  readonly fields: Readonly<Record<string, unknown>>
  readonly logLevel?: Parameters<typeof pinoLog>[0]['level'] | undefined
  /** The output, unless it is the command's answer. */
  readonly descriptor?: 1 | 2
  /** Whether --json was given. */
  readonly json: boolean
}

/** Text for people, also outside a terminal, unless JSON was asked for. */
export function isReadable({ logFormat }: Format, json: boolean): boolean {
  return (logFormat ?? (json ? 'json' : 'text')) === 'text'
}

export async function roleLog({ fields, logLevel, json, descriptor = 1, ...format }: LogOptions): Promise<Log> {
  return await pinoLog({ level: logLevel ?? 'info', readable: isReadable(format, json), fields, descriptor })
}

/** Where a command says how far it is: the error stream, a sentence or a line of JSON each. */
export function progressTo(json: boolean): (line: string) => void {
  return (line) => console.error(json ? JSON.stringify({ progress: line }) : `longitude: ${line}`)
}

/** Serves until it is told to end, and closes. */
export async function serveUntilEnd(parent: Parent, log: Log, close: () => Promise<void>): Promise<void> {
  const reason = await parent.end
  log.info('stopping', { reason })
  await close()
  log.info('stopped')
}
