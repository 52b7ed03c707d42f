/**
 * The one POST: from the raw request to the raw response, without a framework in between. Counts what is under way
 * and refuses what would be too much.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '../core/errors.ts'
import { requestsInFlightMax } from '../core/limits.ts'
import { serializationError } from '../core/wire/coerce.ts'
import type { Env } from '../ports/env.ts'
import { type Answer, errorAnswer, json10, type Pipeline } from './pipeline.ts'
import { type Sending, sendReply } from './reply.ts'
import { type BodyProblem, BodyBudget, readBody } from './request-body.ts'
import type { RequestIds } from './request-id.ts'

export type ApiOptions = {
  readonly env: Pick<Env, 'clock' | 'meter'>
  readonly answer: Pipeline
  readonly requestIds: RequestIds
  /** Answers with AWS's CORS headers, as DynamoDB does for browsers. */
  readonly crossOrigin: boolean
}

export type Api = {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  readonly inFlight: () => number
  /** From now on every reply ends its connection. */
  readonly closing: () => void
}

export function api(options: ApiOptions): Api {
  const budget = new BodyBudget()
  let inFlight = 0
  let closing = false

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const requestId = options.requestIds()
    response.on('error', () => {})
    readBody(request, budget, (body, release) => {
      const tooMany = inFlight >= requestsInFlightMax
      const broken = 'problem' in body || tooMany
      const sending: Sending = { request, response, requestId, last: closing || 'problem' in body }
      if (broken) {
        release()
        return finish(sending, refusal('problem' in body ? body.problem : 'over-budget'))
      }
      inFlight++
      const startedMs = options.env.clock.monotonicMs()
      const { url = '/', headers } = request
      void options.answer({ requestId, url, headers, body: body.bytes }).then((answer) => {
        inFlight--
        release()
        const seconds = (options.env.clock.monotonicMs() - startedMs) / 1000
        options.env.meter.observe('longitude_request_seconds', seconds, { operation: answer.operation })
        finish(sending, answer)
      })
    })
  }

  const finish = (sending: Sending, answer: Answer): void => {
    const { operation, outcome } = answer
    options.env.meter.count('longitude_requests_total', { operation, outcome })
    const headers = options.crossOrigin && sending.request.headers.origin !== undefined ? originHeaders : undefined
    sendReply({ ...sending, last: sending.last || closing }, headers === undefined ? answer : { ...answer, headers })
  }

  return { handle, inFlight: () => inFlight, closing: () => void (closing = true) }
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
  }
}

const tooLarge = {
  status: 413,
  bytes: Buffer.from('{"__type":"com.amazon.coral.service#RequestEntityTooLargeException"}'),
  outcome: 'RequestEntityTooLarge',
}
