/**
 * Counts the work of reading a page in rows: a unit is what one small row without a filter costs, some microseconds. A page
 * beyond `pageTurnWorkMax` goes on in another turn of the event loop.
 */
import type { Condition } from '../expression/condition.ts'
import { pageTurnWorkMax } from '../limits.ts'

/** Bytes that are copied, that are parsed, and that a filter's operator may compare, for a unit. */
const copiedBytes = 16_384
const parsedBytes = 256
/** For a row that is parsed at all. */
const parsing = 2
const comparedBytes = 32_768
/** Operators of a filter that a small row meets for a unit. */
const operatorsMet = 16

export type WorkRules = { readonly parses: boolean; readonly operators: number }

export class TurnWork {
  readonly #rules: WorkRules
  #done = 0

  constructor(rules: WorkRules = { parses: false, operators: 0 }) {
    this.#rules = rules
  }

  /** False when the turn has had enough. */
  add(bytes: number, parses = this.#rules.parses): boolean {
    const { operators } = this.#rules
    this.#done += 1 + bytes / copiedBytes
    if (parses) this.#done += parsing + bytes / parsedBytes
    if (operators > 0) this.#done += operators / operatorsMet + (operators * bytes) / comparedBytes
    return this.#done < pageTurnWorkMax
  }

  begin(): void {
    this.#done = 0
  }
}

/** Comparisons, calls, and operands of IN: all that one row can be made to meet. */
export function operatorsOf(condition: Condition | undefined): number {
  if (condition === undefined) return 0
  if (condition.op === 'and' || condition.op === 'or')
    return condition.of.reduce((sum, part) => sum + operatorsOf(part), 0)
  if (condition.op === 'not') return operatorsOf(condition.of)
  return condition.op === 'in' ? condition.list.length : 1
}
