/** Certificates of programs that connect to each other: signed by itself, such a one is also what its owners are known by. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { replaceSecretFile } from '../../../process/files/secret-file.ts'
import type { Certified } from './certificate.ts'

const certificateDays = 3650
const renewalMs = 365 * 24 * 60 * 60 * 1000

export type PeerCertificate = {
  readonly cert: string
  readonly key: string
  /** In the certificate. */
  readonly name: string
  /** In messages. */
  readonly what: string
  readonly hosts: readonly string[]
}

/** Made when there is none, or one that ends within a year or is for other names. */
export async function keepPeerCertificate(wish: PeerCertificate): Promise<void> {
  const { cert, key, hosts } = wish
  if (existsSync(key) && existsSync(cert) && isGood(cert, hosts)) return
  replacePeerCertificate(wish, await peerCertificate(wish))
}

/** Another one, which is in no file yet. */
export async function peerCertificate({ name, hosts }: PeerCertificate): Promise<Certified> {
  // Its library takes longer to load than most of a node's start, and 5 MB.
  const { certify } = await import('./certificate.ts')
  return await certify({ name, days: certificateDays, use: 'peer', hosts })
}

export function replacePeerCertificate({ cert, key, what }: PeerCertificate, made: Certified): void {
  replaceSecretFile({ path: key, what, text: made.key })
  replaceSecretFile({ path: cert, what, text: made.certificate })
}

function isGood(path: string, hosts: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(readFileSync(path))
    // Asked for a name as an address, it throws.
    const isFor = (host: string): boolean =>
      (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined
    return Date.parse(certificate.validTo) - Date.now() > renewalMs && hosts.every(isFor)
  } catch {
    return false
  }
}
