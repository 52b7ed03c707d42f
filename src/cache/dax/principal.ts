/**
 * Whose connection it is. A client signs as for a request to the service dax, and sends the signature with the text that it signed: that it holds the key
 * and did so just now is what the signature proves.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Claim } from '../../core/auth/authorization.ts'
import { algorithm } from '../../core/auth/canonical-request.ts'
import { credentialOf, type Credentials, type Session } from '../../core/auth/credentials.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkRegion, checkScope, checkSigningTime, signingTimeOf } from '../../core/auth/signing-time.ts'
import type { CborReader } from '../../core/cbor/cbor-reader.ts'
import { ServiceError } from '../../core/errors.ts'
import { signingKey } from '../../http/access/signer.ts'

export type DaxPrincipal = {
  readonly accessKeyId: string
  readonly region: string
  readonly sessionToken: string | undefined
  /** Of temporary credentials that the deployment has given out. */
  readonly session?: Session
  /** How long its credentials are still good; without an end when undefined. */
  readonly validMs?: number | undefined
}

export type Authorizing = {
  readonly regions: SignedRegions
  /** As they are now; undefined where signatures are looked at in form only. */
  readonly credentials: Credentials | undefined
  readonly nowMs: number
}

type Sent = {
  readonly accessKeyId: string
  readonly signature: string
  readonly stringToSign: string
  readonly sessionToken: string | undefined
}

/** Reads the values of authorizeConnection and checks them. Throws the ServiceError that the client is to be refused with. */
export function authorize(reader: CborReader, authorizing: Authorizing): DaxPrincipal {
  const sent = readSent(reader)
  const { accessKeyId, sessionToken } = sent
  const claim = claimOf(sent)
  const principal = { accessKeyId, region: claim.region, sessionToken }
  if (authorizing.credentials !== undefined)
    return { ...principal, ...verified(sent, claim, authorizing.credentials, authorizing) }
  checkRegion(claim.region, authorizing.regions)
  return principal
}

function readSent(reader: CborReader): Sent {
  const [accessKeyId, signature] = [reader.text(), reader.text()]
  const stringToSign = reader.bytes().toString()
  const sessionToken = reader.isNull() ? undefined : reader.text()
  return { accessKeyId, signature, stringToSign, sessionToken }
}

type SignedClaim = Claim & { readonly time: string }

/** Algorithm, time, scope and the hash of a request: the client's own, whose host is as it was told. */
function claimOf({ accessKeyId, stringToSign }: Sent): SignedClaim {
  const [given, time, scope, , ...more] = stringToSign.split('\n')
  const parts = (scope ?? '').split('/')
  if (given !== algorithm || time === undefined || scope === undefined || parts.length !== 4 || more.length > 0)
    throw incomplete('The string to sign is not one of Signature Version 4.')
  if (!keyPattern.test(accessKeyId) || !scopePattern.test(scope)) throw incomplete('The access key is not one of AWS.')
  const [scopeDate = '', region = '', service = '', terminator = ''] = parts
  return { accessKeyId, scope, scopeDate, region, service, terminator, signedHeaders: 'host;x-amz-date', time }
}

/** What an Authorization header can name. */
const keyPattern = /^[\w.@+=-]{1,128}$/
const scopePattern = /^[\w.-]+(?:\/[\w.-]+){3}$/

type Verified = Pick<DaxPrincipal, 'session' | 'validMs'>

function verified(sent: Sent, claim: SignedClaim, credentials: Credentials, { regions, nowMs }: Authorizing): Verified {
  const signedMs = signingTimeOf(claim.time)
  checkSigningTime({ signedMs, nowMs })
  checkScope(claim, claim.time, signedMs, { regions, service: 'dax' })
  const found = credentialOf(credentials, claim.accessKeyId, sent.sessionToken)
  if (found === undefined || !isSameToken(found.credential.sessionToken, sent.sessionToken)) throw unrecognized()
  const { credential, session } = found
  const { expiresMs } = credential
  if (expiresMs !== undefined && nowMs >= expiresMs)
    throw new ServiceError('ExpiredTokenException', 'The security token included in the request is expired')
  const key = signingKey(credential.secretAccessKey, claim)
  const expected = createHmac('sha256', key).update(sent.stringToSign).digest()
  const given = Buffer.from(sent.signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new ServiceError(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    )
  return {
    ...(session === undefined ? {} : { session }),
    ...(expiresMs === undefined ? {} : { validMs: expiresMs - nowMs }),
  }
}

/** In a time that says nothing of where they differ. */
function isSameToken(known = '', given = ''): boolean {
  return timingSafeEqual(hash('sha256', known, 'buffer'), hash('sha256', given, 'buffer'))
}

function unrecognized(): ServiceError {
  return new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.')
}

function incomplete(message: string): ServiceError {
  return new ServiceError('IncompleteSignatureException', message)
}
