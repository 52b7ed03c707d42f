/** Signs a request anew that a cache has changed, as the same principal, over the same headers. */
import { createHmac, hash } from 'node:crypto'
import { claimOfHeader } from '../../core/auth/authorization.ts'
import { algorithm, canonicalRequest, headerLine, stringToSign } from '../../core/auth/canonical-request.ts'
import type { Credentials } from '../../core/auth/credentials.ts'
import type { SignedRequest } from '../signatures.ts'

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
    const secret = credentials.get(claim.accessKeyId)?.secretAccessKey ?? ''
    const names = claim.signedHeaders.split(';').filter((name) => headers[name] !== undefined)
    const signedHeaders = names.join(';')
    const headerLines = names.map((name) => headerLine(name, String(headers[name]))).join('')
    const text = canonicalRequest({ method: 'POST', url: request.url, signedHeaders, headerLines, payloadHash })
    const key = [claim.scopeDate, claim.region, claim.service, claim.terminator].reduce<string | Buffer>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${secret}`,
    )
    const signature = createHmac('sha256', key)
      .update(stringToSign(time, claim.scope, hash('sha256', text)))
      .digest('hex')
    headers['authorization'] =
      `${algorithm} Credential=${claim.accessKeyId}/${claim.scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  }
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [name, Array.isArray(value) ? value.join(', ') : value],
  )
  return { url: request.url, headers, rawHeaders: () => rawHeaders, payload }
}
