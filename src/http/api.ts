/**
 * The one POST, without a framework in between: counts what is under way, refuses what would be too much, and passes the
 * rest through the pipeline. Requests come from the socket (connection.ts) or from node:http.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { unreachable } from '../core/assert.ts'
import { ServiceError } from '../core/errors.ts'
import { compressedReplySizeBytesMin, requestsInFlightMax } from '../core/limits.ts'
import { serializationError } from '../core/wire/coerce.ts'
import type { Env } from '../ports/env.ts'
import { type Answer, type ApiRequest, errorAnswer, json10, type Pipeline } from './pipeline.ts'
import { compressed, type Reply, sendReply, sizeBytesOf } from './reply.ts'
import { type BodyProblem, BodyBudget, readBody } from './request-body.ts'
import type { RequestIds } from './request-id.ts'

export type ApiOptions = {
  readonly env: Pick<Env, 'clock' | 'meter'>
  readonly answer: Pipeline
  readonly requestIds: RequestIds
  /** Answers with AWS's CORS headers, as DynamoDB does for browsers. */
  readonly crossOrigin: boolean
}

export class Api {
  readonly #options: ApiOptions
  readonly #budget = new BodyBudget()
  #inFlight = 0
  #closing = false

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /** From now on every reply ends its connection. */
  close(): void {
    this.#closing = true
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Takes bytes of a body that arrives of the budget, if there is room. */
  hold(bytes: number): boolean {
    return this.#budget.take(bytes)
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
    const done = (answer: Answer): void => {
      this.#inFlight--
      this.#budget.giveBack(held)
      this.#count(answer, clock.monotonicMs() - startedMs)
      const reply = request.headers.origin === undefined ? answer : this.#forOrigin(request, answer)
      const accepted = request.headers['accept-encoding']
      if (accepted === undefined || sizeBytesOf(reply) < compressedReplySizeBytesMin) send(requestId, reply)
      else compressed(reply, accepted, (smaller) => send(requestId, smaller))
    }
    if (this.#inFlight > requestsInFlightMax) done(refusal('over-budget'))
    else this.#options.answer(request, requestId, done)
  }

  /** What there is no room for. */
  throttle(send: (requestId: string, reply: Reply) => void): void {
    const answer = refusal('over-budget')
    this.#count(answer)
    send(this.#options.requestIds(), answer)
  }

  /** A request as node:http gives it. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const body = await readBody(request, this.#budget)
    if ('problem' in body) return this.#refuse(body.problem, request, response)
    const { bytes, sent = bytes } = body
    const { url = '/', headers, rawHeaders } = request
    const whole = { url, headers, rawHeaders: () => rawHeaders, body: bytes, payload: sent }
    this.answer(whole, bytes.length, (requestId, reply) =>
      sendReply({ request, response, requestId, last: this.#closing }, reply),
    )
  }

  #refuse(problem: BodyProblem, request: IncomingMessage, response: ServerResponse): void {
    // Nobody is left to answer to.
    if (problem === 'aborted') return
    const answer = refusal(problem)
    this.#count(answer)
    const last = this.#closing || !request.complete
    sendReply({ request, response, requestId: this.#options.requestIds(), last }, this.#forOrigin(request, answer))
  }

  #count({ operation, outcome }: Answer, ms?: number): void {
    const { meter } = this.#options.env
    meter.count('longitude_requests_total', { operation, outcome })
    if (ms !== undefined) meter.observe('longitude_request_seconds', ms / 1000, { operation })
  }

  #forOrigin({ headers }: Pick<ApiRequest, 'headers'>, answer: Answer): Answer {
    if (!this.#options.crossOrigin || headers.origin === undefined) return answer
    return { ...answer, bytes: answer.bytes, headers: { ...answer.headers, ...originHeaders } }
  }
}

const originHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,x-amz-crc32,Date',
}

function refusal(problem: BodyProblem): Answer {
  switch (problem) {
    case 'too-large':
      return { ...errorAnswer(serializationError(), json10), ...tooLarge }
    case 'over-budget':
      return errorAnswer(
        new ServiceError('ThrottlingException', 'Rate of requests exceeds the allowed throughput.'),
        json10,
      )
    case 'undecodable':
    case 'aborted':
      return errorAnswer(serializationError(), json10)
    default:
      return unreachable(problem)
  }
}

const tooLarge = {
  status: 413,
  bytes: Buffer.from('{"__type":"com.amazon.coral.service#RequestEntityTooLargeException"}'),
  outcome: 'RequestEntityTooLarge',
}
