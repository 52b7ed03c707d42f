/**
 * The form of a request's signature. Whose it is and whether it is right is not looked at (any credentials will do),
 * but a request without one, or with half of one, is refused in AWS's words, so that a client which forgets to sign
 * finds out here and not in production.
 */
import { ServiceError } from '../errors.ts'

export type SignatureParts = {
  readonly authorization: string | undefined
  /** X-Amz-Date, or else Date. */
  readonly date: string | undefined
  /** Of the query string, when there is one. */
  readonly query: URLSearchParams | undefined
}

export function checkAuthorization({ authorization, date, query }: SignatureParts): void {
  const inQuery = query?.has('X-Amz-Algorithm') ?? false
  if (authorization !== undefined && inQuery)
    throw new ServiceError(
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
  if (inQuery && query !== undefined) return checkQuery(query)
  if (authorization === undefined || !authorization.trim().startsWith('AWS4-'))
    throw new ServiceError('MissingAuthenticationTokenException', 'Request is missing Authentication Token')
  return checkHeader(authorization, date)
}

/** As every SDK writes it; whatever looks otherwise is looked at part by part, to say what is wrong with it. */
const usualHeader =
  /^AWS4-HMAC-SHA256 Credential=[^\s,/]+(?:\/[^\s,/]+){4}, ?SignedHeaders=[^\s,]+, ?Signature=[^\s,]+$/

function checkHeader(authorization: string, date: string | undefined): void {
  if (date !== undefined && usualHeader.test(authorization)) return
  const given = headerParameters(authorization)
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !given.get(name))
    .map((name) => `Authorization header requires '${name}' parameter. `)
  if (date === undefined)
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
  if (missing.length > 0)
    throw new ServiceError('IncompleteSignatureException', `${missing.join('')}Authorization=${authorization}`)
  checkCredential(given.get('Credential') ?? '')
}

function checkQuery(query: URLSearchParams): void {
  const missing = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']
    .filter((name) => !query.get(name))
    .map((name) => `AWS query-string parameters must include '${name}'. `)
  if (missing.length > 0)
    throw new ServiceError('IncompleteSignatureException', `${missing.join('')}Re-examine the query-string parameters.`)
  checkCredential(query.get('X-Amz-Credential') ?? '')
}

function checkCredential(credential: string): void {
  if (credential.split('/').length !== 5)
    throw new ServiceError(
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    )
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
