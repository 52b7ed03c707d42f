/** Who has signed a request that comes to a cache, as its header says it, told by what all of a client's requests of a day have in common. */
import { type Claim, claimOfHeader, hasSignedHeaders } from '../../core/auth/authorization.ts'
import { authorizationSizeMax, signersMax } from '../../core/limits/limits.ts'
import type { ApiRequest } from '../../http/pipeline.ts'
import { Remembered } from './remembered.ts'

type Claimant = Pick<Claim, 'accessKeyId' | 'region'>

/** Who signs, by what all of a client's requests of a day have in common. */
const claimants = new Remembered<Claimant>({ entriesMax: signersMax, textMax: authorizationSizeMax })

/** Whose signature it says to be; undefined when it does not say so as every SDK does. */
export function claimed({ headers }: Pick<ApiRequest, 'headers'>): Claimant | undefined {
  const { authorization, 'x-amz-date': amzDate = headers.date } = headers
  if (authorization === undefined || typeof amzDate !== 'string') return undefined
  const stem = stemOf(authorization)
  const known = claimants.get(stem)
  // What is not of the usual form, or lacks a header that it says to cover, is the region's to refuse.
  if (known === undefined && !usualClaim.test(authorization)) return undefined
  if (!hasSignedHeaders(authorization, headers)) return undefined
  if (known !== undefined) return known
  try {
    const { accessKeyId, region } = claimOfHeader(authorization, amzDate).claim
    claimants.set(stem, { accessKeyId, region })
    return { accessKeyId, region }
  } catch {
    return undefined
  }
}

const stems = new Remembered<string>({ entriesMax: signersMax, textMax: authorizationSizeMax })

/** One text for all of a client's requests, and no part of the head that it came in: that would stay in memory with it. */
export function sharedStem(stem: string): string {
  const known = stems.get(stem)
  if (known !== undefined) return known
  const own = Buffer.from(stem, 'latin1').toString('latin1')
  stems.set(own, own)
  return own
}

/** All of the header but its signature. */
export function stemOf(authorization: string): string {
  return authorization.slice(0, authorization.lastIndexOf('=') + 1)
}

const signatureSizeMax = 64

/** Whether what follows is one signature and nothing else. */
export function endsInSignature(authorization: string, from: number): boolean {
  return authorization.length - from <= signatureSizeMax && !hasMore(authorization, from)
}

/** Whatever ends a signature in a header of one line: looking for each takes a third of a pattern's time. */
function hasMore(authorization: string, from: number): boolean {
  return (
    authorization.includes(',', from) ||
    authorization.includes(' ', from) ||
    authorization.includes('\t', from) ||
    authorization.includes('\xa0', from)
  )
}

const usualClaim = /^AWS4-HMAC-SHA256 Credential=[^\s,/]+(?:\/[^\s,/]+){4}, ?SignedHeaders=[^\s,]+, ?Signature=[^\s,]+$/
