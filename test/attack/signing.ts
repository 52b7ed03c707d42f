/** Signs requests as a client of the deployment does. */
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'

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
