/**
 * The file of access keys: who may sign, and with what secret.
 *
 *   { "credentials": [{ "accessKeyId": "…", "secretAccessKey": "…", "sessionToken": "…", "expires": "2027-01-01T00:00:00Z" }] }
 *
 * Session token and expiry are for temporary ones. The file is looked at again and again, so that keys come and go while
 * the node runs; one that cannot be read changes nothing. Nothing of what is in it is ever logged.
 */
import { z } from 'zod'
import type { Credentials } from '../../../core/auth/credentials.ts'
import { credentialsMax } from '../../../core/limits/limits.ts'
import type { Log } from '../../../ports/log.ts'
import { Failure } from '../../../process/failure.ts'
import { type FollowedFile, followFile, readSecretFile } from '../followed-file.ts'

export type WatchedCredentials = FollowedFile<Credentials>

/** Throws a Failure when the file cannot be read now, or others may write it. */
export function watchCredentials(path: string, log: Log): WatchedCredentials {
  const told = (credentials: Credentials) => ({ keys: credentials.size })
  return followFile({ path, what: 'credentials', read: readCredentials, told, log })
}

export const accessKeyIdForm = z.string().regex(/^[\w.-]{1,128}$/, 'letters, digits and _ . - only')
export const secretForm = z.string().min(1).max(256)

const entry = z.strictObject({
  accessKeyId: accessKeyIdForm,
  secretAccessKey: secretForm,
  sessionToken: z.string().min(1).max(8192).optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
})
const file = z.strictObject({ credentials: z.array(entry).max(credentialsMax) })

export function readCredentials(path: string): Credentials {
  const entries = readSecretFile(path, 'credentials', file).credentials.map(
    ({ accessKeyId, secretAccessKey, sessionToken, expires }) => ({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expires === undefined ? {} : { expiresMs: Date.parse(expires) }),
    }),
  )
  const credentials = new Map(entries.map((each) => [each.accessKeyId, each]))
  if (credentials.size < entries.length) throw new Failure(`the credentials file ${path} has an access key twice`)
  return credentials
}
