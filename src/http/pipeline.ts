/**
 * One request through its layers, in DynamoDB's order: target -> signature over the raw bytes -> a bounded scan of the body -> its
 * parser -> coerce -> constrain -> attribute values -> the operation's stages (operations/operation.ts) -> render. Nothing is parsed for
 * a client that is not known. Whatever is thrown on the way becomes an answer: a ServiceError the one that it says, anything else a
 * 500 with the request's id in the log.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { InvariantViolation } from '../core/assert.ts'
import { checkAuthorization } from '../core/auth/authorization.ts'
import type { Principal } from '../core/auth/credentials.ts'
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { checkRegion } from '../core/auth/signing-time.ts'
import { errors, ServiceError } from '../core/errors.ts'
import { boundedBody } from '../core/wire/body-scan.ts'
import { serializationError } from '../core/wire/coerce.ts'
import { readInput } from '../core/wire/input.ts'
import type { Clock } from '../ports/clock.ts'
import type { LogPositions } from '../ports/log-positions.ts'
import { parseAroundItems } from '../core/wire/sent-items.ts'
import { parseJson, withPlainFractions } from '../core/wire/json.ts'
import { renderError, renderOutput } from '../core/wire/render.ts'
import { operationOf } from '../core/wire/request-target.ts'
import type { Audit, AuditEntry } from '../ports/audit.ts'
import type { RequestObserver } from '../ports/request-observer.ts'
import { refusedByStore } from '../engine/trouble.ts'
import { Cut } from '../operations/faults/cut.ts'
import { type Operation, type OperationContext, Rendered } from '../operations/operation.ts'
import type { Decisions } from '../operations/stages.ts'
import { Performing } from './performing.ts'
import { type Reply, sizeBytesOf } from './bytes/reply.ts'
import type { SignedRequest, Signatures } from './access/signatures.ts'

export type PipelineOptions = {
  readonly context: OperationContext
  readonly operations: ReadonlyMap<string, Operation>
  readonly positions?: LogPositions | undefined
  /** What is decided of a request between its preparing and its running. */
  readonly decisions?: Decisions
  /** Told of every request that it takes, once it is answered. */
  readonly audit?: Audit | undefined
  /** Told of every request and where its time went, once it is answered. */
  readonly observer?: RequestObserver | undefined
  /** Verifies who sent it; without it, every client that signs in form is served. */
  readonly signatures?: Signatures
  /** For which regions requests may be signed, also where signatures are looked at in form only. */
  readonly regions: SignedRegions
  /** Told of a bug of ours that was caught red-handed; the request has been answered 500 by then. */
  readonly onBrokenInvariant: (error: InvariantViolation) => void
  /** A request has failed for a reason that no client and no full disk gives: its store may be damaged. */
  readonly onFailed?: ((error: unknown) => void) | undefined
}

export type ApiRequest = SignedRequest & { readonly body: Buffer }

export type Answer = Reply & { readonly operation: string; readonly outcome: string }

/** Never throws. What needs no waiting is answered before it returns, since every promise costs a turn. */
export type Pipeline = (request: ApiRequest, requestId: string, answer: (answer: Answer) => void) => void

/** An API beside DynamoDB's at the same port. */
export type Front = { readonly claims: (request: ApiRequest) => boolean; readonly pipeline: Pipeline }

export function pipeline(options: PipelineOptions): Pipeline {
  const { audit, observer } = options
  const { clock } = options.context.env
  return (request, requestId, reply) => {
    let principal: Principal | undefined
    const startedMs = observer === undefined ? 0 : clock.monotonicMs()
    const answer =
      audit === undefined && observer === undefined
        ? reply
        : (done: Answer): void => {
            if (audit !== undefined) audited(audit, done, { request, requestId, principal, performing })
            if (observer !== undefined) observed(observer, done, { request, requestId, performing, startedMs, clock })
            reply(done)
          }
    const contentType = mediaType(request.headers)
    if (!jsonTypes.has(contentType) && request.body.length > 0) return answer(strangeContent)
    let operation = unknown
    let performing: Performing | undefined
    const answered = (output: unknown): Answer =>
      answerOf(performing?.settle(output), contentType, operation, performing?.headers())
    const refused = (error: unknown): Answer => {
      performing?.settleRefused(error)
      if (error instanceof Cut) return cutAnswer(error, operation)
      const told = performing === undefined ? error : performing.explained(error)
      return errorAnswer(serviceErrorOf(told, options, requestId, operation), contentType, operation)
    }
    let done: Answer
    try {
      // AWS's front end takes plain JSON for another protocol, and knows no operation in it.
      if (contentType === 'application/json') return answer(plainJson)
      operation = operationIn(request.headers)
      principal = principalOf(request, options)
      const body = bodyOf(operation, request)
      performing = new Performing(options, operation, principal)
      const output = performing.begin(inputFrom(operation, body, request) as never, request)
      if (output instanceof Promise) return void inTime(output, { answered, refused, answer })
      done = answered(output)
    } catch (error) {
      done = refused(error)
    }
    answer(done)
  }
}

type Audited = {
  readonly request: ApiRequest
  readonly requestId: string
  readonly principal: Principal | undefined
  readonly performing: Performing | undefined
}

function audited(audit: Audit, answer: Answer, about: Audited): void {
  const { performing } = about
  if (!audit.data && performing?.isOfItems === true) return
  audit.write(auditEntry(answer, about, performing?.resources() ?? []))
}

/** What the audit log keeps of a request, of whichever service. */
export function auditEntry(
  { operation, outcome }: Answer,
  { request, requestId, principal }: Pick<Audited, 'request' | 'requestId' | 'principal'>,
  resources: readonly string[],
): AuditEntry {
  return {
    operation,
    outcome,
    requestId,
    accessKeyId: principal?.accessKeyId,
    role: principal?.session?.roleArn,
    address: request.address,
    userAgent: request.headers['user-agent'],
    resources,
  }
}

type Observed = Pick<Audited, 'request' | 'requestId' | 'performing'> & {
  readonly startedMs: number
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>
}

function observed(observer: RequestObserver, answer: Answer, about: Observed): void {
  const { request, requestId, performing, startedMs, clock } = about
  const { operation, outcome, status } = answer
  const endedMs = clock.monotonicMs()
  const tookMs = endedMs - startedMs
  const { traceparent } = request.headers
  observer.answered({
    operation,
    outcome,
    status,
    requestId,
    startedMs: clock.wallMs() - tookMs,
    tookMs,
    requestBytes: request.body.length,
    replyBytes: sizeBytesOf(answer),
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    ...(performing?.observed({ startedMs, endedMs }) ?? {
      ...refusedEarly,
      parts: { ...noParts, preparingMs: tookMs },
    }),
  })
}

const noParts = { positionMs: 0, runningMs: 0, waitingMs: 0 }
const refusedEarly = { kind: undefined, tables: [], units: 0, positions: [] }

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

function answerOf(output: unknown, contentType: string, operation: string, headers: Answer['headers']): Answer {
  if (output instanceof Rendered) return new RenderedAnswer(output, { contentType, operation, headers })
  const about = { status: 200, contentType, operation, outcome: 'ok', bytes: renderOutput(output) }
  return headers === undefined ? about : { ...about, headers }
}

/** Makes its bytes for callers without a place for its parts. It is a class, since V8 is slow with object literals that have a getter. */
class RenderedAnswer implements Answer {
  readonly status = 200
  readonly outcome = 'ok'
  readonly contentType: string
  readonly operation: string
  readonly headers?: Readonly<Record<string, string>>
  readonly parts: Rendered

  constructor(parts: Rendered, about: Pick<Answer, 'contentType' | 'operation'> & { headers: Answer['headers'] }) {
    this.contentType = about.contentType
    this.operation = about.operation
    if (about.headers !== undefined) this.headers = about.headers
    this.parts = parts
  }

  get bytes(): Buffer {
    return this.parts.bytes
  }
}

/** For refusals that come before a pipeline: throttling, an unreadable body. */
export function errorAnswer(error: ServiceError, contentType: string, operation = unknown): Answer {
  const bytes = renderError(error)
  return { status: errors[error.code].status, contentType, bytes, operation, outcome: error.code }
}

/** Nothing is sent: the connection ends. What cannot end it says so. */
export function cutAnswer({ how }: Cut, operation: string): Answer {
  const outcome = how === 'reset' ? 'InjectedReset' : 'InjectedTimeout'
  return { status: 500, contentType: json10, bytes: cutBytes, operation, outcome, cut: how }
}

const cutBytes = renderError(new ServiceError('InternalServerError', 'The connection was cut by a fault that was set.'))

export const json10 = 'application/x-amz-json-1.0'

const jsonTypes: ReadonlySet<string> = new Set([json10, 'application/x-amz-json-1.1', 'application/json'])
const unknown = 'unknown'

/** Undefined where signatures are looked at in form only. */
function principalOf(request: ApiRequest, { signatures, regions }: PipelineOptions): Principal | undefined {
  if (signatures !== undefined) return signatures.verify(request)
  checkRegion(checkAuthorization(signatureOf(request)), regions)
  return undefined
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
  const value = parseAroundItems(operation, body)
  if (value !== undefined) return { value, around: true }
  return { value: boundedBody(operation, body), around: false }
}

/** What is wrong is said of the whole body: the message may show the items. */
function inputFrom(name: string, { value, around }: Body, { body }: ApiRequest): Record<string, unknown> {
  try {
    return readInput(name, value)
  } catch (error) {
    if (isAboutNumber(error)) return readInput(name, parseJson(withPlainFractions(body.toString())))
    if (!around) throw error
    return readInput(name, boundedBody(name, body))
  }
}

/** Whether the number was written with a fraction only the text tells. */
function isAboutNumber(error: unknown): boolean {
  return error instanceof ServiceError && error.message.startsWith('NUMBER_VALUE')
}

function operationIn(headers: IncomingHttpHeaders): string {
  const name = operationOf(headers['x-amz-target'])
  if (name === undefined) throw new ServiceError('UnknownOperationException', '')
  return name
}

export function signatureOf({ url, headers }: ApiRequest): Parameters<typeof checkAuthorization>[0] {
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
