/** Streams by their ARNs, as requests name them. */
import { type ChangeStream, type Shard, shardWithId } from '../../core/change-stream/change-stream.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { streamArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'

const arnPattern = /^arn:[^:]+:dynamodb:[^:]+:[^:]+:table\/[a-zA-Z0-9_.-]+\/stream\/[a-zA-Z0-9_.:-]+$/

export const arnOf = ({ tableName, label }: ChangeStream, { settings }: Pick<OperationContext, 'settings'>): string =>
  streamArn(settings, tableName, label)

/** Throws for what is no stream's ARN. */
export function checkStreamArn(arn: string | undefined): void {
  if (arn !== undefined && !arnPattern.test(arn))
    throw validationError(`Invalid StreamArn: Invalid ResourceArn provided as input ${arn}`)
}

/** Throws for a stream that the region does not have, or has no more. */
export function streamNamed(arn: string, context: OperationContext): ChangeStream {
  const found = context.engine.streams.all().findLast((stream) => arnOf(stream, context) === arn)
  if (found === undefined || isOver(found, context)) throw notFound(`Stream: ${arn} not found`)
  return found
}

export function shardNamed(stream: ChangeStream, id: string, context: OperationContext): Shard {
  const shard = shardWithId(stream, id)
  if (shard === undefined) throw notFound(`Shard: ${id} in stream: ${arnOf(stream, context)} not found`)
  return shard
}

/** Disabled for so long that nothing of it can be read. */
export function isOver({ untilMs }: ChangeStream, { env, settings }: OperationContext): boolean {
  return untilMs !== undefined && untilMs < env.clock.wallMs() - settings.streamRetentionMs
}

const notFound = (what: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `Requested resource not found: ${what}`)

/** The model says only that a limit is positive. */
export function checkLimit(limit: number | undefined, max: number): void {
  if (limit !== undefined && limit > max)
    throw validationError(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
    )
}
