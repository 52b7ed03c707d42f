/**
 * Faults of a region's API, set by an operator, a drill or a test (docs/coding/faults.md). A request that a fault strikes before it runs does not run at
 * all; one that is struck after it has run is done as a whole, and only its answer is lost. There is nothing in between. With no fault set, a request costs
 * a look at `any`.
 */
import { unreachable } from '../../core/assert.ts'
import { faultMsMax, heldRequestsMax } from '../../core/limits/fault-limits.ts'
import { FaultBook, type KeptFault, type Selection, type Strike } from '../../core/faults/fault-book.ts'
import type { Aim, Effect, Fault } from '../../core/faults/fault.ts'
import type { ReadFormerItems } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Operation, OperationContext, RequestContext } from '../operation.ts'
import { refuse } from '../capacity/refuse.ts'
import { askedRequest, type Request } from './asked-request.ts'
import { Cut } from './cut.ts'
import { readingFormer } from './former-engine.ts'
import { conflict, failure, mayStrike, type Refusals, throttles, tooManyRequests } from './fault-errors.ts'

export type FaultWish = {
  readonly aim: Aim
  readonly effect: Effect
  readonly owner: string
  readonly forMs: number
  /** A fault of the same id is replaced. */
  readonly id?: string | undefined
  readonly seed?: number | undefined
}

export type Performed = {
  readonly operation: Operation
  readonly input: object
  readonly ready: never
  readonly context: RequestContext
}

export class Faults {
  /** Whether a fault is set: all that a request looks at otherwise. */
  any = false
  readonly #env: Pick<Env, 'clock' | 'random' | 'meter'>
  readonly #former: ReadFormerItems
  readonly #book = new FaultBook()
  readonly #held = new Map<() => void, string>()
  readonly #listeners = new Set<(any: boolean) => void>()

  constructor(env: Pick<Env, 'clock' | 'random' | 'meter'>, former: ReadFormerItems) {
    this.#env = env
    this.#former = former
  }

  list(): readonly KeptFault[] {
    this.#expire()
    return this.#book.faults
  }

  /** Undefined when there is no room for it. */
  set({ aim, effect, owner, forMs, id, seed }: FaultWish): Fault | undefined {
    const { clock, random } = this.#env
    this.#expire()
    const ms = Math.min(forMs, faultMsMax)
    const fault: Fault = {
      id: id ?? random.uuid().slice(0, 8),
      owner,
      aim,
      effect,
      seed: seed ?? random.bytes(4).readUInt32BE(),
      startedAtMs: clock.wallMs(),
      endsMs: clock.monotonicMs() + ms,
      endsAtMs: clock.wallMs() + ms,
    }
    if (!this.#book.set(fault)) return undefined
    if (effect.kind === 'stale') this.#former.keep(effect.ms, ms)
    this.#note()
    return fault
  }

  /** Ends faults; requests that they hold go on at once. */
  clear(selection: Selection = {}): readonly Fault[] {
    const ended = this.#book.clear(selection)
    this.#letGo(new Set(ended.map(({ id }) => id)))
    this.#note()
    return ended
  }

  /** Called when the first fault is set and when the last has ended. */
  onAny(listener: (any: boolean) => void): void {
    this.#listeners.add(listener)
  }

  /** Runs a request, struck by the faults that are aimed at it. */
  async perform(performed: Performed): Promise<unknown> {
    const { operation, input, ready, context } = performed
    this.#expire()
    const request = { operation: operation.name, input, touches: operation.touches(ready) }
    const strikes = this.#strikes(request, context)
    const before = strikes.filter(({ fault: { effect } }) => !isAfter(effect))
    const after = strikes.filter(({ fault: { effect } }) => isAfter(effect))
    let told = context
    for (const strike of before) told = await this.#before(strike, request, { ...performed, context: told })
    if (after.length === 0) return await operation.run(ready, told)
    const outcome = await settledOutcome(operation, ready, told)
    for (const strike of after) await this.#strike(strike)
    if ('error' in outcome) throw outcome.error
    return outcome.output
  }

  #strikes(request: Request, context: OperationContext): readonly Strike[] {
    const strikes = this.#book.strike(askedRequest(request, context), {
      mayHave: (effect) => mayStrike(effect, request),
    })
    for (const { fault, hit } of strikes) {
      const table = askedRequest(request, context).parts.find((_, n) => hit[n]?.includes(true))?.table ?? ''
      const labels = { table, operation: request.operation, kind: fault.effect.kind }
      this.#env.meter.count('longitude_injected_faults_total', labels)
    }
    return strikes
  }

  /** The context that the request runs in. */
  async #before(strike: Strike, request: Request, performed: Performed): Promise<RequestContext> {
    const { effect } = strike.fault
    const { operation, context } = performed
    switch (effect.kind) {
      case 'throttle':
        if (operation.capacity === undefined) throw tooManyRequests()
        return refusing(performed, throttles(strike, request, context))
      case 'partial':
        return refusing(performed, throttles(strike, request, context))
      case 'conflict':
        throw conflict(strike, request)
      case 'stale':
        return { ...context, engine: readingFormer(context.engine, this.#former.at(strike.ms)) }
      case 'error':
      case 'unavailable':
      case 'timeout':
      case 'slow':
      case 'reset':
        await this.#strike(strike)
        return context
      default:
        return unreachable(effect)
    }
  }

  /** Returns where the request goes on. */
  async #strike({ fault, ms }: Strike): Promise<void> {
    const { effect } = fault
    if (effect.kind === 'slow') return this.#hold(ms, fault)
    if (effect.kind === 'error' || effect.kind === 'unavailable') throw failure(effect.kind)
    if (effect.kind === 'timeout') await this.#hold(ms, fault)
    throw new Cut(effect.kind === 'reset' ? 'reset' : 'close')
  }

  /** Until the time is over or the fault has ended. */
  async #hold(ms: number, { id, endsMs }: Fault): Promise<void> {
    const { clock } = this.#env
    const leftMs = Math.min(ms, endsMs - clock.monotonicMs())
    if (leftMs <= 0 || this.#held.size >= heldRequestsMax) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#held.delete(go)
        cancel()
        resolve()
      }
      const cancel = clock.after(leftMs, go)
      this.#held.set(go, id)
    })
  }

  #letGo(ids: ReadonlySet<string>): void {
    for (const [go, id] of this.#held) if (ids.has(id)) go()
  }

  #expire(): void {
    this.#book.expire(this.#env.clock.monotonicMs())
    this.#note()
  }

  #note(): void {
    const any = this.#book.faults.length > 0
    if (any === this.any) return
    this.any = any
    for (const listener of this.#listeners) listener(any)
  }
}

const isAfter = (effect: Effect): boolean => 'after' in effect && effect.after

type Outcome = { readonly output: unknown } | { readonly error: unknown }

async function settledOutcome(operation: Operation, ready: never, context: RequestContext): Promise<Outcome> {
  try {
    return { output: await operation.run(ready, context) }
  } catch (error) {
    return { error }
  }
}

/** Throws what the request is refused with; of a batch only items may be. */
function refusing({ operation, context }: Performed, refusals: Refusals): RequestContext {
  const known = context.admitted
  const all: Refusals = refusals.map((keys, n) => keys.map((each, k) => each ?? known?.refusals[n]?.[k]))
  refuse(operation, all)
  return {
    ...context,
    admitted: { refusals: all, charge: (spent, nowMs) => known?.charge(spent, nowMs) },
  }
}
