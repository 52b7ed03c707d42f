/** Lambda's part of a region: its triggers, and what its operations are given. */
import type { ChangeStream } from '../core/change-stream/change-stream.ts'
import type { Engine } from '../engine/engine.ts'
import type { LambdaContext } from '../operations/lambda/lambda-operation.ts'
import type { OperationContext } from '../operations/operation.ts'
import { arnOf, isOver } from '../operations/streams/named-stream.ts'
import type { Destinations, Functions } from '../ports/functions.ts'
import { Triggers } from '../readers/triggers/triggers.ts'

export type FunctionPorts = { readonly functions: Functions; readonly destinations: Destinations }

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
    hasStream: (given) => engine.streams.all().some((stream) => arn(stream) === given && !isOver(stream, context)),
  }
}
