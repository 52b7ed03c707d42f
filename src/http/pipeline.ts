/**
 * One request through its layers, in DynamoDB's order: body -> target -> signature -> coerce -> constrain -> attribute
 * values -> the operation's checks -> run -> render. (What the signer may do, once there are policies, is to be asked
 * before run: the tables that a request names are in the operation's row.) Whatever is thrown on the way becomes an answer: a
 * ServiceError the one that it says, anything else a 500 with the request's id in the log.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { InvariantViolation } from '../core/assert.ts'
import { checkAuthorization } from '../core/auth/authorization.ts'
import { errors, ServiceError } from '../core/errors.ts'
import { checkAttributeValues } from '../core/wire/attribute-values.ts'
import { serializationError } from '../core/wire/coerce.ts'
import { readInput } from '../core/wire/input.ts'
import { parseJson } from '../core/wire/json.ts'
import { markRequestHeader } from '../core/wire/mark.ts'
import { renderError, renderOutput } from '../core/wire/render.ts'
import { inputOf, operationNames } from '../core/wire/shapes.ts'
import { refusedByStore } from '../engine/trouble.ts'
import { type Operation, type OperationContext, Rendered } from '../operations/operation.ts'
import { unsupportedOperation } from '../operations/unsupported.ts'
import { marking } from './marking.ts'
import type { Reply } from './reply.ts'
import type { SignedRequest, Signatures } from './signatures.ts'

export type PipelineOptions = {
  readonly context: OperationContext
  readonly operations: ReadonlyMap<string, Operation>
  /** Verifies who sent it; without it, whoever signs in form is served. */
  readonly signatures?: Signatures
  /** Told of a bug of ours that was caught red-handed; the request has been answered 500 by then. */
  readonly onBrokenInvariant: (error: InvariantViolation) => void
}

export type ApiRequest = SignedRequest & { readonly requestId: string; readonly body: Buffer }

export type Answer = Reply & { readonly operation: string; readonly outcome: string }

/** Never throws. What needs no waiting is answered before it returns, since every promise costs a turn. */
export type Pipeline = (request: ApiRequest, answer: (answer: Answer) => void) => void

export function pipeline(options: PipelineOptions): Pipeline {
  return (request, answer) => {
    const answered = answerNow(options, request)
    if (answered instanceof Promise) void inTime(answered, answer)
    else answer(answered)
  }
}

async function inTime(answered: Promise<Answer>, answer: (answer: Answer) => void): Promise<void> {
  answer(await answered)
}

function answerNow(options: PipelineOptions, request: ApiRequest): Answer | Promise<Answer> {
  const contentType = mediaType(request.headers)
  if (!jsonTypes.has(contentType) && request.body.length > 0) return strangeContent
  let operation = unknown
  const refused = (error: unknown): Answer =>
    errorAnswer(serviceErrorOf(error, options, request, operation), contentType, operation)
  try {
    const body = parsed(request.body)
    // AWS's front end takes plain JSON for another protocol, and knows no operation in it.
    if (contentType === 'application/json') return plainJson
    operation = targetOf(request.headers)
    if (options.signatures === undefined) checkAuthorization(signatureOf(request))
    else options.signatures.verify(request)
    const ran = run(options, operation, body, request)
    const answer = ({ output, headers }: Ran): Answer => {
      const bytes = output instanceof Rendered ? output.bytes : renderOutput(output)
      const reply = { status: 200, contentType, bytes, operation, outcome: 'ok' }
      return headers === undefined ? reply : { ...reply, headers }
    }
    return ran instanceof Promise ? ran.then(answer).catch(refused) : answer(ran)
  } catch (error) {
    return refused(error)
  }
}

/** For refusals that come before a pipeline: throttling, an unreadable body. */
export function errorAnswer(error: ServiceError, contentType: string, operation = unknown): Answer {
  const bytes = renderError(error)
  return { status: errors[error.code].status, contentType, bytes, operation, outcome: error.code }
}

export const json10 = 'application/x-amz-json-1.0'

const jsonTypes: ReadonlySet<string> = new Set([json10, 'application/x-amz-json-1.1', 'application/json'])
const targetPrefix = 'DynamoDB_20120810.'
const unknown = 'unknown'
const known: ReadonlySet<string> = new Set(operationNames)

type Ran = { readonly output: unknown; readonly headers?: Readonly<Record<string, string>> }

function run(options: PipelineOptions, name: string, body: unknown, request: ApiRequest): Ran | Promise<Ran> {
  const operation = options.operations.get(name)
  if (operation === undefined) throw unsupportedOperation(name)
  const input = readInput(name, body) as never
  if (operation.checksOwnValues !== true) checkAttributeValues(inputOf(name), input)
  for (const check of operation.checks) check(input, options.context)
  if (request.headers[markRequestHeader] !== undefined) return runMarked(options, operation, input)
  const output = operation.run(input, options.context)
  return output instanceof Promise ? output.then(outputAlone) : { output }
}

const outputAlone = (output: unknown): Ran => ({ output })

async function runMarked(options: PipelineOptions, operation: Operation, input: never): Promise<Ran> {
  const { context, headers } = marking(options.context, options.signatures !== undefined)
  const output = await operation.run(input, context)
  return { output, headers: headers(operation.tables(input)) }
}

function mediaType(headers: IncomingHttpHeaders): string {
  const given = headers['content-type']
  if (given === undefined) return json10
  // As every SDK writes it.
  return jsonTypes.has(given) ? given : (given.split(';')[0] ?? '').trim().toLowerCase()
}

function parsed(body: Buffer): unknown {
  if (body.length === 0 || !isUtf8(body)) throw serializationError()
  try {
    return parseJson(body.toString())
  } catch {
    throw serializationError()
  }
}

function targetOf(headers: IncomingHttpHeaders): string {
  const target = headers['x-amz-target']
  const name = typeof target === 'string' && target.startsWith(targetPrefix) ? target.slice(targetPrefix.length) : ''
  if (!known.has(name)) throw new ServiceError('UnknownOperationException', '')
  return name
}

function signatureOf({ url, headers }: ApiRequest): Parameters<typeof checkAuthorization>[0] {
  const date = headers['x-amz-date'] ?? headers.date
  const question = url.indexOf('?')
  return {
    authorization: headers.authorization,
    date: Array.isArray(date) ? date[0] : date,
    query: question < 0 ? undefined : new URLSearchParams(url.slice(question + 1)),
  }
}

function serviceErrorOf(
  error: unknown,
  options: PipelineOptions,
  { requestId }: ApiRequest,
  operation: string,
): ServiceError {
  if (error instanceof ServiceError) return error
  const refused = refusedByStore(error)
  if (refused !== undefined) return refused
  const { log } = options.context.env
  log.error('request failed', { requestId, operation, error: error instanceof Error ? error.stack : String(error) })
  if (error instanceof InvariantViolation) options.onBrokenInvariant(error)
  return new ServiceError('InternalServerError', 'The request processing has failed because of an unknown error.')
}

const strangeContent: Answer = {
  status: 404,
  contentType: 'text/plain',
  bytes: Buffer.from('<UnknownOperationException/>\n'),
  operation: unknown,
  outcome: 'UnknownOperationException',
}

const plainJson: Answer = {
  status: 404,
  contentType: 'application/json',
  bytes: Buffer.from(
    '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException","message":null},"Version":"1.0"}',
  ),
  operation: unknown,
  outcome: 'UnknownOperationException',
}
