/**
 * What a request says of its signature, in its Authorization header or in its query (presigned), taken apart. Without a
 * credentials file that is all that is looked at: any credentials will do, but a request that is not signed, or half
 * signed, is refused in AWS's words, so that a client which forgets to sign finds out here and not in production.
 */
import { required } from '../assert.ts'
import { ServiceError } from '../errors.ts'
import { authorizationSizeMax } from '../limits/limits.ts'
import { algorithm } from './canonical-request.ts'

export type SignatureParts = {
  readonly authorization: string | undefined
  /** X-Amz-Date, or else Date. */
  readonly date: string | undefined
  /** Of the query string, when there is one. */
  readonly query: URLSearchParams | undefined
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** Whose signature it says to be, for what, and over which headers. */
export type Claim = {
  readonly accessKeyId: string
  /** `20260101/us-east-1/dynamodb/aws4_request` */
  readonly scope: string
  readonly scopeDate: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  /** As they are in the request: names in lower case, between semicolons. */
  readonly signedHeaders: string
}

/** Of a header: everything before its signature is the same in all of a client's requests of a day. */
export type SignedHeader = { readonly stem: string; readonly signature: string }

/** Returns the region that the signature is for. Throws the ServiceError that a missing or incomplete signature is. */
export function checkAuthorization(parts: SignatureParts): string {
  const { authorization, date, query, headers } = parts
  if (!isPresigned(parts) && date !== undefined && authorization !== undefined && usualHeader.test(authorization)) {
    checkSignedHeaders(signedHeadersIn(authorization), headers)
    return regionIn(authorization)
  }
  const claim = isPresigned(parts)
    ? claimOfQuery(required(query, 'the query'))
    : claimOfHeader(authorization, date).claim
  checkSignedHeaders(claim.signedHeaders, headers)
  return claim.region
}

/** The third element of the credential, in an Authorization header of the usual form. */
function regionIn(authorization: string): string {
  const date = authorization.indexOf('/') + 1
  const start = authorization.indexOf('/', date) + 1
  return authorization.slice(start, authorization.indexOf('/', start))
}

/** By query rather than by header; throws when it is by both, or by neither. */
export function isPresigned({ authorization, query }: Pick<SignatureParts, 'authorization' | 'query'>): boolean {
  const inQuery = query?.has('X-Amz-Algorithm') ?? false
  if (inQuery && authorization !== undefined)
    throw new ServiceError(
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
  return inQuery
}

/** As every SDK writes it; whatever looks otherwise is looked at part by part, to say what is wrong with it. */
const usualHeader =
  /^AWS4-HMAC-SHA256 Credential=[^\s,/]+(?:\/[^\s,/]+){4}, ?SignedHeaders=[^\s,]+, ?Signature=[^\s,]+$/

/** Cuts the header where its signature begins, if it looks as usual. */
export function signedHeaderOf(authorization: string): SignedHeader | undefined {
  const at = authorization.length - signatureLength
  if (at < signatureName.length || !authorization.startsWith(signatureName, at - signatureName.length)) return undefined
  return { stem: authorization.slice(0, at), signature: authorization.slice(at) }
}

const signatureName = 'Signature='
/** Of SHA-256 as hex. */
const signatureLength = 64

export function claimOfHeader(
  authorization: string | undefined,
  date: string | undefined,
): { readonly claim: Claim; readonly signature: string } {
  if (authorization === undefined || !authorization.trim().startsWith('AWS4-'))
    throw new ServiceError('MissingAuthenticationTokenException', 'Request is missing Authentication Token')
  const given = headerParameters(authorization)
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !given.get(name))
    .map((name) => `Authorization header requires '${name}' parameter. `)
  if (date === undefined)
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
  if (missing.length > 0)
    throw new ServiceError(
      'IncompleteSignatureException',
      `${missing.join('')}Authorization=${authorization.slice(0, authorizationSizeMax)}`,
    )
  checkAlgorithm(authorization.trim().split(/[,\s]/, 1)[0] ?? '')
  const claim = claimOf(given.get('Credential') ?? '', given.get('SignedHeaders') ?? '')
  return { claim, signature: given.get('Signature') ?? '' }
}

/** The query's parameters are looked at by the caller: time, expiry and signature are in them. */
export function claimOfQuery(query: URLSearchParams): Claim {
  const missing = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']
    .filter((name) => !query.get(name))
    .map((name) => `AWS query-string parameters must include '${name}'. `)
  if (missing.length > 0)
    throw new ServiceError('IncompleteSignatureException', `${missing.join('')}Re-examine the query-string parameters.`)
  checkAlgorithm(query.get('X-Amz-Algorithm') ?? '')
  return claimOf(query.get('X-Amz-Credential') ?? '', query.get('X-Amz-SignedHeaders') ?? '')
}

/** There is one: what looks like a later version of it, or like it in other letters, proves nothing here. */
function checkAlgorithm(given: string): void {
  if (given !== algorithm)
    throw new ServiceError(
      'IncompleteSignatureException',
      `Unsupported AWS 'algorithm': '${given.slice(0, algorithmShownMax)}'.`,
    )
}

const algorithmShownMax = 100

/** Throws when the request lacks a header that its signature says to cover: it is not the request that was signed. */
export function checkSignedHeaders(signedHeaders: string, headers: Readonly<Record<string, unknown>>): void {
  const absent = absentName(signedHeaders, headers)
  if (absent === undefined) return
  throw new ServiceError(
    'InvalidSignatureException',
    `'${absent.slice(0, algorithmShownMax)}' is a 'SignedHeader' in the AWS Authorization, and the request has no such header.`,
  )
}

/** Returns whether the request has all headers that its Authorization header, one of the usual form, says to cover. */
export function hasSignedHeaders(authorization: string, headers: Readonly<Record<string, unknown>>): boolean {
  return absentName(signedHeadersIn(authorization), headers) === undefined
}

function absentName(signedHeaders: string, headers: Readonly<Record<string, unknown>>): string | undefined {
  return namesOf(signedHeaders).find((name) => headers[name] === undefined || !Object.hasOwn(headers, name))
}

/** The same few lists come again and again. */
let known = { text: 'host', names: ['host'] as readonly string[] }

function namesOf(signedHeaders: string): readonly string[] {
  if (signedHeaders !== known.text) known = { text: signedHeaders, names: signedHeaders.toLowerCase().split(';') }
  return known.names
}

/** The list of an Authorization header in its usual form. */
function signedHeadersIn(authorization: string): string {
  const start = authorization.indexOf(signedName) + signedName.length
  return authorization.slice(start, authorization.indexOf(',', start))
}

const signedName = 'SignedHeaders='

function claimOf(credential: string, signedHeaders: string): Claim {
  const parts = credential.split('/')
  if (parts.length !== 5)
    throw new ServiceError(
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    )
  const [accessKeyId = '', scopeDate = '', region = '', service = '', terminator = ''] = parts
  const scope = credential.slice(accessKeyId.length + 1)
  return { accessKeyId, scope, scopeDate, region, service, terminator, signedHeaders }
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, with or without the blanks. */
function headerParameters(authorization: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const part of authorization
    .trim()
    .split(/[,\s]+/)
    .slice(1)) {
    const equals = part.indexOf('=')
    if (equals > 0) parameters.set(part.slice(0, equals), part.slice(equals + 1))
  }
  return parameters
}
