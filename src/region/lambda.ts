/** Lambda's part of a region: its triggers, and what its operations are given. */
import type { ChangeStream } from '../core/change-stream/change-stream.ts'
import { LambdaError } from '../core/triggers/lambda-error.ts'
import type { Engine } from '../engine/engine.ts'
import type { LambdaContext } from '../operations/lambda/lambda-operation.ts'
import type { OperationContext } from '../operations/operation.ts'
import { arnOf, isListed, isOver } from '../operations/streams/named-stream.ts'
import type { DataStreams, Destinations, Functions } from '../ports/functions.ts'
import { StreamingDestinations } from '../readers/triggers/streaming-destinations.ts'
import { Triggers } from '../readers/triggers/triggers.ts'

export type FunctionPorts = {
  readonly functions: Functions
  readonly destinations: Destinations
  /** In the place of Kinesis data streams; none by default. */
  readonly dataStreams?: DataStreams | undefined
}

export const noFunctions: FunctionPorts = {
  functions: {
    all: () => [],
    invoke: (name) =>
      Promise.resolve({ kind: 'unavailable', reason: `there is no function ${name}`, isThrottled: false }),
  },
  destinations: {
    has: () => false,
    send: (arn) => Promise.reject(new Error(`${arn} is mapped to nothing`)),
  },
}

const noDataStreams: DataStreams = {
  has: () => false,
  put: (arn) => Promise.reject(new Error(`${arn} is mapped to nothing`)),
}

/** Feeds the Kinesis destinations of the region's tables. */
export function streamingOf(
  context: Pick<OperationContext, 'env' | 'settings'>,
  engine: Engine,
  dataStreams: DataStreams = noDataStreams,
): StreamingDestinations {
  const { env, settings } = context
  const arn = (stream: ChangeStream): string => arnOf(stream, context)
  return new StreamingDestinations({
    env,
    engine,
    arnOf: arn,
    retentionMs: settings.streamRetentionMs,
    dataStreams,
  })
}

const ofGroup = (): LambdaError =>
  new LambdaError(
    'InvalidParameterValueException',
    'Event source mappings are not supported by this version of Longitude for tables with strong consistency between regions.',
  )

export function lambdaOf(context: OperationContext, engine: Engine, ports: FunctionPorts): LambdaContext {
  const { env, settings } = context
  const arn = (stream: ChangeStream): string => arnOf(stream, context)
  const triggers = new Triggers({ env, engine, arnOf: arn, retentionMs: settings.streamRetentionMs, ...ports })
  return {
    ...ports,
    triggers,
    engine,
    env,
    settings,
    hasStream: (given) => {
      const isIt = (stream: ChangeStream): boolean =>
        isListed(stream) && arn(stream) === given && !isOver(stream, context)
      if (engine.streams.all().some(isIt)) return true
      if (context.engine.streams.all().some(isIt)) throw ofGroup()
      return false
    },
  }
}
