/**
 * Certificates for the regions of one deployment: an authority of its own, and what it signs for servers and nodes. Keys and
 * signatures are node:crypto's (P-256, SHA-256); only the form around them is put together here, since a package that does it
 * brings twenty others along.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import { bits, identifier, integer, octets, sequence, set, tagged, time, utf8, yes } from './der.ts'

export type Certified = {
  /** Both in PEM. */
  readonly certificate: string
  readonly key: string
}

export type Wish = {
  readonly name: string
  readonly days: number
  readonly use: 'authority' | 'server' | 'client'
  /** Names and addresses by which a server is reached. */
  readonly hosts?: readonly string[]
}

/** A new key, and its certificate by the authority; by itself where none is given. */
export function certify(wish: Wish, authority?: Certified): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = authority === undefined ? undefined : new X509Certificate(authority.certificate)
  const issuerKey = authority === undefined ? publicKey : createPublicKey(authority.certificate)
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    serialNumber(),
    signatureAlgorithm,
    nameOf(issuer === undefined ? wish.name : commonNameOf(issuer)),
    validity(wish.days),
    nameOf(wish.name),
    spki(publicKey),
    tagged(3, sequence(...extensions(wish, publicKey, issuerKey))),
  )
  const signature = sign('sha256', body, authority === undefined ? privateKey : createPrivateKey(authority.key))
  const bytes = sequence(body, signatureAlgorithm, bits(signature))
  return { certificate: pem(bytes), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

export function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
}

/** A machine whose clock is a little behind must not find it not yet valid. */
const backdatedMs = 60 * 60 * 1000
const dayMs = 24 * 60 * 60 * 1000

const signatureAlgorithm = sequence(identifier('1.2.840.10045.4.3.2'))

function validity(days: number): Buffer {
  const nowMs = Date.now()
  return sequence(time(new Date(nowMs - backdatedMs)), time(new Date(nowMs + days * dayMs)))
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return integer(bytes)
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(identifier('2.5.4.3'), utf8(commonName))))
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function extensions({ use, hosts = [] }: Wish, own: KeyObject, issuer: KeyObject): readonly Buffer[] {
  const identifiers = [
    extension('2.5.29.14', octets(keyIdentifier(own))),
    extension('2.5.29.35', sequence(tagged(0, keyIdentifier(issuer), { constructed: false }))),
  ]
  if (use === 'authority') {
    const signsOnly = bits(Buffer.from([0b0000_0110]), 1)
    return [critical('2.5.29.19', sequence(yes)), critical('2.5.29.15', signsOnly), ...identifiers]
  }
  const purpose = use === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'
  return [
    critical('2.5.29.19', sequence()),
    critical('2.5.29.15', bits(Buffer.from([0b1000_0000]), 7)),
    extension('2.5.29.37', sequence(identifier(purpose))),
    ...identifiers,
    ...(hosts.length === 0 ? [] : [extension('2.5.29.17', sequence(...hosts.map(hostOf)))]),
  ]
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(identifier(id), octets(value))
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(identifier(id), yes, octets(value))
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1').update(spki(key)).digest()
}

function hostOf(host: string): Buffer {
  const address = addressBytes(host)
  return address === undefined
    ? tagged(2, Buffer.from(host, 'ascii'), { constructed: false })
    : tagged(7, address, { constructed: false })
}

function addressBytes(host: string): Buffer | undefined {
  switch (isIP(host)) {
    case 4:
      return Buffer.from(host.split('.').map(Number))
    case 6:
      return sixBytes(host)
    default:
      return undefined
  }
}

/** In the one form that URLs have; `::` stands for as many zeros as are missing. */
function sixBytes(host: string): Buffer {
  const plain = new URL(`http://[${host}]`).hostname.slice(1, -1)
  const [head = [], tail] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0')
  const groups = [...head, ...zeros, ...(tail ?? [])].map((group) => parseInt(group, 16))
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
