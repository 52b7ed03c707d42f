/** What a request is answered of which the leading node may know, and of one that found none. */
import { ServiceError } from '../../../core/errors.ts'
import type { Reply } from '../../../http/bytes/reply.ts'
import { errorAnswer, json10 } from '../../../http/pipeline.ts'

export const lostReply: Reply = errorAnswer(
  new ServiceError(
    'InternalServerError',
    'The node that leads this region was lost before it answered. A write may have been executed or not.',
  ),
  json10,
)

export const noLeaderReply: Reply = errorAnswer(
  new ServiceError('InternalServerError', 'No node leads this region now: the request was not executed.'),
  json10,
)
