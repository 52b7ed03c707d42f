/**
 * The file of access keys: who may sign, and with what secret.
 *
 *   { "credentials": [{ "accessKeyId": "…", "secretAccessKey": "…", "sessionToken": "…", "expires": "2027-01-01T00:00:00Z" }] }
 *
 * Session token and expiry are for temporary ones. The file is looked at again and again, so that keys come and go while
 * the node runs; one that cannot be read changes nothing. Nothing of what is in it is ever logged.
 */
import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import type { Credentials } from '../../core/auth/credentials.ts'
import { credentialsMax } from '../../core/limits.ts'
import type { Log } from '../../ports/log.ts'
import { Failure, messageOf } from '../../process/failure.ts'

export type WatchedCredentials = { readonly current: () => Credentials; stop(): void }

const lookMs = 1000

/** Throws a Failure when the file cannot be read now, or others may write it. */
export function watchCredentials(path: string, log: Log): WatchedCredentials {
  let state = stateOf(path)
  let credentials = readCredentials(path)
  if (isOpenToOthers(path)) log.warn('the credentials file can be read by other users of this machine', { path })
  const look = (): void => {
    const now = stateOf(path)
    if (now === state) return
    state = now
    try {
      credentials = readCredentials(path)
      log.info('credentials read again', { path, keys: credentials.size })
    } catch (error) {
      log.error('credentials not read again: those known go on', { path, reason: messageOf(error) })
    }
  }
  const timer = setInterval(look, lookMs).unref()
  return { current: () => credentials, stop: () => clearInterval(timer) }
}

const entry = z.strictObject({
  accessKeyId: z.string().regex(/^[\w.-]{1,128}$/, 'letters, digits and _ . - only'),
  secretAccessKey: z.string().min(1).max(256),
  sessionToken: z.string().min(1).max(8192).optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
})
const file = z.strictObject({ credentials: z.array(entry).max(credentialsMax) })

export function readCredentials(path: string): Credentials {
  const parsed = file.safeParse(json(path))
  refuseIfOthersWrite(path)
  if (!parsed.success) {
    // Places and wishes, never values.
    const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${wishOf(issue)}`)
    throw new Failure(`the credentials file ${path} is not as it should be (${problems.join('; ')})`)
  }
  const entries = parsed.data.credentials.map(({ accessKeyId, secretAccessKey, sessionToken, expires }) => ({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expires === undefined ? {} : { expiresMs: Date.parse(expires) }),
  }))
  const credentials = new Map(entries.map((each) => [each.accessKeyId, each]))
  if (credentials.size < entries.length) throw new Failure(`the credentials file ${path} has an access key twice`)
  return credentials
}

/** Names of members that are not known are the writer's, and may be a secret in the wrong place. */
function wishOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? 'has members that are not known' : issue.message
}

function json(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`the credentials file cannot be read: ${messageOf(error)}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure(`the credentials file ${path} is no JSON`)
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
function refuseIfOthersWrite(path: string): void {
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o022) !== 0)
    throw new Failure(
      `the credentials file ${path} can be written by other users (mode ${mode.toString(8).padStart(4, '0')}): chmod go-w ${path}`,
    )
}

function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o007) !== 0
}
