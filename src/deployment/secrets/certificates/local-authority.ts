/**
 * The authority of one deployment on one machine, in the folder `tls` beside its data, and the certificate that all its ports show. The authority's key never leaves
 * the folder. A new authority is certified by the one before it, so that a client which knows only that one goes on.
 */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Failure, messageOf } from '../../../process/failure.ts'
import { replaceSecretFile } from '../../../process/files/secret-file.ts'
import { type Certified, certify, crossCertify } from './certificate.ts'
import { withLock } from '../replaced-file.ts'

export const tlsFolderName = 'tls'

export type LocalTls = {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const dayMs = 24 * 60 * 60 * 1000
const authorityDays = 3650
const serverDays = 90
/** A certificate is renewed when less is left. */
const renewalMs = 30 * dayMs
/** So long an earlier authority is believed after a rotation: every program has read the new one by then. */
const earlierMs = 60 * 60 * 1000

export function localTlsIn(folder: string): LocalTls & { readonly authorityKey: string; readonly cross: string } {
  const at = (name: string): string => join(folder, name)
  return {
    ca: at('authority.crt'),
    authorityKey: at('authority.key'),
    cross: at('cross.crt'),
    cert: at('server.crt'),
    key: at('server.key'),
  }
}

/** Names and addresses by which the programs of one machine are reached. */
export function localHosts({ host, hostNames = [] }: Reached): readonly string[] {
  const own = host === '0.0.0.0' || host === '::' ? [hostname()] : [host]
  const usual = ['localhost', '127.0.0.1', '::1', 'host.docker.internal']
  return [...new Set([...usual, ...own, ...hostNames])]
}

type Reached = { readonly host: string; readonly hostNames?: readonly string[] | undefined }

/** Makes what is missing, and a new certificate where the one that is there is not for these hosts or ends soon. Rejects with a Failure. */
export async function keepLocalTls(folder: string, hosts: readonly string[]): Promise<LocalTls> {
  const paths = localTlsIn(folder)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const authority = await authorityIn(folder)
    dropEarlier(folder)
    if (!isGood(folder, authority, hosts)) await certifyServer(folder, authority, hosts)
  } catch (error) {
    throw error instanceof Failure
      ? error
      : new Failure(`the certificates in ${folder} cannot be made: ${messageOf(error)}`)
  }
  return { ca: paths.ca, cert: paths.cert, key: paths.key }
}

/** A new certificate for the hosts that the one before was for. */
export async function renewLocalTls(folder: string): Promise<void> {
  await certifyServer(folder, requireAuthority(folder), hostsOf(folder))
}

/** A new authority and a certificate by it. Clients that know the earlier one alone go on; Longitude's own programs believe it for an hour more. */
export async function rotateLocalTls(folder: string): Promise<void> {
  const [earlier, hosts] = [requireAuthority(folder), hostsOf(folder)]
  const authority = await newAuthority()
  const cross = await crossCertify(authority, authorityDays, earlier)
  const { ca, authorityKey, cross: crossPath } = localTlsIn(folder)
  await withLock(join(folder, 'lock'), () => {
    // In this order: a program that has read what is there at any moment believes what is shown then.
    write(ca, authority.certificate + earlier.certificate)
    write(crossPath, cross)
    write(authorityKey, authority.key)
  })
  await certifyServer(folder, authority, hosts)
}

export type LocalCertificate = {
  readonly what: string
  readonly path: string
  readonly hosts: string
  readonly end: Date
}

/** What is there, for people. Throws a Failure where there is nothing. */
export function localCertificates(folder: string): readonly LocalCertificate[] {
  requireAuthority(folder)
  const { ca, cert } = localTlsIn(folder)
  return [
    { what: 'authority', path: ca },
    { what: 'server', path: cert },
  ].map(({ what, path }) => {
    const { subjectAltName, validTo } = new X509Certificate(readFileSync(path))
    return { what, path, hosts: namesIn(subjectAltName).join(', '), end: new Date(validTo) }
  })
}

async function newAuthority(): Promise<Certified> {
  // Its own name: chains are looked for by names.
  const name = `Longitude authority ${randomBytes(4).toString('hex')}`
  return await certify({ name, days: authorityDays, use: 'authority' })
}

/** That whose key is there; a new one where there is none. */
async function authorityIn(folder: string): Promise<Certified> {
  const found = foundAuthority(folder)
  if (found !== undefined) return found
  const made = await newAuthority()
  const { ca, authorityKey } = localTlsIn(folder)
  write(authorityKey, made.key)
  write(ca, made.certificate)
  return made
}

function requireAuthority(folder: string): Certified {
  const found = foundAuthority(folder)
  if (found === undefined) throw new Failure(`${folder} holds no authority: \`longitude up --tls\` makes one`)
  return found
}

function foundAuthority(folder: string): Certified | undefined {
  const { ca, authorityKey } = localTlsIn(folder)
  if (!existsSync(ca) || !existsSync(authorityKey)) return undefined
  const key = readFileSync(authorityKey, 'utf8')
  const certificate = certificatesIn(ca).find((each) =>
    new X509Certificate(each).checkPrivateKey(createPrivateKey(key)),
  )
  return certificate === undefined ? undefined : { certificate, key }
}

/** After a rotation. */
function dropEarlier(folder: string): void {
  const { ca } = localTlsIn(folder)
  const [current, ...earlier] = certificatesIn(ca)
  if (current !== undefined && earlier.length > 0 && Date.now() - statSync(ca).mtimeMs > earlierMs) write(ca, current)
}

async function certifyServer(folder: string, authority: Certified, hosts: readonly string[]): Promise<void> {
  const made = await certify({ name: 'longitude', days: serverDays, use: 'server', hosts }, authority)
  const { cert, key, cross } = localTlsIn(folder)
  const chain = existsSync(cross) ? readFileSync(cross, 'utf8') : ''
  await withLock(join(folder, 'lock'), () => {
    write(key, made.key)
    write(cert, made.certificate + chain)
  })
}

function isGood(folder: string, authority: Certified, hosts: readonly string[]): boolean {
  const { cert, key } = localTlsIn(folder)
  if (!existsSync(cert) || !existsSync(key)) return false
  const read = new X509Certificate(readFileSync(cert))
  const isFor = hosts.every((host) => (isIP(host) === 0 ? read.checkHost(host) : read.checkIP(host)) !== undefined)
  return (
    isFor &&
    Date.parse(read.validTo) - Date.now() > renewalMs &&
    read.verify(new X509Certificate(authority.certificate).publicKey) &&
    read.checkPrivateKey(createPrivateKey(readFileSync(key)))
  )
}

function hostsOf(folder: string): readonly string[] {
  const { cert } = localTlsIn(folder)
  if (!existsSync(cert)) throw new Failure(`${cert} is not there: \`longitude up --tls\` makes it`)
  return namesIn(new X509Certificate(readFileSync(cert)).subjectAltName)
}

/** `DNS:localhost, IP Address:127.0.0.1`, as Node writes it. */
function namesIn(text: string | undefined): readonly string[] {
  return (text ?? '').split(', ').flatMap((each) => /^(?:DNS|IP Address):(.+)$/.exec(each)?.[1] ?? [])
}

function certificatesIn(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g)].map(([each]) => each)
}

function write(path: string, text: string): void {
  replaceSecretFile({ path, what: 'the certificate', text })
}
