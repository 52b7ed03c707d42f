/**
 * Requests of DAX's clients as the region takes them. A client's signature is for its connection to DAX and for no request, so the cache signs in its
 * name, with its key where the cache has the region's credentials. Where nothing is verified it names the client, and the signature is in form only.
 */
import { hash } from 'node:crypto'
import { credentialOf, type Credentials } from '../../core/auth/credentials.ts'
import { type ApiRequest, json10 } from '../../http/pipeline.ts'
import { signingTime } from '../../core/auth/signing-time.ts'
import { authorizationOf } from '../../http/access/signer.ts'
import type { DaxPrincipal } from './principal.ts'

export type RegionRequestsOptions = {
  /** Of the region's own endpoint. */
  readonly host: string
  readonly credentials: (() => Credentials) | undefined
  readonly wallMs: () => number
}

const url = '/'
const noSignature = '0'.repeat(64)

export class RegionRequests {
  readonly #options: RegionRequestsOptions

  constructor(options: RegionRequestsOptions) {
    this.#options = options
  }

  of(principal: DaxPrincipal, operation: string, input: unknown, traceparent?: string): ApiRequest {
    const { host } = this.#options
    const { sessionToken } = principal
    const payload = Buffer.from(JSON.stringify(input))
    const time = signingTime(this.#options.wallMs())
    const headers: Record<string, string> = {
      host,
      'content-type': json10,
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': time,
      authorization: this.#authorization(principal, time, payload),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
      ...(traceparent === undefined ? {} : { traceparent }),
    }
    return { url, headers, rawHeaders: () => Object.entries(headers).flat(), payload, body: payload }
  }

  #authorization({ accessKeyId, region, sessionToken }: DaxPrincipal, time: string, payload: Buffer): string {
    const { host, credentials } = this.#options
    const scope = { scopeDate: time.slice(0, 8), region, service: 'dynamodb' }
    const found = credentials === undefined ? undefined : credentialOf(credentials(), accessKeyId, sessionToken)
    if (found === undefined)
      return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.scopeDate}/${region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${noSignature}`
    return authorizationOf({
      accessKeyId,
      secretAccessKey: found.credential.secretAccessKey,
      scope,
      time,
      url,
      headers: [
        ['host', host],
        ['x-amz-date', time],
      ],
      payloadHash: hash('sha256', payload),
    })
  }
}
