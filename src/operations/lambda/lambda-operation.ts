/** What Lambda's operations are given, and what they answer. They are REST: a method and a path name each (lambda-routes.ts). */
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Destinations, Functions } from '../../ports/functions.ts'
import type { Triggers } from '../../readers/triggers/triggers.ts'

export type LambdaContext = {
  readonly triggers: Triggers
  readonly functions: Functions
  readonly destinations: Destinations
  readonly engine: Pick<Engine, 'flushed'>
  readonly env: Pick<Env, 'clock' | 'random'>
  readonly settings: { readonly region: string; readonly accountId: string }
  /** Whether the region has a stream with this ARN that can be read. */
  readonly hasStream: (arn: string) => boolean
}

export type LambdaRequest = {
  /** What stands in the path for a name or an id. */
  readonly named: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

export type LambdaReply = {
  readonly status: number
  /** An object that is sent as JSON, or bytes that are JSON. */
  readonly body?: object | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export type LambdaOperation = {
  readonly name: string
  readonly run: (request: LambdaRequest, context: LambdaContext) => LambdaReply | Promise<LambdaReply>
}
