/** A file that people change while a program runs. It is looked at again and again; one that cannot be read changes nothing. */
import { readFileSync, statSync } from 'node:fs'
import type { z } from 'zod'
import type { Log } from '../../ports/log.ts'
import { Failure, messageOf } from '../../process/failure.ts'

export type FollowedFile<Content> = {
  readonly current: () => Content
  /** Looks now, as after a change of this program's own. */
  look(): void
  stop(): void
}

type Following<Content> = {
  readonly path: string
  /** Another file that the content comes from, if it is there. */
  readonly beside?: string | undefined
  /** As messages call it: `credentials`. */
  readonly what: string
  /** Throws a Failure. */
  readonly read: (path: string) => Content
  /** What the log says of a new content. */
  readonly told: (content: Content) => Readonly<Record<string, unknown>>
  readonly log: Log
}

const lookMs = 1000

/** Throws a Failure when the file cannot be read now. */
export function followFile<Content>({
  path,
  beside,
  what,
  read,
  told,
  log,
}: Following<Content>): FollowedFile<Content> {
  const both = (): string => stateOf(path) + (beside === undefined ? '' : `, ${stateOf(beside)}`)
  let state = both()
  let content = read(path)
  if (isOpenToOthers(path)) log.warn(`the ${what} file can be read by other users of this machine`, { path })
  const look = (): void => {
    const now = both()
    if (now === state) return
    state = now
    try {
      content = read(path)
      log.info(`${what} read again`, { path, ...told(content) })
    } catch (error) {
      log.error(`${what} not read again: those known go on`, { path, reason: messageOf(error) })
    }
  }
  const timer = setInterval(look, lookMs).unref()
  return { current: () => content, look, stop: () => clearInterval(timer) }
}

/** The file's content by its schema. Throws a Failure that names places and wishes, never values: they may be secrets. */
export function readSecretFile<Content>(path: string, what: string, schema: z.ZodType<Content>): Content {
  const parsed = schema.safeParse(json(path, what))
  refuseIfOthersWrite(path, what)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${wishOf(issue)}`)
  throw new Failure(`the ${what} file ${path} is not as it should be (${problems.join('; ')})`)
}

/** Names of members that are not known are the writer's, and may be a secret in the wrong place. */
function wishOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? 'has members that are not known' : issue.message
}

function json(path: string, what: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`the ${what} file cannot be read: ${messageOf(error)}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure(`the ${what} file ${path} is no JSON`)
  }
}

function stateOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return 'none'
  }
}

/** A user who can write it can sign as anybody. */
function refuseIfOthersWrite(path: string, what: string): void {
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o022) !== 0)
    throw new Failure(
      `the ${what} file ${path} can be written by other users (mode ${mode.toString(8).padStart(4, '0')}): chmod go-w ${path}`,
    )
}

function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o007) !== 0
}
