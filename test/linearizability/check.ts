/**
 * Decides whether a history is linearizable: whether each operation can be given one moment between its invocation and its return,
 * so that all answers are those of one register that does them one after the other. Exhaustive, after Wing and Gong, with Lowe's
 * just-in-time order and memory: invocations and returns are gone through in their order, with all the *configurations* in which
 * the key can be by then. An operation is given its moment only when a return needs it. Where an operation returns and no
 * configuration has it, the history is not linearizable.
 *
 * Keys are independent of each other, so each is checked by itself (Herlihy and Wing, locality).
 *
 * Operations of unknown outcome are kept for ever as ones that may take effect. Those that ask the same count as one kind. A
 * configuration that has used no more of them than another is at least as good in all else: the other is dropped.
 */
import { required } from '../../src/core/assert.ts'
import { byKey, type History, type Operation, type Value } from './history.ts'
import { after, isPure } from './model.ts'

/** Moments tried in one check of one key; some 2 s. */
export const checkStepsMax = 2_000_000

export type Verdict =
  | { readonly verdict: 'linearizable' }
  | { readonly verdict: 'undecided'; readonly key: string }
  | { readonly verdict: 'not linearizable'; readonly key: string; readonly refuted: Refuted }

/** No moment is left for `operation`, among those that were invoked before it returned. */
export type Refuted = { readonly operation: Operation; readonly prefix: readonly Operation[] }

export type KeyVerdict =
  | { readonly verdict: 'linearizable' | 'undecided'; readonly steps: number }
  | { readonly verdict: 'not linearizable'; readonly steps: number; readonly at: Operation }

/** The first key that is not linearizable, or else one that is undecided. */
export function check({ initial, operations }: History, stepsMax = checkStepsMax): Verdict {
  let undecided: Verdict | undefined
  for (const [key, list] of byKey(operations)) {
    const result = checkKey(initial, list, stepsMax)
    if (result.verdict === 'undecided') undecided ??= { verdict: 'undecided', key }
    if (result.verdict !== 'not linearizable') continue
    return { verdict: result.verdict, key, refuted: { operation: result.at, prefix: prefixUpTo(list, result.at) } }
  }
  return undecided ?? { verdict: 'linearizable' }
}

/** What was invoked before the operation returned; those that returned later are unknown as of then. */
function prefixUpTo(operations: readonly Operation[], last: Operation): readonly Operation[] {
  const endMs = last.returned ?? Infinity
  return operations
    .filter((each) => each.invoked <= endMs && isHeld(each))
    .map((each) => ((each.returned ?? Infinity) > endMs ? forgotten(each) : each))
    .filter(isHeld)
}

/** The same operation with an outcome that was not told. */
export function forgotten(operation: Operation): Operation {
  // What failed changed nothing: as a read it is left out.
  if (operation.outcome === 'fail') return { ...operation, outcome: 'refused', value: undefined }
  return { ...operation, outcome: 'unknown', returned: null, value: undefined }
}

/** What the order has to explain: not eventual reads, nothing that was refused, and no read without an answer. */
function isHeld({ op, outcome, consistency }: Operation): boolean {
  return outcome !== 'refused' && consistency !== 'eventual' && !(op === 'read' && outcome === 'unknown')
}

/** Operations of unknown outcome that ask the same; only their number counts. */
type Kind = { readonly operation: Operation; invoked: number }

type Configuration = {
  readonly state: Value
  /** Operations under way that have taken effect, by number, ascending. */
  readonly done: readonly number[]
  /** By kind, how many of unknown outcome have taken effect. */
  readonly used: readonly number[]
}

type Event = { readonly at: number; readonly isReturn: boolean; readonly number: number }

export function checkKey(initial: Value, operations: readonly Operation[], stepsMax = checkStepsMax): KeyVerdict {
  const held = operations.filter(isHeld)
  const search = new Search(initial, held, stepsMax)
  for (const { isReturn, number } of eventsOf(held)) {
    if (!isReturn) search.invoke(number)
    else if (!search.return(number)) {
      const { steps } = search
      if (search.isExhausted) return { verdict: 'undecided', steps }
      return { verdict: 'not linearizable', steps, at: required(held[number], 'an operation that returned') }
    }
  }
  return { verdict: 'linearizable', steps: search.steps }
}

/** At one moment invocations come first: such operations may have been concurrent. */
function eventsOf(operations: readonly Operation[]): readonly Event[] {
  return operations
    .flatMap(({ invoked, returned, outcome }, number): Event[] => {
      const invocation = { at: invoked, isReturn: false, number }
      return outcome === 'unknown' ? [invocation] : [invocation, { at: returned ?? Infinity, isReturn: true, number }]
    })
    .toSorted((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn) || a.number - b.number)
}

class Search {
  steps = 0
  readonly #operations: readonly Operation[]
  readonly #stepsMax: number
  readonly #kinds = new Map<string, Kind>()
  /** Invoked, and not returned yet. */
  readonly #underWay = new Set<number>()
  #configurations: readonly Configuration[]

  constructor(initial: Value, operations: readonly Operation[], stepsMax: number) {
    this.#operations = operations
    this.#stepsMax = stepsMax
    this.#configurations = [{ state: initial, done: [], used: [] }]
  }

  get isExhausted(): boolean {
    return this.steps > this.#stepsMax
  }

  invoke(number: number): void {
    const operation = this.#operation(number)
    if (operation.outcome === 'unknown') {
      const name = kindName(operation)
      const kind = this.#kinds.get(name) ?? { operation, invoked: 0 }
      kind.invoked++
      this.#kinds.set(name, kind)
      return
    }
    this.#underWay.add(number)
    if (isPure(operation)) this.#configurations = this.#configurations.map((each) => this.#withPure(each))
  }

  /** Keeps the configurations in which the operation has taken effect. False when there are none. */
  return(number: number): boolean {
    const [seen, kept] = [new Seen(), new Seen()]
    const queue: Configuration[] = []
    const reach = (configuration: Configuration): void => {
      if (!configuration.done.includes(number)) {
        if (seen.add(configuration)) queue.push(configuration)
      } else kept.add({ ...configuration, done: configuration.done.filter((each) => each !== number) })
    }
    this.#configurations.forEach(reach)
    for (let at = 0; at < queue.length && !this.isExhausted; at++)
      this.#successors(required(queue[at], 'a configuration')).forEach(reach)
    this.#underWay.delete(number)
    this.#configurations = kept.all()
    return !this.isExhausted && this.#configurations.length > 0
  }

  #successors({ state, done, used }: Configuration): readonly Configuration[] {
    const next: Configuration[] = []
    for (const number of this.#underWay) {
      if (done.includes(number)) continue
      const reached = this.#step(state, this.#operation(number))
      if (reached !== undefined)
        next.push(this.#withPure({ state: reached.state, done: withNumber(done, number), used }))
    }
    let kind = -1
    for (const { operation, invoked } of this.#kinds.values()) {
      kind++
      if ((used[kind] ?? 0) >= invoked) continue
      const reached = this.#step(state, operation)
      if (reached === undefined || reached.state === state) continue
      next.push(this.#withPure({ state: reached.state, done, used: withOneMore(used, kind) }))
    }
    return next
  }

  /** What changes nothing takes effect as soon as it can: later it would be no better. */
  #withPure(configuration: Configuration): Configuration {
    let { done } = configuration
    for (const number of this.#underWay) {
      const operation = this.#operation(number)
      if (!isPure(operation) || done.includes(number)) continue
      if (this.#step(configuration.state, operation) !== undefined) done = withNumber(done, number)
    }
    return done === configuration.done ? configuration : { ...configuration, done }
  }

  #step(state: Value, operation: Operation): { readonly state: Value } | undefined {
    this.steps++
    return after(state, operation)
  }

  #operation(number: number): Operation {
    return required(this.#operations[number], 'an operation')
  }
}

/** Configurations by state and operations done, without those that have used more operations of unknown outcome than another. */
class Seen {
  readonly #byPlace = new Map<string, Configuration[]>()

  add(configuration: Configuration): boolean {
    const place = JSON.stringify([configuration.state, configuration.done])
    const others = this.#byPlace.get(place) ?? []
    if (others.some(({ used }) => isNoMore(used, configuration.used))) return false
    const left = others.filter(({ used }) => !isNoMore(configuration.used, used))
    this.#byPlace.set(place, [...left, configuration])
    return true
  }

  all(): readonly Configuration[] {
    return [...this.#byPlace.values()].flat()
  }
}

function isNoMore(used: readonly number[], than: readonly number[]): boolean {
  return used.every((count, kind) => count <= (than[kind] ?? 0))
}

function withNumber(done: readonly number[], number: number): readonly number[] {
  return [...done, number].toSorted((a, b) => a - b)
}

function withOneMore(used: readonly number[], kind: number): readonly number[] {
  return Array.from({ length: Math.max(used.length, kind + 1) }, (_, n) => (used[n] ?? 0) + (n === kind ? 1 : 0))
}

function kindName(operation: Operation): string {
  if (operation.op === 'write') return JSON.stringify(['write', operation.to])
  if (operation.op === 'cas') return JSON.stringify(['cas', operation.from, operation.to])
  return operation.op === 'add' ? JSON.stringify(['add', operation.by, operation.below]) : operation.op
}
