/**
 * What Signature Version 4 signs, as text. A request becomes its canonical form; the hash of that, with the time and the
 * scope, is the string to sign. Pure: whoever verifies hashes (http/access/signatures.ts).
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export type CanonicalParts = {
  readonly method: string
  /** As on the wire: path, and the query after its question mark. */
  readonly url: string
  /** The signed ones, in their order, as in the request: `host;x-amz-date`. */
  readonly signedHeaders: string
  /** The lines of the signed headers, each with its end. */
  readonly headerLines: string
  readonly payloadHash: string
  /** Of S3: the path counts as it is on the wire. */
  readonly isOfS3?: boolean | undefined
}

export function canonicalRequest(parts: CanonicalParts): string {
  const { method, url, signedHeaders, headerLines, payloadHash, isOfS3 = false } = parts
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const query = question < 0 ? '' : canonicalQuery(url.slice(question + 1))
  return `${method}\n${isOfS3 ? path : canonicalPath(path)}\n${query}\n${headerLines}\n${signedHeaders}\n${payloadHash}`
}

/** Of one header: no blanks around its value, and one where there are several. Several of one name are told apart by commas. */
export function headerLine(name: string, value: string): string {
  return `${name}:${value.includes('  ') ? value.trim().replaceAll(/ {2,}/g, ' ') : value.trim()}\n`
}

export function stringToSign(time: string, scope: string, requestHash: string): string {
  return `${algorithm}\n${time}\n${scope}\n${requestHash}`
}

export const algorithm = 'AWS4-HMAC-SHA256'
export const terminator = 'aws4_request'

/** Sorted by name and value, encoded anew; a presigned request's own signature is no part of what it signs. */
function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
      return [encoded(decoded(name)), encoded(decoded(value))] as const
    })
    .filter(([name]) => name !== 'X-Amz-Signature')
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Dots resolved, slashes single, and each segment encoded once more, as for every service but S3. */
function canonicalPath(path: string): string {
  if (path === '/' || path === '') return '/'
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(encoded(segment))
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** RFC 3986's unreserved characters stay as they are. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
