/**
 * Makes Signature Version 4, for those who send requests: the drills' clients, and a cache that has changed a request. Who verifies
 * (signatures.ts) uses the same key and keeps it.
 */
import { createHmac, hash } from 'node:crypto'
import { algorithm, canonicalRequest, headerLine, stringToSign, terminator } from '../../core/auth/canonical-request.ts'

export type Scope = { readonly scopeDate: string; readonly region: string; readonly service: string }

export type Unsigned = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly scope: Scope
  /** As in `x-amz-date`: `20260101T120000Z`. */
  readonly time: string
  /** As on the wire: path and query. */
  readonly url: string
  /** The headers to be signed, in this order, with their values; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** SHA-256 of the body as it travels, in hex. */
  readonly payloadHash: string
  /** POST where not said otherwise. */
  readonly method?: string
}

/** The value of the Authorization header. */
export function authorizationOf(request: Unsigned): string {
  const { accessKeyId, secretAccessKey, scope, time, url, headers, payloadHash, method = 'POST' } = request
  const signedHeaders = headers.map(([name]) => name).join(';')
  const headerLines = headers.map(([name, value]) => headerLine(name, value)).join('')
  const canonical = canonicalRequest({
    method,
    url,
    signedHeaders,
    headerLines,
    payloadHash,
    isOfS3: scope.service === 's3',
  })
  const scopeText = [scope.scopeDate, scope.region, scope.service, terminator].join('/')
  const signature = createHmac('sha256', signingKey(secretAccessKey, scope))
    .update(stringToSign(time, scopeText, hash('sha256', canonical)))
    .digest('hex')
  return `${algorithm} Credential=${accessKeyId}/${scopeText}, SignedHeaders=${signedHeaders}, Signature=${signature}`
}

/** 32 bytes: the secret, bound to a day, a region and a service. */
export function signingKey(secretAccessKey: string, { scopeDate, region, service }: Scope): Buffer {
  return [scopeDate, region, service, terminator].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  )
}
