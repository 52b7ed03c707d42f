/** JSON that Lambda's operations are sent, looked through before a parser sees it: what is small in bytes may be millions of values. */
import { bodyDepthMax, bodyValuesMax, bodyValuesWithItemsMax } from '../../core/limits/limits.ts'
import { eventContainersMax, invokePayloadBytesMax, mappingRequestBytesMax } from '../../core/limits/trigger-limits.ts'
import { LambdaError } from '../../core/triggers/lambda-error.ts'
import { boundedJson, type ScanBounds } from '../../core/wire/body-scan.ts'

/** Throws the LambdaError that a request for a mapping is refused with. */
export function mappingBody(body: Buffer, operation: string): unknown {
  requireSize(body, mappingRequestBytesMax, operation)
  return parsed(body, { depthMax: bodyDepthMax, valuesMax: bodyValuesMax }, unreadable)
}

/** Throws the LambdaError that an event is refused with which is none. */
export function requireEvent(body: Buffer): void {
  requireSize(body, invokePayloadBytesMax, 'InvokeFunction')
  parsed(body, eventBounds, noEvent)
}

/** Only that it is JSON is looked at, and what was parsed is let go: numbers may be many, and what costs more fewer. */
const eventBounds: ScanBounds = {
  depthMax: bodyDepthMax,
  valuesMax: bodyValuesWithItemsMax,
  containersMax: eventContainersMax,
}

function parsed(body: Buffer, bounds: ScanBounds, refused: () => LambdaError): unknown {
  let found: ReturnType<typeof boundedJson>
  try {
    found = boundedJson(body, bounds)
  } catch {
    throw refused()
  }
  if (found === undefined) throw refused()
  return found.value
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
