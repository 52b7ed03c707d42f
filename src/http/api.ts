/**
 * The one POST, without a framework in between: counts what is under way, refuses what would be too much, and passes the
 * rest through the pipeline. Requests come from the socket (connection.ts) or from node:http.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { ClientDemand } from '../core/pace/client-demand.ts'
import { unreachable } from '../core/assert.ts'
import { ServiceError } from '../core/errors.ts'
import { compressedReplySizeBytesMin, requestsInFlightMax } from '../core/limits/limits.ts'
import { serializationError } from '../core/wire/coerce.ts'
import { carriesCutsHeader, cutHeader } from '../core/wire/cut-header.ts'
import type { Env } from '../ports/env.ts'
import { type Answer, type ApiRequest, errorAnswer, json10, type Pipeline } from './pipeline.ts'
import { listenerOf } from './private-listener.ts'
import { compressed, originHeaders, type Reply, sendReply, sizeBytesOf } from './bytes/reply.ts'
import { type Arriving, BodyBudget } from './bytes/body-budget.ts'
import { type BodyProblem, readBody } from './bytes/request-body.ts'
import { type RefusedHead, tooLargeAnswer } from './services/too-large.ts'
import type { RequestIds } from './request-id.ts'
import { type Arrival, arrivalOf, type Visitors } from './access/visitors.ts'

export type ApiOptions = {
  readonly env: Pick<Env, 'clock' | 'meter'>
  readonly answer: Pipeline
  readonly requestIds: RequestIds
  readonly visitors: Visitors
  /** Where the server listens. */
  readonly arrival: Arrival
  /** Told of every request. */
  readonly demand?: ClientDemand | undefined
}

export class Api {
  readonly #options: ApiOptions
  readonly #budget: BodyBudget
  readonly #unread = new Set<() => void>()
  #inFlight = 0
  #closing = false
  #refusing = false

  constructor(options: ApiOptions) {
    this.#options = options
    this.#budget = new BodyBudget(() => options.env.clock.monotonicMs())
  }

  /** From now on every reply ends its connection. */
  close(): void {
    this.#closing = true
  }

  /** From now on no request is begun: each is answered by a 503, also those whose bodies are still awaited. */
  refuse(): void {
    this.#refusing = true
    for (const refuse of this.#unread) refuse()
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Takes bytes of a body that arrives of the budget, if there is room; `wholeBytes` is what it will come to. */
  hold(bytes: number, wholeBytes: number): boolean {
    return this.#budget.take(bytes, wholeBytes)
  }

  /** Until the returned function is called, the request may be given up for others. */
  watch(arriving: Arriving): () => void {
    return this.#budget.watch(arriving)
  }

  /** Of request bodies. */
  get heldBytes(): number {
    return this.#budget.heldBytes
  }

  letGo(bytes: number): void {
    this.#budget.giveBack(bytes)
  }

  /** A request that is whole; its bytes are held until it is answered. */
  answer(request: ApiRequest, held: number, send: (requestId: string, reply: Reply) => void): void {
    const requestId = this.#options.requestIds()
    const { clock } = this.#options.env
    const startedMs = clock.monotonicMs()
    this.#inFlight++
    this.#options.demand?.begun(startedMs)
    const done = (answer: Answer): void => {
      const endedMs = clock.monotonicMs()
      this.#inFlight--
      this.#options.demand?.ended(endedMs)
      this.#budget.giveBack(held)
      this.#count(answer, endedMs - startedMs)
      const given = answer.cut === undefined ? answer : cutFor(request, answer)
      const reply = request.headers.origin === undefined ? given : this.#forOrigin(request, given)
      const accepted = request.headers['accept-encoding']
      if (accepted === undefined || sizeBytesOf(reply) < compressedReplySizeBytesMin) send(requestId, reply)
      else compressed(reply, firstOf(accepted, request), (smaller) => send(requestId, smaller))
    }
    const refused = this.refusalOf(request.headers)
    if (refused !== undefined) done(notForYou(refused))
    else if (this.#refusing) done(refusal('stopping'))
    else if (this.#inFlight > requestsInFlightMax) done(refusal('over-budget'))
    else this.#options.answer(request, requestId, done)
  }

  /** Why a request may not come in, by its head alone; `arrival` is that of its connection, where that is known. */
  refusalOf(headers: IncomingHttpHeaders, arrival = this.#options.arrival): string | undefined {
    return this.#options.visitors.refusal(headers, arrival)
  }

  /** What there is no room for. */
  throttle(send: (requestId: string, reply: Reply) => void): void {
    const answer = refusal('over-budget')
    this.#count(answer)
    send(this.#options.requestIds(), answer)
  }

  /** Answers a request that has not arrived whole when the server closes. */
  refuseUnread(send: (requestId: string, reply: Reply) => void): void {
    const answer = refusal('stopping')
    this.#count(answer)
    send(this.#options.requestIds(), answer)
  }

  /** A request as node:http gives it; `endsWith` says whether its reply is the last of its connection. */
  async serve(request: IncomingMessage, response: ServerResponse, endsWith: () => boolean): Promise<void> {
    response.on('error', () => {})
    const exchange = { request, response, endsWith }
    const refused = this.refusalOf(request.headers, arrivalOf(request, this.#options.arrival))
    if (refused !== undefined) return this.#send(notForYou(refused), exchange)
    const refuse = (): void => this.#refuse('stopping', exchange)
    this.#unread.add(refuse)
    const nowMs = this.#options.env.clock.monotonicMs()
    const body = await readBody(request, { budget: this.#budget, nowMs })
    this.#unread.delete(refuse)
    if ('problem' in body) return this.#refuse(body.problem, exchange)
    const { bytes, sent = bytes, heldBytes } = body
    if (response.headersSent) return this.#budget.giveBack(heldBytes)
    const { method, url = '/', headers, rawHeaders } = request
    const { remoteAddress: address } = request.socket
    const from = { address, isSecure: 'encrypted' in request.socket, endpoint: listenerOf(request.socket) }
    const whole = { method, url, headers, rawHeaders: () => rawHeaders, body: bytes, payload: sent, ...from }
    this.answer(whole, heldBytes, (requestId, reply) =>
      sendReply({ request, response, requestId, last: endsWith() }, reply),
    )
  }

  #refuse(problem: Problem, { request, response, endsWith }: Exchange): void {
    // The client is gone, or has this answer already.
    if (problem === 'aborted' || response.headersSent) return
    const requestId = this.#options.requestIds()
    this.#send(refusalOfBody(problem, request, requestId), { request, response, endsWith }, requestId)
  }

  #send(answer: Answer, { request, response, endsWith }: Exchange, requestId = this.#options.requestIds()): void {
    this.#count(answer)
    const last = endsWith() || !request.complete
    sendReply({ request, response, requestId, last }, this.#forOrigin(request, answer))
  }

  #count({ operation, outcome }: Answer, ms?: number): void {
    const { meter } = this.#options.env
    meter.count('longitude_requests_total', { operation, outcome })
    if (ms !== undefined) meter.observe('longitude_request_seconds', ms / 1000, { operation })
  }

  #forOrigin({ headers }: Pick<ApiRequest, 'headers'>, answer: Answer): Answer {
    if (headers.origin === undefined || !this.#options.visitors.mayUse(headers.origin)) return answer
    return { ...answer, bytes: answer.bytes, headers: { ...answer.headers, ...originHeaders } }
  }
}

/** A program in between is told what to cut. */
function cutFor({ headers }: Pick<ApiRequest, 'headers'>, { cut, ...answer }: Answer): Answer {
  if (cut === undefined || headers[carriesCutsHeader] === undefined) return { ...answer, cut }
  return { ...answer, headers: { ...answer.headers, [cutHeader]: cut } }
}

/** Of several Accept-Encoding headers, which node joins, the first counts. */
function firstOf(accepted: string | readonly string[], { rawHeaders }: ApiRequest): string {
  const joined = typeof accepted === 'string' ? accepted : accepted.join(',')
  if (!joined.includes(',')) return joined
  const raw = rawHeaders()
  const at = raw.findIndex((text, n) => n % 2 === 0 && text.toLowerCase() === 'accept-encoding')
  return raw[at + 1] ?? joined
}

type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endsWith: () => boolean
}

export type Problem = BodyProblem | 'stopping'

/** The answer to a request whose body was not taken. */
export function refusalOfBody(problem: Problem, head: RefusedHead, requestId: string): Answer {
  return problem === 'too-large' ? tooLargeAnswer(head, requestId) : refusal(problem)
}

export function refusal(problem: Exclude<Problem, 'too-large'>): Answer {
  switch (problem) {
    case 'stopping':
      return errorAnswer(
        new ServiceError('ServiceUnavailable', 'This endpoint is stopping; the request was not executed.'),
        json10,
      )
    case 'over-budget':
      return errorAnswer(
        new ServiceError('ThrottlingException', 'Rate of requests exceeds the allowed throughput.'),
        json10,
      )
    case 'undecodable':
      return undecodable
    case 'cut-small':
    case 'aborted':
      return errorAnswer(serializationError(), json10)
    default:
      return unreachable(problem)
  }
}

/** AWS's front end fails at a body that it cannot decode, and so does ours: nothing is executed. */
const undecodable: Answer = {
  status: 500,
  contentType: json10,
  bytes: Buffer.from('{"__type":"com.amazon.coral.service#InternalFailure"}'),
  operation: 'unknown',
  outcome: 'InternalFailure',
}

function notForYou(reason: string): Answer {
  const error = errorAnswer(
    new ServiceError('AccessDeniedException', `The request was not executed: ${reason}.`),
    json10,
  )
  return { ...error, status: 403 }
}
