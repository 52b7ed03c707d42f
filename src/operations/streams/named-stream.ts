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
  const found = byArn(context).get(arn)
  if (found === undefined || isOver(found, context)) throw notFound(`Stream: ${arn} not found`)
  return found
}

/** Of two of one label, as on a clock that was set back, the later one. */
function byArn(context: OperationContext): ReadonlyMap<string, ChangeStream> {
  const all = context.engine.streams.all()
  let known = arns.get(all)
  if (known === undefined)
    arns.set(all, (known = new Map(all.filter(isListed).map((stream) => [arnOf(stream, context), stream]))))
  return known
}

/** Every request looks one up, and they seldom change. */
const arns = new WeakMap<readonly ChangeStream[], ReadonlyMap<string, ChangeStream>>()

/** The context with the engine that the stream is in: its places are those of that engine's log. */
export function contextOf<Context extends OperationContext>(stream: ChangeStream, context: Context): Context {
  const engine = context.engine.ofStream?.(stream)
  return engine === undefined || engine === context.engine ? context : { ...context, engine }
}

export function shardNamed(stream: ChangeStream, id: string, context: OperationContext): Shard {
  const shard = shardWithId(stream, id)
  if (shard === undefined) throw notFound(`Shard: ${id} in stream: ${arnOf(stream, context)} not found`)
  return shard
}

/** Whether operations tell of it. */
export const isListed = ({ hidden }: ChangeStream): boolean => hidden !== true

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
