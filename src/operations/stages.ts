/**
 * One request through the stages of its operation (operation.ts). Stages that decide over a request take their decision from
 * `Decisions`; what they need to know of it is said by `touches`, and made only for them.
 */
import { ServiceError } from '../core/errors.ts'
import type { CapacityDetail } from '../core/read/consumed-capacity.ts'
import { inLayer } from '../core/wire/validation-layers.ts'
import type { Admission } from './capacity/admission.ts'
import { refuse } from './capacity/refuse.ts'
import { assertMayChange, type Evacuated } from './evacuated.ts'
import type { Faults } from './faults/faults.ts'
import type { Insights } from './insights/insights.ts'
import { type Denials, type Operation, type OperationContext, Rendered, type RequestContext } from './operation.ts'
import { Spent } from './spent.ts'
import type { Touch } from './touch.ts'

/** The request as it is decided over, before it runs. */
export type Prepared = {
  readonly operation: string
  readonly context: RequestContext
  readonly input: unknown
  readonly touches: () => readonly Touch[]
}

/** Each throws the ServiceError that the request is refused with. */
export type Decisions = {
  /**
   * Absent, identity decides: a signer that the pipeline has let in may do everything. Returns what of a batch of statements is refused, one
   * entry for each touch; undefined where nothing is.
   */
  readonly authorize?: ((request: Prepared) => Denials | undefined) | undefined
  /** What `authorize` refuses is denied, and not only told. */
  readonly policed?: boolean
  /** Absent, there is capacity for every request. */
  readonly admission?: Pick<Admission, 'admit'> | undefined
  /** Absent, the region takes changes of tables. */
  readonly evacuation?: Pick<Evacuated, 'fence'> | undefined
  /** Absent, no keys are counted. */
  readonly insights?: Pick<Insights, 'any' | 'note'> | undefined
  /** Absent, nothing is broken on purpose. */
  readonly faults?: Pick<Faults, 'any' | 'perform'> | undefined
}

export type Caller = Pick<RequestContext, 'principal' | 'host' | 'sender' | 'onCommitted'>

const anyone: Caller = { principal: undefined }

/** Before anything is decided of it: the decisions are set, once, by `decide`. A copy with them costs more than the decisions. */
type Undecided = RequestContext & { denied: RequestContext['denied']; admitted: RequestContext['admitted'] }

export function requestContext(context: OperationContext, caller: Caller = anyone): Undecided {
  const { engine, env, settings, keys, archives, strong, latest } = context
  const { principal, host, sender, onCommitted } = caller
  return {
    engine,
    env,
    settings,
    keys,
    archives,
    strong,
    latest,
    principal,
    host,
    sender,
    spent: new Spent(),
    onCommitted,
    denied: undefined,
    admitted: undefined,
  }
}

/** Checks and prepares: everything that the input alone tells. */
export function prepared<Input, Ready>(
  operation: Operation<Input, Ready>,
  input: Input,
  context: OperationContext,
): Ready {
  try {
    for (const check of operation.checks) check(input, context)
    return operation.prepare(input)
  } catch (error) {
    throw error instanceof ServiceError ? inLayer(operation.name, error) : error
  }
}

type Deciding = {
  readonly context: Undecided
  readonly input?: unknown
  readonly decisions: Decisions
  /** Of the monotonic clock: when the request began. */
  readonly nowMs: number
}

export function decide<Ready>(
  operation: Operation<never, Ready>,
  ready: Ready,
  { context, input, decisions: { authorize, admission, evacuation }, nowMs }: Deciding,
): RequestContext {
  context.denied = authorize?.({
    operation: operation.name,
    context,
    input,
    touches: () => operation.touches(ready),
  })
  if (evacuation?.fence !== undefined) assertMayChange(operation, evacuation)
  if (admission === undefined || operation.capacity === undefined) return context
  const admitted = admission.admit(operation.touches(ready), nowMs)
  if (admitted === undefined) return context
  refuse(operation, admitted.refusals)
  context.admitted = admitted
  return context
}

type Settling = {
  readonly input: { readonly ReturnConsumedCapacity?: CapacityDetail }
  readonly output: unknown
  /** Of the monotonic clock: when the request ended. */
  readonly nowMs: number
}

/** The output with its ConsumedCapacity, which comes last; what was consumed is counted. */
export function settled(
  { capacity }: Pick<Operation, 'capacity'>,
  { input, output, nowMs }: Settling,
  { spent, env, admitted }: RequestContext,
): unknown {
  if (capacity === undefined) return output
  spent.count(env.meter)
  admitted?.charge(spent, nowMs)
  const report = spent.report(capacity, input.ReturnConsumedCapacity)
  if (report === undefined) return output
  if (output instanceof Rendered) return output.with(`"ConsumedCapacity":${JSON.stringify(report)}`)
  return { ...(output as object), ConsumedCapacity: report }
}

/** What was consumed by a request that is refused is counted; its reply does not report it. */
export function settledRefused({ spent, env, admitted }: RequestContext): void {
  spent.count(env.meter)
  admitted?.charge(spent, env.clock.monotonicMs())
}
