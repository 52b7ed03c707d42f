/** What Lambda answers for a function that has failed: the error as JSON. */
import { functionStartMsMax, invokePayloadBytesMax } from '../limits/trigger-limits.ts'

export function functionError(thrown: unknown): Buffer {
  const error = thrown instanceof Error ? thrown : undefined
  return errorPayload(error?.name ?? 'Error', error?.message ?? String(thrown), error?.stack)
}

export const timedOut = (requestId: string, seconds: number): Buffer =>
  errorPayload('Sandbox.Timedout', `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`)

function errorPayload(errorType: string, errorMessage: string, stack?: string): Buffer {
  const trace = stack === undefined ? {} : { trace: stack.split('\n').slice(0, traceLinesMax) }
  return Buffer.from(JSON.stringify({ errorType, errorMessage, ...trace }))
}

const traceLinesMax = 20

export const responseTooLarge = (): Buffer =>
  errorPayload(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${invokePayloadBytesMax} bytes).`,
  )

export const outOfMemory = (requestId: string): Buffer =>
  errorPayload('Runtime.OutOfMemory', `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`)

export function exited(requestId: string, code: number | null, signal: string | null): Buffer {
  const how = signal === null ? `exit status ${code}` : `signal: ${signal.toLowerCase().replace('sig', '')}`
  return errorPayload('Runtime.ExitError', `RequestId: ${requestId} Error: Runtime exited with error: ${how}`)
}

export const startTimedOut = (): Buffer =>
  errorPayload('Runtime.StartTimedOut', `The handler was not loaded within ${functionStartMsMax / 1000} seconds`)
