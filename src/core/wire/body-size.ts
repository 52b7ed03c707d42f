/** How long the body of a request may be, by its head alone: of everything that is sent, this is looked at first. */
import { requestSizeBytesMax } from '../limits/limits.ts'
import { invokePayloadBytesMax, mappingRequestBytesMax } from '../limits/trigger-limits.ts'
import { serviceRequestBytesMax } from '../limits/wire-limits.ts'

/** What all paths of Lambda's API begin with. */
export const lambdaPrefix = '/2015-03-31/'
/** The paths of the CBOR protocol: `/service/GraniteServiceVersion20100801/operation/ListMetrics`. */
export const cborPrefix = '/service/'

const dynamoDbTarget = 'DynamoDB_20120810.'

export type BodyHead = {
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
}

/** Only DynamoDB's own requests may be large: all that is no such request is one of the small services at its port, or of none. */
export function bodyBytesMaxOf({ url = '/', headers: { 'x-amz-target': target } }: BodyHead): number {
  if (url.startsWith(lambdaPrefix)) return invocation.test(url) ? invokePayloadBytesMax : mappingRequestBytesMax
  const isDynamoDb = typeof target === 'string' && target.startsWith(dynamoDbTarget) && !url.startsWith(cborPrefix)
  return isDynamoDb ? requestSizeBytesMax : serviceRequestBytesMax
}

const invocation = /^\/2015-03-31\/functions\/[^/?]+\/invocations(?:\?|$)/
