/** One request through the stages of its operation, and what it leaves to be said in its reply. */
import { required } from '../core/assert.ts'
import type { Principal } from '../core/auth/credentials.ts'
import { totalUnits } from '../core/read/read-capacity.ts'
import { checkAttributeValues } from '../core/wire/attribute-values.ts'
import { markRequestHeader } from '../core/wire/cache-mark.ts'
import { afterHeader, positionHeader } from '../core/wire/position-header.ts'
import type { LogPositions } from '../ports/log-positions.ts'
import type { AnsweredRequest, RequestObserver } from '../ports/request-observer.ts'
import { inputOf } from '../core/wire/model/shapes.ts'
import { ForeignTable } from '../operations/arns.ts'
import type { Operation, OperationContext, RequestContext, Sender } from '../operations/operation.ts'
import { decide, type Decisions, prepared, requestContext, settled, settledRefused } from '../operations/stages.ts'
import { countRefusal } from '../operations/refusals.ts'
import { unsupportedOperation } from '../operations/unsupported.ts'
import { latestOf, sureOfTables } from '../operations/strong-reads.ts'
import type { SignedRequest } from './access/signatures.ts'
import { type Marking, marking } from './marking.ts'

type Options = {
  readonly context: OperationContext
  readonly operations: ReadonlyMap<string, Operation>
  readonly decisions?: Decisions
  readonly signatures?: object
  readonly positions?: LogPositions | undefined
  readonly observer?: RequestObserver | undefined
}

/** Moments of a request that is observed. */
type Moments = {
  /** Until the place that it asked for is applied. */
  waitsMs?: number
  runsMs?: number
  /** Its operation has begun, and goes on elsewhere. */
  leavesMs?: number
  readonly commits: number[]
}

type Sent = Pick<SignedRequest, 'headers' | 'address' | 'isSecure' | 'endpoint'>

export class Performing {
  readonly #options: Options
  readonly #operation: Operation
  readonly #principal: Principal | undefined
  #input: object = {}
  #ready: unknown
  #context: RequestContext | undefined
  #marking: Marking | undefined
  #beganMs = 0
  #tellsPosition = false
  readonly #moments: Moments | undefined

  constructor(options: Options, name: string, principal: Principal | undefined) {
    const operation = options.operations.get(name)
    if (operation === undefined) throw unsupportedOperation(name)
    this.#options = options
    this.#operation = operation
    this.#principal = principal
    if (options.observer !== undefined) this.#moments = { commits: [] }
  }

  /** Returns the output, or a promise of it where the operation has to wait. */
  begin(input: never, request: Sent): unknown {
    const { headers } = request
    const { context: shared, decisions, signatures } = this.#options
    const operation = this.#operation
    this.#input = input
    this.#beganMs = shared.env.clock.monotonicMs()
    if (operation.checksOwnValues !== true) checkAttributeValues(inputOf(operation.name), input)
    const ready = prepared(operation, input, shared)
    this.#ready = ready
    if (headers[markRequestHeader] !== undefined) {
      const names = operation.touches(ready).map(({ table }) => table)
      this.#marking = marking(shared, names, {
        verified: signatures !== undefined,
        policed: decisions?.policed === true,
      })
    }
    const { host } = headers
    const context = requestContext(shared, {
      principal: this.#principal,
      host,
      ...(decisions?.authorize === undefined ? {} : { sender: senderOf(request) }),
      onCommitted: this.#onCommitted(),
    })
    const nowMs = this.#beganMs
    this.#context = decisions === undefined ? context : decide(operation, ready, { context, input, decisions, nowMs })
    this.#tellsPosition = headers[positionHeader] !== undefined && operation.kind === 'write'
    const wait = headers[afterHeader] === undefined ? undefined : this.#options.positions?.reached(headers)
    if ((shared.strong ?? shared.latest) !== undefined && wait === undefined) {
      const latest = latestOf(operation, { input, ready }, shared)
      if (latest !== undefined) return latest.then(() => this.#run(ready as never, this.#context))
    }
    if (wait === undefined) return this.#run(ready as never, this.#context)
    if (this.#moments !== undefined) this.#moments.waitsMs = shared.env.clock.monotonicMs()
    return wait.then(async () => {
      await latestOf(operation, { input, ready }, shared)
      return this.#run(ready as never, this.#context)
    })
  }

  #onCommitted(): RequestContext['onCommitted'] {
    const [marked, moments] = [this.#marking?.onCommitted, this.#moments]
    if (moments === undefined) return marked
    return (position) => {
      moments.commits.push(position)
      marked?.(position)
    }
  }

  #run(ready: never, context: RequestContext | undefined): unknown {
    const moments = this.#moments
    if (moments === undefined) return this.#perform(ready, context)
    const { clock } = this.#options.context.env
    moments.runsMs = clock.monotonicMs()
    const output = this.#perform(ready, context)
    if (output instanceof Promise) moments.leavesMs = clock.monotonicMs()
    return output
  }

  #perform(ready: never, context: RequestContext | undefined): unknown {
    const operation = this.#operation
    const known = required(context, 'the context of a request that runs')
    const faults = this.#options.decisions?.faults
    if (faults?.any === true) return faults.perform({ operation, input: this.#input, ready, context: known })
    if (known.latest !== undefined) return sureOfTables(operation, known, () => operation.run(ready, known))
    return operation.run(ready, known)
  }

  /** The output as the reply has it. */
  settle(output: unknown): unknown {
    const context = this.#context
    if (context === undefined) return output
    const nowMs = context.env.clock.monotonicMs()
    const told = settled(this.#operation, { input: this.#input, output, nowMs }, context)
    this.#noteKeys(context)
    const seconds = (nowMs - this.#beganMs) / 1000
    for (const table of context.spent.tables)
      context.env.meter.observe('longitude_table_request_seconds', seconds, { table, operation: this.#operation.name })
    return told
  }

  /** A refusal about a table of another account names the action that the request needs there. */
  explained(error: unknown): unknown {
    if (!(error instanceof ForeignTable)) return error
    const touch = this.#operation.touches(this.#ready).find(({ table }) => table === error.arn)
    return error.of(touch?.action ?? this.#operation.name)
  }

  settleRefused(error: unknown): void {
    if (this.#context !== undefined) settledRefused(this.#context)
    this.#noteKeys(this.#context, error)
    if (this.#ready !== undefined) countRefusal(this.#operation, this.#ready, { error, ...this.#options })
  }

  /** For contributor insights, while there are any. */
  #noteKeys(context: RequestContext | undefined, error?: unknown): void {
    const insights = this.#options.decisions?.insights
    if (insights?.any !== true || !this.isOfItems || this.#ready === undefined) return
    insights.note({ touches: this.#operation.touches(this.#ready), context, error })
  }

  get isOfItems(): boolean {
    return this.#operation.kind !== 'control'
  }

  /** What an observer is told of it beside its answer. */
  observed({ startedMs, endedMs }: { readonly startedMs: number; readonly endedMs: number }): Observed {
    const { waitsMs, runsMs = endedMs, leavesMs = endedMs, commits = [] } = this.#moments ?? {}
    const spent = this.#context?.spent
    const tables = spent?.tables ?? []
    return {
      kind: this.#operation.kind,
      tables: tables.length > 0 ? tables : this.resources(),
      units: (spent?.uses() ?? []).reduce((sum, { capacity }) => sum + totalUnits(capacity), 0),
      positions: commits,
      parts: {
        preparingMs: (waitsMs ?? runsMs) - startedMs,
        positionMs: waitsMs === undefined ? 0 : runsMs - waitsMs,
        runningMs: leavesMs - runsMs,
        waitingMs: endedMs - leavesMs,
      },
    }
  }

  /** What the request is about, as it says it; none where it could not be read. */
  resources(): readonly string[] {
    if (this.#ready === undefined) return []
    const names = this.#operation
      .touches(this.#ready as never)
      .flatMap(({ resource, table }) => resource ?? table ?? [])
    return [...new Set(names)].slice(0, resourcesToldMax)
  }

  /** What a cache, or a client that asks for a position, is told beside the reply. */
  headers(): Readonly<Record<string, string>> | undefined {
    const marks = this.#marking?.headers()
    if (!this.#tellsPosition || this.#options.positions === undefined) return marks
    return { ...marks, [positionHeader]: this.#options.positions.written() }
  }
}

function senderOf({ headers, address, isSecure, endpoint }: Sent): Sender {
  return { address, userAgent: headers['user-agent'], isSecure, endpoint }
}

type Observed = Pick<AnsweredRequest, 'kind' | 'tables' | 'units' | 'positions' | 'parts'>

const resourcesToldMax = 20
