/**
 * From what a query compares to the keys that it reads. Every partition attribute is given with equality; sort
 * attributes are given from the left, and only the last of those given by anything but equality. Tables and local indexes
 * have one of each; global indexes up to four.
 */
import { compareValues } from '../attribute/value-order.ts'
import { attribute, type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import type { Condition } from '../expression/condition.ts'
import { namesInCondition } from '../expression/names.ts'
import { indexKeyRange } from '../key/index-key.ts'
import { bareKeyBytes } from '../key/key-bytes.ts'
import { emptyKeyProblem, partitionSizeProblem, sortSizeProblem } from '../key/key-problem.ts'
import type { SortCondition } from '../key/key-range.ts'
import { primaryKeyRange } from '../key/primary-key.ts'
import type { Index, KeyAttribute, KeySchema, Table } from '../table/table.ts'
import type { KeyComparison, KeyTest } from './key-condition.ts'
import type { KeyRange } from './read-plan.ts'

/** What has the key that is queried. */
type KeyedTarget = { readonly table: Pick<Table, 'key'>; readonly index?: Index | undefined }

export type QueryTarget = { readonly table: Table; readonly index?: Index | undefined }

export type QueryRange = {
  readonly range: KeyRange
  /** The partition's attributes, and the sort attributes given with equality. */
  readonly equals: Item
  /** On the next sort attribute. */
  readonly condition?: SortCondition
}

/** Throws the ValidationException that AWS answers to comparisons that do not fit the key. */
export function queryRange({ table, index }: KeyedTarget, comparisons: readonly KeyComparison[]): QueryRange {
  const key = index?.key ?? table.key
  const tests = testsByName(key, comparisons)
  const isMulti = key.partition.length > 1 || key.sort.length > 1
  const equals: Record<string, AttributeValue> = {}
  for (const part of key.partition) setAttribute(equals, part.name, equalityOn(part, tests, isMulti))
  const condition = sortTests(key, tests, equals)
  checkSizes(key, equals, condition)
  return {
    range: index === undefined ? primaryKeyRange(key, equals, condition) : indexKeyRange(index, equals, condition),
    equals,
    ...(condition === undefined ? {} : { condition }),
  }
}

export type FilterSource = 'FilterExpression' | 'QueryFilter'

/** A query's filter leaves the key attributes of what is queried to the key condition. */
export function checkQueryFilter(filter: Condition, { table, index }: KeyedTarget, source: FilterSource): void {
  const key = index?.key ?? table.key
  const names = new Set([...key.partition, ...key.sort].map(({ name }) => name))
  for (const name of namesInCondition(filter))
    if (names.has(name)) {
      const filterName = source === 'QueryFilter' ? 'QueryFilter' : 'Filter Expression'
      throw validationError(`${filterName} can only contain non-primary key attributes: Primary key attribute: ${name}`)
    }
}

type Tests = ReadonlyMap<string, KeyTest>

const notSupported = 'Query key condition not supported'

function testsByName(key: KeySchema, comparisons: readonly KeyComparison[]): Tests {
  const attributes = [...key.partition, ...key.sort]
  if (comparisons.length > Math.max(2, attributes.length))
    throw validationError(
      `The number of query conditions (${comparisons.length}) exceeds the number of key attributes defined in the schema (${attributes.length})`,
    )
  const tests = new Map(comparisons.map(({ name, test }) => [name, test]))
  const stranger = comparisons.some(({ name }) => attributes.every((part) => part.name !== name))
  const missed = attributes.find((part) => !tests.has(part.name))
  if (stranger) throw validationError(missed === undefined ? notSupported : missedMessage(missed))
  return tests
}

function equalityOn(part: KeyAttribute, tests: Tests, isMulti: boolean): AttributeValue {
  const test = tests.get(part.name)
  if (test === undefined) throw validationError(isMulti ? neededMessage('HASH', part) : missedMessage(part))
  if (test.op !== '=') throw validationError(notSupported)
  return checked(part, test.value)
}

/** Adds the equalities to `equals`; returns what the last of the sort attributes given must meet, if that is no equality. */
function sortTests(key: KeySchema, tests: Tests, equals: Record<string, AttributeValue>): SortCondition | undefined {
  let condition: SortCondition | undefined
  /** The first that is not given with equality: nothing may follow it. */
  let open: KeyAttribute | undefined
  for (const part of key.sort) {
    const test = tests.get(part.name)
    if (test !== undefined && open !== undefined) throw validationError(neededMessage('RANGE', open, part))
    if (test?.op === '=') setAttribute(equals, part.name, checked(part, test.value))
    else {
      open ??= part
      if (test !== undefined) condition = checkedCondition(part, test)
    }
  }
  return condition
}

/** Of a key with several attributes, which are given from the left. */
function neededMessage(kind: 'HASH' | 'RANGE', missed: KeyAttribute, given?: KeyAttribute): string {
  const because = given === undefined ? '' : ` because a condition is present on key attribute ${given.name}`
  return `${kind} key attributes ${missed.name} must have equality conditions specified in the query${because}`
}

function missedMessage(part: KeyAttribute): string {
  return `Query condition missed key schema element: ${part.name}`
}

function checked(part: KeyAttribute, value: AttributeValue): AttributeValue {
  if (!(part.type in value))
    throw validationError(
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    )
  const empty = emptyKeyProblem(part.name, value)
  if (empty !== undefined) throw validationError(empty)
  return value
}

function checkedCondition(part: KeyAttribute, condition: SortCondition): SortCondition {
  for (const value of valuesOf(condition)) checked(part, value)
  if (condition.op === 'begins_with' && part.type === 'N') throw validationError(notSupported)
  if (condition.op === 'between' && (compareValues(condition.low, condition.high) ?? 0) > 0)
    throw validationError(
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    )
  return condition
}

function valuesOf(condition: SortCondition): readonly AttributeValue[] {
  if (condition.op === 'between') return [condition.low, condition.high]
  return [condition.op === 'begins_with' ? condition.prefix : condition.value]
}

function checkSizes(key: KeySchema, equals: Item, condition: SortCondition | undefined): void {
  const conditioned = condition === undefined ? [] : valuesOf(condition).map((value) => bareKeyBytes(value).length)
  const problem =
    partitionSizeProblem(sizeOfParts(key.partition, equals)) ??
    sortSizeProblem(sizeOfParts(key.sort, equals) + Math.max(0, ...conditioned))
  if (problem !== undefined) throw validationError(problem)
}

function sizeOfParts(parts: readonly KeyAttribute[], equals: Item): number {
  let size = 0
  for (const part of parts) {
    const value = attribute(equals, part.name)
    if (value !== undefined) size += bareKeyBytes(value).length
  }
  return size
}
