/**
 * Counts the work of reading a page in rows: a unit is what one small row without a filter costs, some microseconds. A page
 * beyond `pageTurnWorkMax` goes on in another turn of the event loop.
 */
import type { Condition } from '../expression/condition.ts'
import { pageTurnBytesMax, pageTurnWorkMax } from '../limits/limits.ts'

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
  #bytes = 0

  constructor(rules: WorkRules = { parses: false, operators: 0 }) {
    this.#rules = rules
  }

  /** False when the turn has had enough. */
  add(bytes: number, parses = this.#rules.parses): boolean {
    this.#bytes += bytes
    this.#done += this.#of(bytes, parses)
    return this.#done < pageTurnWorkMax && this.#bytes < pageTurnBytesMax
  }

  /** Whether there is room for a row of that size; there is for the first of a turn. */
  fits(bytes: number): boolean {
    if (this.#done === 0) return true
    const work = this.#done + this.#of(bytes, this.#rules.parses)
    return work <= pageTurnWorkMax && this.#bytes + bytes <= pageTurnBytesMax
  }

  #of(bytes: number, parses: boolean): number {
    const { operators } = this.#rules
    const read = 1 + bytes / copiedBytes + (parses ? parsing + bytes / parsedBytes : 0)
    return operators === 0 ? read : read + operators / operatorsMet + (operators * bytes) / comparedBytes
  }

  begin(): void {
    this.#done = 0
    this.#bytes = 0
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
