/**
 * How this node shows itself to NATS servers and knows them: by TLS where the address begins with tls://, with a certificate
 * or an nkey of the region's own. The files are looked at when the node starts, so that it says then what is wrong with them, and are read
 * again for every connection, so that renewed certificates need no restart. What is in them is never logged.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { nkeyAuthenticator } from '@nats-io/transport-node'
import type { NatsServer } from '../../../adapters/nats/nats-connect.ts'
import type { ShownCertificate } from '../certificates/certificate-watch.ts'
import { Failure, messageOf } from '../../../process/failure.ts'

export type NatsAccessOptions = {
  readonly natsTlsCa?: string | undefined
  readonly natsTlsCert?: string | undefined
  readonly natsTlsKey?: string | undefined
  readonly natsNkey?: string | undefined
  /** Of the peers' servers. */
  readonly natsApiPrefix?: string | undefined
}

export type NatsAccess = {
  readonly own: (url: string) => NatsServer
  /** Addresses of one peer, separated by commas. */
  readonly peer: (urls: string) => readonly NatsServer[]
}

/** Throws a Failure that says which file cannot be used and why. */
export function natsAccess(options: NatsAccessOptions): NatsAccess {
  const { natsTlsCa: caFile, natsTlsCert: certFile, natsTlsKey: keyFile, natsApiPrefix: apiPrefix } = options
  if (caFile !== undefined) readCertificate(caFile, '--nats-tls-ca')
  requirePair({ certFile, keyFile, of: '--nats-tls' })
  const nkey = nkeyOf(options.natsNkey)
  const tls = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  }
  const own = (url: string): NatsServer => ({
    url,
    credentials: { ...(url.startsWith('tls://') ? { tls } : {}), ...nkey },
  })
  const peer = (url: string): NatsServer => ({ ...own(url), ...(apiPrefix === undefined ? {} : { apiPrefix }) })
  return { own, peer: (urls) => addressesIn(urls).map(peer) }
}

/** Of a region of several nodes there are several. */
export const addressesIn = (urls: string): readonly string[] => urls.split(',').filter((url) => url !== '')

export type KeyPair = {
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  /** Beginning of the options' names. */
  readonly of: string
}

/** Both or none, readable, of each other, and the key nobody else's to read. */
export function requirePair({ certFile, keyFile, of }: KeyPair): void {
  if (certFile === undefined && keyFile === undefined) return
  if (certFile === undefined || keyFile === undefined) throw new Failure(`${of}-cert and ${of}-key go together`)
  const certificate = readCertificate(certFile, `${of}-cert`)
  const key = readSecret(keyFile, `${of}-key`)
  if (!matches(certificate, key, `${of}-key ${keyFile}`))
    throw new Failure(`${of}-key ${keyFile} is not the key of ${of}-cert ${certFile}`)
}

function matches(certificate: X509Certificate, key: string, what: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    // What the library says of it may show some of it.
    throw new Failure(`${what} holds no private key that can be read`)
  }
}

function readCertificate(path: string, option: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(path))
  } catch (error) {
    throw new Failure(`${option} ${path}: ${messageOf(error)}`)
  }
}

/** Those of them that end one day. */
export function certificatesOf(options: {
  readonly natsTlsCert?: string | undefined
  readonly tlsCert?: string | undefined
}): readonly ShownCertificate[] {
  const { natsTlsCert, tlsCert } = options
  return [
    ...(natsTlsCert === undefined ? [] : [{ use: 'nats' as const, path: natsTlsCert }]),
    ...(tlsCert === undefined ? [] : [{ use: 'endpoint' as const, path: tlsCert }]),
  ]
}

/** A key that others of this machine may read or change is refused, as ssh does; its owner's group may read it. */
const forbiddenMode = 0o027

export function readSecret(path: string, option: string): string {
  let mode: number
  let text: string
  try {
    mode = statSync(path).mode & 0o777
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`${option} ${path}: ${messageOf(error)}`)
  }
  if ((mode & forbiddenMode) !== 0)
    throw new Failure(
      `${option} ${path} is open to others (mode ${mode.toString(8).padStart(4, '0')}): chmod 600 ${path}`,
    )
  return text
}

/** Reads the seed for every connection, so that one that was rotated needs no restart. While the file is unreadable the last seed stays. */
function nkeyOf(path: string | undefined): Pick<NonNullable<NatsServer['credentials']>, 'authenticator'> {
  if (path === undefined) return {}
  let seed = readSeed(path, '--nats-nkey')
  const current = (): Uint8Array => {
    try {
      seed = readSeed(path, '--nats-nkey')
    } catch {
      // The server says what it thinks of the seed that is left.
    }
    return new TextEncoder().encode(seed)
  }
  return { authenticator: nkeyAuthenticator(current) }
}

/** Throws a Failure that shows nothing of the file. */
export function readSeed(path: string, option: string): string {
  const seed = readSecret(path, option).trim()
  if (!/^SU[A-Z2-7]{56}$/.test(seed)) throw new Failure(`${option} ${path} holds no seed of a user's nkey`)
  return seed
}
