/** How far back records can be read: as long as streams keep them, unless the log had to let go of them before. */
import type { Position } from '../../core/change/change.ts'
import { ServiceError } from '../../core/errors.ts'
import type { OperationContext } from '../operation.ts'

/** The last position that cannot be read any more. */
export function oldestReadable({ engine, env, settings }: OperationContext): Position {
  const sinceMs = env.clock.wallMs() - settings.streamRetentionMs
  const known = horizons.get(engine)
  if (known !== undefined && sinceMs >= known.sinceMs && sinceMs - known.sinceMs < keptMs)
    return Math.max(known.position, engine.oldest() - 1)
  const position = engine.streams.before(sinceMs)
  horizons.set(engine, { sinceMs, position })
  return position
}

type Horizon = { readonly sinceMs: number; readonly position: Position }

/** It is looked for by halving the log, and moves slowly. */
const horizons = new WeakMap<object, Horizon>()
const keptMs = 1000

export const trimmed = (): ServiceError =>
  new ServiceError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  )
