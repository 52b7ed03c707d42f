/** Branches of an OR that read overlapping ranges of one partition, which DynamoDB does not read twice but refuses. */
import { compareValues } from '../attribute/value-order.ts'
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { type Comparator, type Condition, mirrored, type Operand } from '../expression/condition.ts'
import type { KeySchema } from '../table/table.ts'

type Bound = { readonly value: AttributeValue; readonly isIncluded: boolean }
type Range = { readonly low?: Bound; readonly high?: Bound }

/** `conjuncts` are those of a whole WHERE. Branches that are negated, or ask for `<>`, have no range and run. */
export function refuseOverlaps(conjuncts: readonly Condition[], key: KeySchema): void {
  const partition = key.partition[0]?.name
  const sort = key.sort[0]?.name
  if (partition === undefined || sort === undefined) return
  for (const condition of conjuncts) {
    if (condition.op !== 'or') continue
    const shared = conjuncts.filter((other) => other !== condition)
    const byPartition = new Map<string, Range[]>()
    for (const branch of condition.of) {
      const own = conjunctsOf(branch)
      const ranges = own.map((each) => rangeOf(each, sort)).filter((range) => range !== undefined)
      const name = partitionOf(own, partition) ?? partitionOf(shared, partition)
      if (ranges.length === 0 || name === undefined) continue
      const outer = shared.map((each) => rangeOf(each, sort)).filter((range) => range !== undefined)
      const known = byPartition.get(name)
      const range = [...ranges, ...outer].reduce(intersection)
      if (known === undefined) byPartition.set(name, [range])
      else known.push(range)
    }
    for (const ranges of byPartition.values()) if (haveOverlap(ranges)) throw overlapping()
  }
}

function overlapping(): Error {
  return validationError('Overlapping conditions with range keys are not supported in where clause')
}

export function conjunctsOf(condition: Condition): readonly Condition[] {
  return condition.op === 'and' ? condition.of.flatMap(conjunctsOf) : [condition]
}

/** A text for the partitions that the conditions name: those of an IN only as a whole. */
function partitionOf(conditions: readonly Condition[], name: string): string | undefined {
  for (const condition of conditions) {
    if (condition.op === 'compare' && condition.comparator === '=') {
      const { left, right } = condition
      const value = isNamed(left, name) ? right : isNamed(right, name) ? left : undefined
      if (value !== undefined && 'value' in value) return JSON.stringify([value.value])
    }
    if (condition.op === 'in' && isNamed(condition.operand, name)) return JSON.stringify(condition.list)
  }
  return undefined
}

function isNamed(operand: Operand, name: string): boolean {
  return 'path' in operand && operand.path.length === 1 && operand.path[0] === name
}

function rangeOf(condition: Condition, name: string): Range | undefined {
  if (condition.op === 'compare') {
    const { comparator, left, right } = condition
    if (isNamed(left, name) && 'value' in right) return comparedRange(comparator, right.value)
    return isNamed(right, name) && 'value' in left ? comparedRange(mirrored[comparator], left.value) : undefined
  }
  if (condition.op === 'between' && isNamed(condition.operand, name)) {
    const { low, high } = condition
    if (!('value' in low) || !('value' in high)) return undefined
    return { low: { value: low.value, isIncluded: true }, high: { value: high.value, isIncluded: true } }
  }
  if (condition.op !== 'begins_with' || !isNamed(condition.operand, name)) return undefined
  const { prefix } = condition
  return 'value' in prefix && 'S' in prefix.value ? prefixedRange(prefix.value.S) : undefined
}

function prefixedRange(prefix: string): Range {
  const last: AttributeValue = { S: `${prefix}${lastCharacter}` }
  return { low: { value: { S: prefix }, isIncluded: true }, high: { value: last, isIncluded: true } }
}

const lastCharacter = '\u{10ffff}'

function comparedRange(comparator: Comparator, value: AttributeValue): Range | undefined {
  if (comparator === '<>') return undefined
  const bound: Bound = { value, isIncluded: comparator.includes('=') }
  if (comparator === '=') return { low: bound, high: bound }
  return comparator.startsWith('<') ? { high: bound } : { low: bound }
}

function intersection(one: Range, two: Range): Range {
  const low = one.low === undefined || (two.low !== undefined && compareLow(one.low, two.low) < 0) ? two.low : one.low
  const high =
    one.high === undefined || (two.high !== undefined && compareHigh(one.high, two.high) > 0) ? two.high : one.high
  return { ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) }
}

/** Of ranges in the order of their beginnings, two overlap only if two neighbours do. */
function haveOverlap(ranges: readonly Range[]): boolean {
  const sorted = ranges.filter((range) => !isEmpty(range)).toSorted((a, b) => compareLow(a.low, b.low))
  return sorted.some((range, at) => {
    const next = sorted[at + 1]
    return next !== undefined && !isEmpty(intersection(range, next))
  })
}

function isEmpty({ low, high }: Range): boolean {
  if (low === undefined || high === undefined) return false
  const order = compareValues(low.value, high.value)
  // Values of two types have no order, and no key has both.
  return order === undefined || order > 0 || (order === 0 && !(low.isIncluded && high.isIncluded))
}

function compareLow(a: Bound | undefined, b: Bound | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1)
  const order = compareValues(a.value, b.value) ?? 0
  return order === 0 ? Number(b.isIncluded) - Number(a.isIncluded) : order
}

function compareHigh(a: Bound, b: Bound): number {
  const order = compareValues(a.value, b.value) ?? 0
  return order === 0 ? Number(a.isIncluded) - Number(b.isIncluded) : order
}
