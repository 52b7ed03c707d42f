/**
 * One request through its layers, in DynamoDB's order: target -> signature over the raw bytes -> a bounded scan of the body -> its
 * parser -> coerce -> constrain -> attribute values -> the operation's checks -> run -> render. Nothing is parsed for a client that is not known. (What the signer may do, once there are policies, is to be asked
 * before run: the tables that a request names are in the operation's row.) Whatever is thrown on the way becomes an answer: a
 * ServiceError the one that it says, anything else a 500 with the request's id in the log.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { InvariantViolation } from '../core/assert.ts'
import { checkAuthorization } from '../core/auth/authorization.ts'
import { errors, ServiceError } from '../core/errors.ts'
import { checkAttributeValues } from '../core/wire/attribute-values.ts'
import { checkBodyScan } from '../core/wire/body-scan.ts'
import { serializationError } from '../core/wire/coerce.ts'
import { readInput } from '../core/wire/input.ts'
import { parseAroundItems } from '../core/wire/sent-items.ts'
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
  /** A request has failed for a reason that no client and no full disk gives: its store may be damaged. */
  readonly onFailed?: ((error: unknown) => void) | undefined
}

export type ApiRequest = SignedRequest & { readonly body: Buffer }

export type Answer = Reply & { readonly operation: string; readonly outcome: string }

/** Never throws. What needs no waiting is answered before it returns, since every promise costs a turn. */
export type Pipeline = (request: ApiRequest, requestId: string, answer: (answer: Answer) => void) => void

export function pipeline(options: PipelineOptions): Pipeline {
  return (request, requestId, answer) => {
    const contentType = mediaType(request.headers)
    if (!jsonTypes.has(contentType) && request.body.length > 0) return answer(strangeContent)
    let operation = unknown
    const answered = (output: unknown): Answer => answerOf(output, contentType, operation)
    const refused = (error: unknown): Answer =>
      errorAnswer(serviceErrorOf(error, options, requestId, operation), contentType, operation)
    let done: Answer
    try {
      // AWS's front end takes plain JSON for another protocol, and knows no operation in it.
      if (contentType === 'application/json') return answer(plainJson)
      operation = targetOf(request.headers)
      if (options.signatures === undefined) checkAuthorization(signatureOf(request))
      else options.signatures.verify(request)
      const body = bodyOf(operation, request)
      const output = run(options, operation, body, request)
      if (output instanceof Promise) return void inTime(output, { answered, refused, answer })
      done = answered(output)
    } catch (error) {
      done = refused(error)
    }
    answer(done)
  }
}

type Outcomes = {
  readonly answered: (output: unknown) => Answer
  readonly refused: (error: unknown) => Answer
  readonly answer: (answer: Answer) => void
}

async function inTime(output: Promise<unknown>, { answered, refused, answer }: Outcomes): Promise<void> {
  let done: Answer
  try {
    done = answered(await output)
  } catch (error) {
    done = refused(error)
  }
  answer(done)
}

function answerOf(output: unknown, contentType: string, operation: string): Answer {
  if (output instanceof Marked) return { ...answerOf(output.output, contentType, operation), headers: output.headers }
  const bytes = output instanceof Rendered ? output.bytes : renderOutput(output)
  return { status: 200, contentType, bytes, operation, outcome: 'ok' }
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

function run(options: PipelineOptions, name: string, body: Body, request: ApiRequest): unknown {
  const operation = options.operations.get(name)
  if (operation === undefined) throw unsupportedOperation(name)
  const input = inputFrom(name, body, request) as never
  if (operation.checksOwnValues !== true) checkAttributeValues(inputOf(name), input)
  for (const check of operation.checks) check(input, options.context)
  if (request.headers[markRequestHeader] !== undefined) return runMarked(options, operation, input)
  return operation.run(input, options.context)
}

/** The output of an operation, and what is said beside it to a cache. */
class Marked {
  readonly output: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(output: unknown, headers: Readonly<Record<string, string>>) {
    this.output = output
    this.headers = headers
  }
}

async function runMarked(options: PipelineOptions, operation: Operation, input: never): Promise<Marked> {
  const names = operation.tables(input)
  const { context, headers } = marking(options.context, names, options.signatures !== undefined)
  const output = await operation.run(input, context)
  return new Marked(output, headers())
}

function mediaType(headers: IncomingHttpHeaders): string {
  const given = headers['content-type']
  if (given === undefined) return json10
  // As every SDK writes it.
  return jsonTypes.has(given) ? given : (given.split(';')[0] ?? '').trim().toLowerCase()
}

type Body = { readonly value: unknown; /** Items were left in their bytes. */ readonly around: boolean }

function bodyOf(operation: string, { body }: ApiRequest): Body {
  if (body.length === 0 || !isUtf8(body)) throw serializationError()
  checkBodyScan(operation, body)
  const value = parseAroundItems(operation, body)
  return value === undefined ? { value: parsed(body), around: false } : { value, around: true }
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body.toString())
  } catch {
    throw serializationError()
  }
}

/** What is wrong is said of the whole body: the message may show the items. */
function inputFrom(name: string, { value, around }: Body, { body }: ApiRequest): Record<string, unknown> {
  if (!around) return readInput(name, value)
  try {
    return readInput(name, value)
  } catch {
    return readInput(name, parsed(body))
  }
}

function targetOf(headers: IncomingHttpHeaders): string {
  const name = targetIn(headers)
  if (!known.has(name)) throw new ServiceError('UnknownOperationException', '')
  return name
}

function targetIn(headers: IncomingHttpHeaders): string {
  const target = headers['x-amz-target']
  return typeof target === 'string' && target.startsWith(targetPrefix) ? target.slice(targetPrefix.length) : ''
}

function signatureOf({ url, headers }: ApiRequest): Parameters<typeof checkAuthorization>[0] {
  const date = headers['x-amz-date'] ?? headers.date
  const question = url.indexOf('?')
  return {
    authorization: headers.authorization,
    date: Array.isArray(date) ? date[0] : date,
    query: question < 0 ? undefined : new URLSearchParams(url.slice(question + 1)),
    headers,
  }
}

function serviceErrorOf(error: unknown, options: PipelineOptions, requestId: string, operation: string): ServiceError {
  if (error instanceof ServiceError) return error
  const refused = refusedByStore(error)
  if (refused !== undefined) return refused
  const { log } = options.context.env
  log.error('request failed', { requestId, operation, error: error instanceof Error ? error.stack : String(error) })
  if (error instanceof InvariantViolation) options.onBrokenInvariant(error)
  else options.onFailed?.(error)
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
