/** JSON that Lambda's operations are sent, looked through before a parser sees it: what is small in bytes may be millions of values. */
import { bodyDepthMax, bodyValuesMax, bodyValuesWithItemsMax } from '../../core/limits/limits.ts'
import { invokePayloadBytesMax, mappingRequestBytesMax } from '../../core/limits/trigger-limits.ts'
import { LambdaError } from '../../core/triggers/lambda-error.ts'
import { exceeds } from '../../core/wire/body-scan.ts'

/** Throws the LambdaError that a request for a mapping is refused with. */
export function mappingBody(body: Buffer, operation: string): unknown {
  requireSize(body, mappingRequestBytesMax, operation)
  if (exceeds(body, { depthMax: bodyDepthMax, valuesMax: bodyValuesMax })) throw unreadable()
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    throw unreadable()
  }
}

/** Throws the LambdaError that an event is refused with which is none. */
export function requireEvent(body: Buffer): void {
  requireSize(body, invokePayloadBytesMax, 'InvokeFunction')
  if (exceeds(body, { depthMax: bodyDepthMax, valuesMax: bodyValuesWithItemsMax })) throw noEvent()
  try {
    JSON.parse(body.toString())
  } catch {
    throw noEvent()
  }
}

function requireSize(body: Buffer, bytesMax: number, operation: string): void {
  if (body.length > bytesMax)
    throw new LambdaError(
      'RequestTooLargeException',
      `Request must be smaller than ${bytesMax} bytes for the ${operation} operation`,
    )
}

const unreadable = (): LambdaError =>
  new LambdaError('SerializationException', 'Could not parse request body into json')
const noEvent = (): LambdaError =>
  new LambdaError('InvalidRequestContentException', 'Could not parse request body into json')
