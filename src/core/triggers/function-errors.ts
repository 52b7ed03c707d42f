/** What Lambda answers for a function that has failed: the error as JSON. */
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
