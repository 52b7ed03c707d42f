/**
 * The one POST: from the raw request to the raw response, without a framework in between. Counts what is under way
 * and refuses what would be too much.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { unreachable } from '../core/assert.ts'
import { ServiceError } from '../core/errors.ts'
import { requestsInFlightMax } from '../core/limits.ts'
import { serializationError } from '../core/wire/coerce.ts'
import type { Env } from '../ports/env.ts'
import { type Answer, errorAnswer, json10, type Pipeline } from './pipeline.ts'
import { sendReply } from './reply.ts'
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

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const requestId = this.#options.requestIds()
    const body = await readBody(request, this.#budget)
    // Nobody is left to answer to.
    if ('problem' in body && body.problem === 'aborted') return
    const answer = await this.#answer(request, requestId, body)
    const { operation, outcome } = answer
    this.#options.env.meter.count('longitude_requests_total', { operation, outcome })
    const headers = this.#options.crossOrigin && request.headers.origin !== undefined ? originHeaders : undefined
    const last = this.#closing || ('problem' in body && !request.complete)
    sendReply(
      { request, response, requestId, last },
      headers === undefined ? answer : { ...answer, headers: { ...answer.headers, ...headers } },
    )
  }

  async #answer(
    { url = '/', headers, rawHeaders }: IncomingMessage,
    requestId: string,
    body: Awaited<ReturnType<typeof readBody>>,
  ): Promise<Answer> {
    if ('problem' in body) return refusal(body.problem)
    const { bytes, sent = bytes } = body
    const { clock, meter } = this.#options.env
    const startedMs = clock.monotonicMs()
    this.#inFlight++
    try {
      if (this.#inFlight > requestsInFlightMax) return refusal('over-budget')
      const answer = await this.#options.answer({ requestId, url, headers, rawHeaders, body: bytes, payload: sent })
      const { operation } = answer
      meter.observe('longitude_request_seconds', (clock.monotonicMs() - startedMs) / 1000, { operation })
      return answer
    } finally {
      this.#inFlight--
      this.#budget.giveBack(bytes.length)
    }
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
