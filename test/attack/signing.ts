/** Signs requests as a client of the deployment does. */
import { createHmac } from 'node:crypto'
import { signingKey } from '../../src/http/access/signer.ts'
import { authorization, greeting } from '../unit/dax/sample-frames.ts'
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'
import type { ServiceRequest } from './acts.ts'

export type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string }

export type Signing = {
  readonly operation: string
  readonly body: string | Buffer
  readonly endpoint: string
  readonly region: string
  readonly keys: Keys
}

export function headersOf({ operation, body, endpoint, region, keys }: Signing): Readonly<Record<string, string>> {
  const time = timeOf(Date.now())
  const headers = {
    Host: new URL(endpoint).host,
    'X-Amz-Date': time,
    'X-Amz-Target': `DynamoDB_20120810.${operation}`,
    'Content-Type': 'application/x-amz-json-1.0',
  }
  return { ...headers, Authorization: authorizationOf({ ...keys, time, headers, body, region }) }
}

type SigningFor = ServiceRequest & Pick<Signing, 'endpoint' | 'region' | 'keys'>

/** For another service than DynamoDB. */
export function serviceHeadersOf(request: SigningFor): Readonly<Record<string, string>> {
  const { service, body, path = '/', endpoint, region, keys } = request
  const time = timeOf(Date.now())
  const headers = { Host: new URL(endpoint).host, 'X-Amz-Date': time, ...request.headers }
  return { ...headers, Authorization: authorizationOf({ ...keys, time, headers, body, region, service, path }) }
}

/** What a DAX client begins with. */
export function openingOf({ region, keys }: Pick<Signing, 'region' | 'keys'>): Buffer {
  const time = timeOf(Date.now())
  const scope = { scopeDate: time.slice(0, 8), region, service: 'dax' }
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope.scopeDate}/${region}/dax/aws4_request\n${'0'.repeat(64)}`
  const signature = createHmac('sha256', signingKey(keys.secretAccessKey, scope)).update(text).digest('hex')
  return Buffer.concat([greeting(), authorization(keys.accessKeyId, signature, text)])
}
