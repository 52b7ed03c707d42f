/** Signs a request anew that a cache has changed, as the same principal, over the same headers. */
import { hash } from 'node:crypto'
import { claimOfHeader } from '../../core/auth/authorization.ts'
import { credentialOf, type Credentials } from '../../core/auth/credentials.ts'
import type { SignedRequest } from '../../http/access/signatures.ts'
import { authorizationOf } from '../../http/access/signer.ts'

/** The request with another body; its signature was verified before. */
export function resigned(request: SignedRequest, payload: Buffer, credentials: Credentials | undefined): SignedRequest {
  const headers: Record<string, string | string[] | undefined> = { ...request.headers }
  headers['content-length'] = String(payload.length)
  const payloadHash = hash('sha256', payload)
  if (headers['x-amz-content-sha256'] !== undefined) headers['x-amz-content-sha256'] = payloadHash
  delete headers['content-encoding']
  const { authorization, 'x-amz-date': amzDate = request.headers.date } = request.headers
  const time = typeof amzDate === 'string' ? amzDate : ''
  if (credentials !== undefined && authorization !== undefined) {
    const { claim } = claimOfHeader(authorization, time)
    const token = headers['x-amz-security-token']
    const found = credentialOf(credentials, claim.accessKeyId, typeof token === 'string' ? token : undefined)
    const secret = found?.credential.secretAccessKey ?? ''
    const names = claim.signedHeaders.split(';').filter((name) => headers[name] !== undefined)
    headers['authorization'] = authorizationOf({
      accessKeyId: claim.accessKeyId,
      secretAccessKey: secret,
      scope: claim,
      time,
      url: request.url,
      headers: names.map((name) => [name, String(headers[name])]),
      payloadHash,
    })
  }
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [name, Array.isArray(value) ? value.join(', ') : value],
  )
  return { url: request.url, headers, rawHeaders: () => rawHeaders, payload }
}
