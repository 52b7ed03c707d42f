/** The answer to a body that is longer than its head may announce, in the words of the protocol that the head speaks. Nothing else is known of the request: not who sent it either. */
import type { IncomingHttpHeaders } from 'node:http'
import { requestSizeBytesMax } from '../../core/limits/limits.ts'
import { LambdaError } from '../../core/triggers/lambda-error.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { bodyBytesMaxOf, cborPrefix, lambdaPrefix } from '../../core/wire/body-size.ts'
import type { Answer } from '../pipeline.ts'
import { cbor, json, type Protocol, query } from './protocols.ts'

export type RefusedHead = {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

export function tooLargeAnswer(head: RefusedHead, requestId: string): Answer {
  const bytesMax = bodyBytesMaxOf(head)
  const { url = '/' } = head
  if (bytesMax === requestSizeBytesMax) return ofDynamoDb
  if (url.startsWith(lambdaPrefix)) return ofLambda(head, bytesMax)
  const protocol = protocolOf(url, head.headers)
  const refusal = new ServiceRefusal('RequestEntityTooLarge', `A request has at most ${bytesMax} bytes`, {
    type: 'RequestEntityTooLargeException',
    status: 413,
  })
  const reply = protocol.error(refusal, { operation, requestId, namespace: '', errorNamespace: frontNamespace })
  return { ...reply, operation, outcome: refusal.code }
}

const operation = 'unknown'
const ofDynamoDb: Answer = {
  status: 413,
  contentType: 'application/x-amz-json-1.0',
  bytes: Buffer.from('{"__type":"com.amazon.coral.service#RequestEntityTooLargeException"}'),
  operation,
  outcome: 'RequestEntityTooLarge',
}
const frontNamespace = 'com.amazon.coral.service'
const json10 = json('1.0')
const json11 = json('1.1')

function protocolOf(url: string, { 'content-type': type = '' }: IncomingHttpHeaders): Protocol {
  if (url.startsWith(cborPrefix)) return cbor
  if (type.startsWith('application/x-www-form-urlencoded')) return query
  return type.includes('json-1.1') ? json11 : json10
}

function ofLambda({ method, url = '' }: RefusedHead, bytesMax: number): Answer {
  const { status, body, type } = new LambdaError(
    'RequestTooLargeException',
    `Request must be smaller than ${bytesMax} bytes for the ${lambdaOperationOf(method, url)} operation`,
  )
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = { 'x-amzn-ErrorType': type }
  return { status, contentType: 'application/json', bytes, headers, operation, outcome: type }
}

function lambdaOperationOf(method: string | undefined, url: string): string {
  if (url.startsWith(`${lambdaPrefix}functions/`)) return 'InvokeFunction'
  return method === 'PUT' ? 'UpdateEventSourceMapping' : 'CreateEventSourceMapping'
}
