/**
 * An operation of the API: one file each, a row that says all of it. A request passes its stages in this order (stages.ts):
 *
 *   checks     what members of the input mean together, in DynamoDB's order
 *   prepare    parses expressions, statements and keys, once
 *   authorize  may the principal do what `touches` says?     admit  is there capacity for it?
 *   run        looks up tables, reads or commits, and makes the reply
 *   settle     fills ConsumedCapacity and counts what was consumed
 *
 * The wire (http/pipeline.ts) does what comes before and after: coerce, constrain, render.
 */
import type { Principal } from '../core/auth/credentials.ts'
import type { ChangeStream } from '../core/change-stream/change-stream.ts'
import type { Position } from '../core/change/change.ts'
import type { ServiceError } from '../core/errors.ts'
import type { PageText } from '../core/read/page-text.ts'
import type { Table } from '../core/table/table.ts'
import type { Timing } from '../core/table/waits.ts'
import type { Engine, Items, RegionLog, Tables } from '../engine/engine.ts'
import type { Env } from '../ports/env.ts'
import type { KeyService } from '../ports/key-service.ts'
import type { PeerArchives } from '../ports/peer-archives.ts'
import type { StrongTables } from './tables/strong-tables.ts'
import type { Admitted } from './capacity/admitted.ts'
import type { CapacityReport, Spent } from './spent.ts'
import type { Touch } from './touch.ts'

/** The parts of an engine that operations may use: of the log only where it begins and ends, and nothing of peers. */
export type OperationEngine = Tables &
  Items &
  Pick<RegionLog, 'epoch' | 'flushed' | 'oldest'> &
  Pick<Engine, 'streams' | 'archive'> & {
    /** The engine that has the stream, and its places; absent where there is one engine only. */
    ofStream?(stream: ChangeStream): OperationEngine
    /** The engine that has the table, likewise. */
    ofTable?(table: Table): OperationEngine
  }

/** Operations reach the store through the engine only, and no peer at all. */
export type OperationEnv = Omit<Env, 'store' | 'bus' | 'blobs'>

/** What all requests of a region share. */
export type OperationContext = {
  readonly engine: OperationEngine
  readonly env: OperationEnv
  readonly settings: OperationSettings
  /** Where the keys of tables are; absent where tables have none, and a specification of one is described only. */
  readonly keys?: KeyService | undefined
  /** What other regions have to restore tables from; absent where no other can be asked. */
  readonly archives?: PeerArchives | undefined
  /** Tables with strong consistency between regions; absent where the deployment has nothing to order their writes. */
  readonly strong?: StrongTables | undefined
  /** Resolves once it is known that no other node of this region led it at the moment of the call; absent in a region of one node. */
  readonly latest?: (() => Promise<void>) | undefined
}

export type RequestContext = OperationContext & {
  /** The signer; undefined where signatures are not verified. */
  readonly principal: Principal | undefined
  /** The address that the client asked, as it wrote it. */
  readonly host?: string | undefined
  /** Known where policies are looked at. */
  readonly sender?: Sender | undefined
  /** Receives what the request consumes, also when it is refused in the end. */
  readonly spent: Spent
  /** Called with the position of each durable write in the log, in the order of the request's writes. */
  readonly onCommitted?: ((position: Position) => void) | undefined
  /** What policies deny of a batch of statements. */
  readonly denied?: Denials | undefined
  /** Where capacity is counted: what of a batch is refused. */
  readonly admitted?: Admitted | undefined
}

/** One for each touch of the request. */
export type Denials = readonly (ServiceError | undefined)[]

/** What a request says of where it comes from. */
export type Sender = {
  /** The other end of its connection. */
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  readonly isSecure?: boolean | undefined
  /** The private listener that it came by: `vpce-…`. */
  readonly endpoint?: string | undefined
}

export type OperationSettings = {
  /** As in ARNs. */
  readonly accountId: string
  /** Whether the operations of version 2017.11.29 are served; AWS refuses them. */
  readonly globalTables2017: boolean
  readonly region: string
  /** Regions of the topology, this one included. */
  readonly regions: readonly string[]
  /** How long states last, and how long changes must wait. */
  readonly timing: Timing
  /** How long records of change streams can be read, and streams that are disabled. */
  readonly streamRetentionMs: number
}

/** Throws a ServiceError when the input breaks a rule that its shape cannot say. */
export type Check<Input> = (input: Input, context: OperationContext) => void

/**
 * A whole reply body, a JSON object, in parts: stored items are spliced into it, never parsed. The parts come together where the reply is written,
 * and in no place before.
 */
export class Rendered {
  readonly #parts: readonly (Buffer | PageText)[]

  constructor(parts: readonly (Buffer | PageText)[] | Buffer) {
    this.#parts = Buffer.isBuffer(parts) ? [parts] : parts
  }

  get sizeBytes(): number {
    let size = 0
    for (const part of this.#parts) size += Buffer.isBuffer(part) ? part.length : part.sizeBytes
    return size
  }

  /** Copies the body to that place, and returns where it ends. */
  copyTo(target: Buffer, start: number): number {
    let at = start
    for (const part of this.#parts) at = Buffer.isBuffer(part) ? at + part.copy(target, at) : part.copyTo(target, at)
    return at
  }

  /** The body has been copied to where it is sent from: nothing of it is asked for any more. */
  release(): void {
    for (const part of this.#parts) if (!Buffer.isBuffer(part)) part.release()
  }

  get bytes(): Buffer {
    const [only] = this.#parts
    if (Buffer.isBuffer(only) && this.#parts.length === 1) return only
    const bytes = Buffer.allocUnsafe(this.sizeBytes)
    this.copyTo(bytes, 0)
    return bytes
  }

  /** The body with one more member at its end; `member` is JSON text: `"name":value`. */
  with(member: string): Rendered {
    const last = this.#parts.at(-1)
    const end = Buffer.isBuffer(last) ? last : Buffer.from('{}')
    const isEmpty = this.#parts.length <= 1 && end.length <= 2
    const more = Buffer.from(`${isEmpty ? '' : ','}${member}}`)
    return new Rendered([...this.#parts.slice(0, -1), end.subarray(0, -1), more])
  }
}

/** Methods rather than functions in members, so that the registry can hold operations whose `Prepared` it does not know. */
export type Operation<Input = never, Prepared = unknown, Output = unknown> = {
  readonly name: string
  readonly kind: 'read' | 'write' | 'control'
  readonly checks: readonly Check<Input>[]
  /**
   * The checks look at the attribute values themselves, with core/wire/attribute-values.ts, because in DynamoDB other
   * checks come before. Otherwise the pipeline does it for the whole input, before all checks.
   */
  readonly checksOwnValues?: true
  /** Parses what the input holds as text; looks up no table. Throws a ServiceError for what cannot be parsed. */
  prepare(input: Input): Prepared
  /** Tables, indexes, keys, attributes and actions of the request; made only for a stage that asks. */
  touches(prepared: Prepared): readonly Touch[]
  run(prepared: Prepared, context: RequestContext): Output | Rendered | Promise<Output | Rendered>
  readonly capacity?: CapacityReport
  /** What is refused when there is no capacity for a part of it: the whole request where not said otherwise. */
  readonly throttles?: 'request' | 'items' | 'transaction'
}

export function defineOperation<Input, Prepared, Output>(
  operation: Operation<Input, Prepared, Output>,
): Operation<Input, Prepared, Output> {
  return operation
}

type ControlContext = OperationContext & Pick<RequestContext, 'host'>

/** An operation on tables rather than items: there is nothing to parse in its input, and nothing is consumed. */
export type Control<Input, Output> = {
  readonly name: string
  /** The table that the input names, by name or ARN; absent when the operation is about no single table. */
  readonly table?: (input: Input) => string | undefined
  /** What it is about where that is no table: an ARN. */
  readonly resource?: (input: Input) => string | undefined
  readonly checks: readonly Check<Input>[]
  /** Actions that the request needs beside the operation's own. */
  readonly alsoTouches?: (input: Input) => readonly Touch[]
  readonly run: (input: Input, context: ControlContext) => Output | Promise<Output>
}

export type ControlOperation<Input, Output> = Operation<Input, Input, Output> & Pick<Control<Input, Output>, 'run'>

export function defineControl<Input, Output>(control: Control<Input, Output>): ControlOperation<Input, Output> {
  const { name, table, resource, checks, alsoTouches, run } = control
  return {
    name,
    kind: 'control',
    checks,
    prepare: (input) => input,
    touches: (input) => [
      { action: name, table: table?.(input), ...(resource === undefined ? {} : { resource: resource(input) }) },
      ...(alsoTouches?.(input) ?? []),
    ],
    run,
  }
}
