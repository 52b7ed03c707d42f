/**
 * Verifies who sent a request: AWS Signature Version 4, by header or by query (presigned), with AWS's errors. The canonical
 * form is core/auth's; here is the hashing, which is the dearest thing that a read pays for, so: one-shot hashes, no Hmac
 * objects, and everything that a client's requests of one day have in common (claim, key, padded key blocks) is kept under
 * the part of the Authorization header that is the same in all of them.
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import {
  checkSignedHeaders,
  type Claim,
  claimOfHeader,
  claimOfQuery,
  isPresigned,
  signedHeaderOf,
} from '../../core/auth/authorization.ts'
import { canonicalRequest, headerLine, stringToSign } from '../../core/auth/canonical-request.ts'
import {
  type Credential,
  credentialOf,
  type Credentials,
  type Principal,
  type Session,
} from '../../core/auth/credentials.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkScope, checkSigningTime, expiryOf, type Scope, signingTimeOf } from '../../core/auth/signing-time.ts'
import { ServiceError } from '../../core/errors.ts'
import { signatureSkewMsMax, signersMax } from '../../core/limits/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import { signingKey } from './signer.ts'

export type SignaturesOptions = {
  /** As they are now. */
  readonly credentials: () => Credentials
  readonly regions: SignedRegions
  readonly clock: Clock
  /** DynamoDB unless said otherwise. */
  readonly service?: string
}

export type SignedRequest = {
  /** POST unless said otherwise. */
  readonly method?: string | undefined
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** As they came, names and values in turn: seldom asked for. */
  readonly rawHeaders: () => readonly string[]
  /** The body as it travelled: compressed, if it was. */
  readonly payload: Buffer
  /** The other end of the connection. */
  readonly address?: string | undefined
  /** By TLS. */
  readonly isSecure?: boolean | undefined
  /** The private listener that it came by. */
  readonly endpoint?: string | undefined
}

export class Signatures {
  readonly #options: SignaturesOptions
  #credentials: Credentials = new Map()
  /** By the Authorization header up to its signature. */
  readonly #signers = new Map<string, Signer>()
  #lastTime = ''
  #lastTimeMs = 0

  readonly #scope: Scope

  constructor(options: SignaturesOptions) {
    this.#options = options
    this.#scope = { regions: options.regions, service: options.service ?? 'dynamodb' }
  }

  /** Throws the ServiceError that the request is refused with. */
  verify(request: SignedRequest): Principal {
    this.#follow(this.#options.credentials())
    const { url, headers } = request
    const question = url.indexOf('?')
    if (question >= 0) {
      const query = new URLSearchParams(url.slice(question + 1))
      const { authorization } = headers
      if (isPresigned({ authorization, query })) return this.#verifyQuery(request, query)
    }
    return this.#verifyHeader(request)
  }

  #verifyHeader(request: SignedRequest): Principal {
    const { authorization, 'x-amz-date': amzDate = request.headers.date } = request.headers
    const time = typeof amzDate === 'string' ? amzDate : amzDate?.[0]
    const header = authorization === undefined ? undefined : signedHeaderOf(authorization)
    const known = header === undefined ? undefined : this.#signers.get(header.stem)
    if (header !== undefined && known !== undefined && time !== undefined) {
      if (!this.#isCurrent(time) || !time.startsWith(known.claim.scopeDate)) this.#checkTime(known.claim, time)
      checkToken(known.credential, request.headers['x-amz-security-token'], this.#options.clock.wallMs())
      return this.#proved(known, request, time, header.signature)
    }
    const { claim, signature } = claimOfHeader(authorization, time)
    this.#checkTime(claim, time ?? '')
    const signer = this.#signerOf(claim, request.headers['x-amz-security-token'])
    const principal = this.#proved(signer, request, time ?? '', signature)
    if (header !== undefined) this.#keep(header.stem, signer)
    return principal
  }

  #verifyQuery(request: SignedRequest, query: URLSearchParams): Principal {
    const claim = claimOfQuery(query)
    const time = query.get('X-Amz-Date') ?? ''
    const signedMs = signingTimeOf(time)
    const expiresSeconds = expiryOf(query.get('X-Amz-Expires'))
    checkSigningTime({ signedMs, expiresSeconds, nowMs: this.#options.clock.wallMs() })
    checkScope(claim, time, signedMs, this.#scope)
    const signer = this.#signerOf(claim, query.get('X-Amz-Security-Token') ?? undefined)
    return this.#proved(signer, request, time, query.get('X-Amz-Signature') ?? '')
  }

  #checkTime(claim: Claim, time: string): void {
    const signedMs = signingTimeOf(time)
    checkSigningTime({ signedMs, nowMs: this.#options.clock.wallMs() })
    checkScope(claim, time, signedMs, this.#scope)
  }

  /** Many requests are signed within one second. */
  #isCurrent(time: string): boolean {
    if (time !== this.#lastTime) {
      this.#lastTimeMs = signingTimeOf(time)
      this.#lastTime = time
    }
    return Math.abs(this.#options.clock.wallMs() - this.#lastTimeMs) <= signatureSkewMsMax
  }

  #signerOf(claim: Claim, token: string | string[] | undefined): Signer {
    const given = typeof token === 'string' ? token : undefined
    const found = credentialOf(this.#credentials, claim.accessKeyId, given)
    if (found === undefined) throw unrecognized()
    const { credential, session } = found
    checkToken(credential, token, this.#options.clock.wallMs())
    const signer = new Signer(claim, credential, session)
    if (!signer.names.includes('host'))
      throw new ServiceError(
        'InvalidSignatureException',
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
      )
    return signer
  }

  /** The usual case first; then with every header as it travelled, byte by byte and as often as it came. */
  #proved(signer: Signer, request: SignedRequest, time: string, signature: string): Principal {
    const payloadHash = hash('sha256', request.payload)
    const usual = linesOf(signer.names, request.headers)
    if (usual !== undefined && signer.signed(request, usual, payloadHash, time, signature)) return signer.principal
    checkSignedHeaders(signer.claim.signedHeaders, request.headers)
    const exact = exactLinesOf(signer.names, request.rawHeaders())
    if (exact !== usual && signer.signed(request, exact, payloadHash, time, signature)) return signer.principal
    throw new ServiceError(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    )
  }

  #keep(stem: string, signer: Signer): void {
    if (this.#signers.size >= signersMax) this.#signers.clear()
    this.#signers.set(stem, signer)
  }

  #follow(credentials: Credentials): void {
    if (credentials === this.#credentials) return
    this.#credentials = credentials
    this.#signers.clear()
  }
}

function unrecognized(): ServiceError {
  return new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.')
}

function checkToken(
  { sessionToken, expiresMs }: Credential,
  given: string | string[] | undefined,
  nowMs: number,
): void {
  if (
    given !== sessionToken &&
    (given === undefined || sessionToken === undefined || !equal(String(given), sessionToken))
  )
    throw unrecognized()
  if (expiresMs !== undefined && nowMs >= expiresMs)
    throw new ServiceError('ExpiredTokenException', 'The security token included in the request is expired')
}

/** Undefined where a header is not there, or more than once: the exact way knows what to do then. */
function linesOf(names: readonly string[], headers: IncomingHttpHeaders): string | undefined {
  let lines = ''
  for (const name of names) {
    const value = headers[name]
    if (typeof value !== 'string') return undefined
    lines += headerLine(name, value)
  }
  return lines
}

function exactLinesOf(names: readonly string[], rawHeaders: readonly string[]): string {
  return names
    .map((name) => {
      const values = rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === name)
      return headerLine(name, values.map((value) => value.trim()).join(','))
    })
    .join('')
}

type Signed = Pick<SignedRequest, 'method' | 'url'>

const blockSizeBytes = 64
const hashSizeBytes = 32
const hexLength = 64

/** A credential within a scope: its signing key, made once, as the two blocks that HMAC begins its hashes with. */
class Signer {
  readonly claim: Claim
  readonly credential: Credential
  readonly principal: Principal
  readonly names: readonly string[]
  /** The key's block, then the string to sign, which has the same length every time. */
  readonly #inner: Buffer
  readonly #outer = Buffer.alloc(blockSizeBytes + hashSizeBytes)
  readonly #expected = Buffer.alloc(hexLength)
  readonly #given = Buffer.alloc(hexLength)

  constructor(claim: Claim, credential: Credential, session: Session | undefined) {
    this.claim = claim
    this.credential = credential
    this.principal = { accessKeyId: claim.accessKeyId, ...(session === undefined ? {} : { session }) }
    this.names = claim.signedHeaders.toLowerCase().split(';')
    const key = signingKey(credential.secretAccessKey, claim)
    const length = stringToSign('20260101T000000Z', claim.scope, '0'.repeat(hexLength)).length
    this.#inner = Buffer.alloc(blockSizeBytes + length)
    for (let n = 0; n < blockSizeBytes; n++) {
      this.#inner[n] = (key[n] ?? 0) ^ 0x36
      this.#outer[n] = (key[n] ?? 0) ^ 0x5c
    }
  }

  signed(of: Signed, headerLines: string, payloadHash: string, time: string, signature: string): boolean {
    if (signature.length !== hexLength) return false
    const { scope, signedHeaders } = this.claim
    const { method = 'POST', url } = of
    const request = canonicalRequest({ method, url, signedHeaders, headerLines, payloadHash })
    const text = stringToSign(time, scope, hash('sha256', isAscii(request) ? request : Buffer.from(request, 'latin1')))
    this.#expected.write(this.#hmac(text), 'latin1')
    this.#given.write(signature, 'latin1')
    return timingSafeEqual(this.#expected, this.#given)
  }

  #hmac(text: string): string {
    // Dates as HTTP writes them are longer.
    const inner =
      text.length === this.#inner.length - blockSizeBytes
        ? this.#inner
        : Buffer.concat([this.#inner.subarray(0, blockSizeBytes), Buffer.from(text)])
    inner.write(text, blockSizeBytes, 'latin1')
    this.#outer.write(hash('sha256', inner, 'binary'), blockSizeBytes, 'latin1')
    return hash('sha256', this.#outer)
  }
}

/** Node gives headers byte by byte as characters; hashed as text, those beyond ASCII would become two bytes. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

/** In a time that says nothing of where they differ. */
function equal(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
