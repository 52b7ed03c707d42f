/**
 * Certificates for the regions of one deployment: an authority of its own, and what it signs for servers and nodes. Keys are P-256,
 * signatures ECDSA with SHA-256. The form is @peculiar/x509's, the cryptography is node:crypto's.
 */
// The library's container of algorithms asks for it, before anything else is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as GivenCertificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { randomBytes, webcrypto, type X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { required } from '../../../core/assert.ts'

export type Certified = {
  /** Both in PEM. */
  readonly certificate: string
  readonly key: string
}

const purposes = {
  server: [ExtendedKeyUsage.serverAuth],
  client: [ExtendedKeyUsage.clientAuth],
  /** Of servers that connect to each other. */
  peer: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
} as const

export type Wish = {
  readonly name: string
  readonly days: number
  readonly use: keyof typeof purposes | 'authority'
  /** Names and addresses by which a server is reached. */
  readonly hosts?: readonly string[]
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** A machine whose clock is a little behind must not find it not yet valid. */
const backdatedMs = 60 * 60 * 1000
const dayMs = 24 * 60 * 60 * 1000

cryptoProvider.set('node', webcrypto)

/** A new key, and its certificate by the authority; by itself where none is given. */
export async function certify(wish: Wish, authority?: Certified): Promise<Certified> {
  const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await certificateOf(wish, own, authority)
  const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey)
  return { certificate, key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n` }
}

/** The authority's own key, as certified by an earlier authority: who knows only that one believes what the new one has signed. */
export async function crossCertify(authority: Certified, days: number, earlier: Certified): Promise<string> {
  const { publicKey, subjectName } = new GivenCertificate(authority.certificate)
  const wish: Wish = { name: subjectName.getField('CN')[0] ?? '', days, use: 'authority' }
  return await certificateOf(wish, { publicKey: await publicKey.export(algorithm, ['verify']) }, earlier)
}

type Keys = { readonly publicKey: webcrypto.CryptoKey; readonly privateKey?: webcrypto.CryptoKey }

async function certificateOf(wish: Wish, own: Keys, authority: Certified | undefined): Promise<string> {
  const issuer = authority === undefined ? undefined : new GivenCertificate(authority.certificate)
  const nowMs = Date.now()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [wish.name] }],
    issuer: issuer === undefined ? [{ CN: [wish.name] }] : issuer.subjectName.toJSON(),
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + wish.days * dayMs),
    signingKey:
      authority === undefined ? required(own.privateKey, 'a key to sign with') : await privateKeyOf(authority),
    publicKey: own.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      ...extensionsOf(wish),
      await SubjectKeyIdentifierExtension.create(own.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? own.publicKey),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

export function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
}

async function privateKeyOf({ key }: Certified): Promise<webcrypto.CryptoKey> {
  const [bytes] = PemConverter.decode(key)
  if (bytes === undefined) throw new RangeError('the authority’s key is not in PEM')
  return await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
}

/** 16 random bytes in hex, a positive number without leading zeros. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes.toString('hex')
}

function extensionsOf({ use, hosts = [] }: Wish): readonly Extension[] {
  if (use === 'authority')
    return [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ]
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([...purposes[use]]),
    ...(hosts.length === 0 ? [] : [new SubjectAlternativeNameExtension(hosts.map(nameOf))]),
  ]
}

function nameOf(host: string): JsonGeneralName {
  switch (isIP(host)) {
    case 0:
      return { type: 'dns', value: host }
    case 4:
      return { type: 'ip', value: host }
    default:
      // In the one form that URLs have: without an IPv4 address in it.
      return { type: 'ip', value: new URL(`http://[${host}]`).hostname.slice(1, -1) }
  }
}
