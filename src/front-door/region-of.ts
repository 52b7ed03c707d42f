/** Which region a request is for: the one in its signature's credential scope, in the Authorization header or in a presigned query. */
import type { IncomingMessage } from 'node:http'
import { claimOfHeader, claimOfQuery, isPresigned } from '../core/auth/authorization.ts'

const usual = /^AWS4-HMAC-SHA256 Credential=[^\s,/]+\/\d+\/([^\s,/]+)\/[^\s,/]+\/[^\s,/]+, ?SignedHeaders=/

/** Throws the ServiceError that a missing or incomplete signature is. */
export function regionOf({ headers, url = '/' }: Pick<IncomingMessage, 'headers' | 'url'>): string {
  const { authorization } = headers
  const question = url.indexOf('?')
  const region = question < 0 && authorization !== undefined ? usual.exec(authorization)?.[1] : undefined
  if (region !== undefined) return region
  const query = question < 0 ? undefined : new URLSearchParams(url.slice(question + 1))
  const amzDate = headers['x-amz-date']
  const date = (typeof amzDate === 'string' ? amzDate : amzDate?.[0]) ?? headers.date
  if (query !== undefined && isPresigned({ authorization, query })) return claimOfQuery(query).region
  return claimOfHeader(authorization, date).claim.region
}
