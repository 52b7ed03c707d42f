/**
 * An operation of the API: one file each, a row that says what it is, its checks in DynamoDB's order, and a short
 * run. The pipeline (http/pipeline.ts) does the rest: coerce, constrain, checks, run, render.
 */
import type { Position } from '../core/change/change.ts'
import type { Engine } from '../engine/engine.ts'
import type { Env } from '../ports/env.ts'

export type OperationContext = {
  readonly engine: Engine
  readonly env: Env
  readonly settings: OperationSettings
  /** Told the position at which a write stands in the log, in the order of the request's writes, once it is durable. */
  readonly onCommitted?: (position: Position) => void
}

export type OperationSettings = {
  /** As in ARNs. */
  readonly accountId: string
  readonly region: string
  /** Regions of the topology, this one included. */
  readonly regions: readonly string[]
  /** How long a table stays CREATING, UPDATING or DELETING, in milliseconds. */
  readonly tableTransitionMs: number
}

/** Throws a ServiceError when the input breaks a rule that its shape cannot say. */
export type Check<Input> = (input: Input, context: OperationContext) => void

/** A whole reply body that is JSON already: stored items are spliced into it, never parsed. */
export class Rendered {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

export type Operation<Input = never, Output = unknown> = {
  readonly name: string
  readonly kind: 'read' | 'write' | 'control'
  /** Tables that the request names: for policy, admission and metrics. */
  readonly tables: (input: Input) => readonly (string | undefined)[]
  readonly checks: readonly Check<Input>[]
  /**
   * The checks look at the attribute values themselves, with core/wire/attribute-values.ts, because in DynamoDB other
   * checks come before. Otherwise the pipeline does it for the whole input, before all checks.
   */
  readonly checksOwnValues?: true
  readonly run: (input: Input, context: OperationContext) => Output | Rendered | Promise<Output | Rendered>
}

export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation<Input, Output> {
  return operation
}
