/**
 * What a request says of its signature, in its Authorization header or in its query (presigned), taken apart. Without a
 * credentials file that is all that is looked at: any credentials will do, but a request that is not signed, or half
 * signed, is refused in AWS's words, so that a client which forgets to sign finds out here and not in production.
 */
import { required } from '../assert.ts'
import { ServiceError } from '../errors.ts'
import { authorizationSizeMax } from '../limits.ts'

export type SignatureParts = {
  readonly authorization: string | undefined
  /** X-Amz-Date, or else Date. */
  readonly date: string | undefined
  /** Of the query string, when there is one. */
  readonly query: URLSearchParams | undefined
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

/** Throws the ServiceError that a missing or incomplete signature is. */
export function checkAuthorization(parts: SignatureParts): void {
  const { authorization, date, query } = parts
  if (isPresigned(parts)) claimOfQuery(required(query, 'the query'))
  else if (date === undefined || !isUsual(authorization)) claimOfHeader(authorization, date)
}

/** By query rather than by header; throws when it is by both, or by neither. */
export function isPresigned({ authorization, query }: SignatureParts): boolean {
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

function isUsual(authorization: string | undefined): boolean {
  return authorization !== undefined && usualHeader.test(authorization)
}

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
  return claimOf(query.get('X-Amz-Credential') ?? '', query.get('X-Amz-SignedHeaders') ?? '')
}

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
