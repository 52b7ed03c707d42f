/** A request as observers are told of it. */
import type { AnsweredRequest } from '../../../src/ports/request-observer.ts'

export function answeredRequest(more: Partial<AnsweredRequest> = {}): AnsweredRequest {
  return {
    operation: 'PutItem',
    outcome: 'ok',
    status: 200,
    requestId: 'ID',
    tables: ['Orders'],
    kind: 'write',
    startedMs: 1000,
    tookMs: 20,
    parts: { preparingMs: 1, positionMs: 0, runningMs: 2, waitingMs: 17 },
    units: 1,
    requestBytes: 100,
    replyBytes: 2,
    traceparent: undefined,
    positions: [],
    ...more,
  }
}
