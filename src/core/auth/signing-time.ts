/**
 * When a request says that it was signed, and whether that is now: fifteen minutes each way, as DynamoDB has it. The words
 * are DynamoDB's, seen in aws-sdk-js issues 254 and 2565 (expired, not yet current), 4002 (region) and arnemolland/sigv4
 * issue 15 (service); date and terminator are those of AWS's page on troubleshooting signatures.
 */
import { ServiceError } from '../errors.ts'
import { presignedSecondsMax, signatureSkewMsMax } from '../limits/limits.ts'
import type { Claim } from './authorization.ts'
import { terminator } from './canonical-request.ts'
import { regionProblem, type SignedRegions } from './signed-region.ts'

const invalid = (message: string): ServiceError => new ServiceError('InvalidSignatureException', message)

/** `20260101T120000Z`, or as HTTP writes dates, in milliseconds. */
export function signingTimeOf(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  const ms =
    match === null ? Date.parse(text) : Date.parse(text.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'))
  if (Number.isNaN(ms))
    throw new ServiceError(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  return ms
}

/** A moment as `x-amz-date`, and so a signature, has it. */
export function signingTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

export type Signed = { readonly signedMs: number; readonly nowMs: number; readonly expiresSeconds?: number }

export function checkSigningTime({ signedMs, nowMs, expiresSeconds }: Signed): void {
  const [signed, now] = [signingTime(signedMs), signingTime(nowMs)]
  const minutes = signatureSkewMsMax / 60_000
  if (signedMs > nowMs + signatureSkewMsMax)
    throw invalid(
      `Signature not yet current: ${signed} is still later than ${signingTime(nowMs + signatureSkewMsMax)} (${now} + ${minutes} min.)`,
    )
  if (expiresSeconds !== undefined) {
    const end = signedMs + expiresSeconds * 1000
    if (end < nowMs) throw invalid(`Signature expired: ${signingTime(end)} is now earlier than ${now}`)
  } else if (signedMs < nowMs - signatureSkewMsMax)
    throw invalid(
      `Signature expired: ${signed} is now earlier than ${signingTime(nowMs - signatureSkewMsMax)} (${now} - ${minutes} min.)`,
    )
}

/** Of a presigned request, how long it holds. */
export function expiryOf(text: string | null): number {
  const seconds = Number(text ?? '')
  if (text === null || !/^\d+$/.test(text) || seconds < 1 || seconds > presignedSecondsMax)
    throw new ServiceError(
      'IncompleteSignatureException',
      `X-Amz-Expires must be between 1 and ${presignedSecondsMax} seconds.`,
    )
  return seconds
}

/** What a signature must be for. */
export type Scope = { readonly regions: SignedRegions; readonly service: string }

/** A signature holds for one day, one region and one service; what is wrong is told all at once. */
export function checkScope(claim: Claim, time: string, signedMs: number, { regions, service }: Scope): void {
  const day = signingTime(signedMs).slice(0, 8)
  const problems = [
    regionProblem(claim.region, regions),
    claim.service === service ? '' : `Credential should be scoped to correct service: '${service}'. `,
    claim.terminator === terminator
      ? ''
      : `Credential should be scoped with a valid terminator: '${terminator}', not '${claim.terminator}'. `,
    claim.scopeDate === day
      ? ''
      : `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.scopeDate}' != '${day}', from '${time}'. `,
  ].join('')
  if (problems !== '') throw invalid(problems)
}

/** Of a signature that is looked at in form only, the region is all of the scope that counts. */
export function checkRegion(region: string, regions: SignedRegions): void {
  const problem = regionProblem(region, regions)
  if (problem !== '') throw invalid(problem)
}
