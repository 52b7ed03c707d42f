/**
 * What the quorum servers of a deployment show each other, in files beside the regions' secrets: one password, and with TLS one certificate, which is
 * no other's: NATS servers of a cluster demand one that is for both sides of a connection.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeSecretFile } from '../../../process/files/secret-file.ts'
import { Failure } from '../../../process/failure.ts'
import { readSecret } from './nats-access.ts'
import { keepPeerCertificate } from '../certificates/peer-certificate.ts'

const what = 'the secret of the quorum servers'
const passwordIn = (secrets: string): string => join(secrets, 'quorum-servers')

/** Made when there is none. Throws a Failure that shows nothing of it. */
export function quorumPassword(secrets: string): string {
  const path = passwordIn(secrets)
  if (!existsSync(path)) makeSecretFile({ path, what, text: `${randomBytes(32).toString('hex')}\n` })
  const password = readSecret(path, what).trim()
  if (!/^[0-9a-f]{64}$/.test(password)) throw new Failure(`${what} ${path} is not what Longitude wrote`)
  return password
}

export type QuorumCertificate = { readonly cert: string; readonly key: string }

/** It is signed by itself, so it is also what it is known by. */
export const quorumCertificateIn = (secrets: string): QuorumCertificate => ({
  cert: join(secrets, 'quorum-servers.crt'),
  key: join(secrets, 'quorum-servers.key'),
})

/** Made when there is none, or one that ends within a year or is for other names. */
export async function makeQuorumCertificate(secrets: string, hosts: readonly string[]): Promise<void> {
  await keepPeerCertificate({ ...quorumCertificateIn(secrets), name: 'longitude-quorum', what, hosts })
}

/** New ones are made next. */
export function forgetQuorumSecrets(secrets: string): void {
  const { cert, key } = quorumCertificateIn(secrets)
  for (const path of [passwordIn(secrets), cert, key]) rmSync(path, { force: true })
}
