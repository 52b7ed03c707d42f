/**
 * The token of a deployment's administration. Whoever has it may pause replication, cut links and break processes, so it lies in a file that
 * only its owner can read, beside the data. The first program that needs the file makes it; all others of the deployment read it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '../../process/failure.ts'
import { readSecret } from './nats/nats-access.ts'
import { makeSecretFile } from '../../process/files/secret-file.ts'

export const adminTokenName = 'admin-token'

export type AdminTokenOptions = {
  /** Wins over the file. */
  readonly adminToken?: string | undefined
  readonly adminTokenFile?: string | undefined
  /** Where the file lies when none is named. */
  readonly data: string
}

const tokenText = /^[\x21-\x7e]{16,256}$/

/** The token; its file is made when there is none. Throws a Failure when it cannot be, or others may read it. */
export function adminToken(options: AdminTokenOptions): string {
  const path = adminTokenPath(options)
  if (options.adminToken === undefined && !existsSync(path))
    makeSecretFile({ path, what: 'the administration token', text: `${randomBytes(32).toString('base64url')}\n` })
  return foundToken(options) ?? ''
}

/** The token, or undefined where its file is not there: nothing runs here. Throws a Failure when it may not be read. */
export function foundToken(options: AdminTokenOptions): string | undefined {
  const token = options.adminToken ?? tokenIn(adminTokenPath(options))
  if (token === undefined || tokenText.test(token)) return token
  throw new Failure(`${adminTokenPath(options)} has no token of 16 to 256 printable characters`)
}

function adminTokenPath({ adminTokenFile, data }: AdminTokenOptions): string {
  return adminTokenFile === undefined ? join(resolve(data), adminTokenName) : resolve(adminTokenFile)
}

function tokenIn(path: string): string | undefined {
  return existsSync(path) ? readSecret(path, 'the administration token').trim() : undefined
}
