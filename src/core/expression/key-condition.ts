/**
 * Which keys a query reads. A key condition expression, PartiQL's WHERE and the legacy KeyConditions become tests of
 * single attributes; a table's or index's key schema then sorts them into what the range in the store is made of:
 * attributes that equal something, and one last condition on the sort attribute after them.
 */
import { type AttributeValue, type Item, setAttribute, typeOf } from '../attribute/value.ts'
import { required, unreachable } from '../assert.ts'
import { type ServiceError, validationError } from '../errors.ts'
import type { SortCondition } from '../key/key-range.ts'
import type { KeyAttribute, KeySchema } from '../table/table.ts'
import { attributesOf } from './condition-attributes.ts'
import type { Comparator, Condition, Operand } from './condition.ts'

export type KeyTest = { readonly op: '='; readonly value: AttributeValue } | SortCondition

/** By attribute, in the order given. */
export type KeyTests = ReadonlyMap<string, KeyTest>

export type KeySelection = { readonly equals: Item; readonly condition?: SortCondition }

const flipped: Readonly<Record<Comparator, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/** Throws for what a key condition expression must not hold. */
export function keyTestsOf(condition: Condition): KeyTests {
  const tests = new Map<string, KeyTest>()
  collect(condition, tests)
  return tests
}

/** Throws where the tests do not select keys of this schema. */
export function selectKeys(tests: KeyTests, key: KeySchema): KeySelection {
  const equals: Record<string, AttributeValue> = {}
  for (const part of key.partition) setAttribute(equals, part.name, partitionValue(tests, part))
  const condition = sortCondition(tests, key, equals)
  for (const [name] of tests) requireKeyAttribute(name, key)
  return { equals, ...(condition === undefined ? {} : { condition }) }
}

/** A filter looks at what the key has selected, not at the key again. */
export function requireNoKeyAttribute(
  filter: Condition,
  key: KeySchema,
  parameter: 'Filter Expression' | 'QueryFilter',
): void {
  const keys = new Set([...key.partition, ...key.sort].map(({ name }) => name))
  for (const name of attributesOf(filter)) {
    if (!keys.has(name)) continue
    throw validationError(`${parameter} can only contain non-primary key attributes: Primary key attribute: ${name}`)
  }
}

function partitionValue(tests: KeyTests, part: KeyAttribute): AttributeValue {
  const test = tests.get(part.name)
  if (test === undefined) throw missed(part.name)
  if (test.op !== '=') throw validationError('Query key condition not supported')
  requireKeyValues(part, test)
  return test.value
}

/** Sort attributes are tested from the left, all but the last for equality. */
function sortCondition(
  tests: KeyTests,
  key: KeySchema,
  equals: Record<string, AttributeValue>,
): SortCondition | undefined {
  let untested: string | undefined
  let last: SortCondition | undefined
  for (const part of key.sort) {
    const test = tests.get(part.name)
    if (test === undefined) untested ??= part.name
    else if (untested !== undefined) throw missed(untested)
    else if (last !== undefined) throw validationError('Query key condition not supported')
    else {
      requireKeyValues(part, test)
      if (test.op === '=') setAttribute(equals, part.name, test.value)
      else last = test
    }
  }
  return last
}

function requireKeyAttribute(name: string, key: KeySchema): void {
  if ([...key.partition, ...key.sort].some((part) => part.name === name)) return
  const untested = key.sort.at(-1)
  throw untested === undefined ? validationError('Query key condition not supported') : missed(untested.name)
}

function requireKeyValues(part: KeyAttribute, test: KeyTest): void {
  for (const value of valuesOf(test)) {
    if (typeOf(value) !== part.type)
      throw validationError(
        'One or more parameter values were invalid: Condition parameter type does not match schema type',
      )
    if ('S' in value && value.S === '') throw empty(part, 'string')
    if ('B' in value && value.B === '') throw empty(part, 'binary')
  }
}

function valuesOf(test: KeyTest): readonly AttributeValue[] {
  if (test.op === 'between') return [test.low, test.high]
  return [test.op === 'begins_with' ? test.prefix : test.value]
}

function missed(name: string): ServiceError {
  return validationError(`Query condition missed key schema element: ${name}`)
}

function empty(part: KeyAttribute, kind: string): ServiceError {
  return validationError(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${part.name}`,
  )
}

function collect(condition: Condition, tests: Map<string, KeyTest>): void {
  if (condition.op === 'and') for (const part of condition.of) collect(part, tests)
  else {
    const { name, test } = keyTestOf(condition)
    if (tests.has(name)) throw wrong('KeyConditionExpressions must only contain one condition per key')
    tests.set(name, test)
  }
}

type NamedTest = { readonly name: string; readonly test: KeyTest }

function keyTestOf(condition: Exclude<Condition, { op: 'and' }>): NamedTest {
  switch (condition.op) {
    case 'compare':
      return comparedKey(condition.comparator, condition.left, condition.right)
    case 'between': {
      const { operand, low, high } = condition
      return firstOperandKey('BETWEEN', operand, [low, high], ([from, to]) => ({
        op: 'between',
        low: required(from, 'lower bound'),
        high: required(to, 'upper bound'),
      }))
    }
    case 'begins_with':
      return firstOperandKey('begins_with', condition.operand, [condition.prefix], ([prefix]) => ({
        op: 'begins_with',
        prefix: required(prefix, 'prefix'),
      }))
    case 'or':
    case 'not':
    case 'in':
      throw wrong(`Invalid operator used in KeyConditionExpression: ${condition.op.toUpperCase()}`)
    case 'attribute_exists':
    case 'attribute_not_exists':
    case 'attribute_type':
    case 'contains':
      throw wrong(`Invalid operator used in KeyConditionExpression: ${condition.op}`)
    default:
      return unreachable(condition)
  }
}

/** Either operand may be the attribute. */
function comparedKey(comparator: Comparator, left: Operand, right: Operand): NamedTest {
  if (comparator === '<>') throw wrong('Invalid operator used in KeyConditionExpression: <>')
  const name = onlyName([left, right])
  const reversed = 'value' in left
  const op = reversed ? flipped[comparator] : comparator
  return { name, test: { op: op as '=', value: required(valueOf(reversed ? left : right), 'value compared with') } }
}

function firstOperandKey(
  operator: string,
  operand: Operand,
  others: readonly Operand[],
  test: (values: readonly AttributeValue[]) => KeyTest,
): NamedTest {
  if (!('path' in operand))
    throw wrong(
      `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
    )
  const name = onlyName([operand, ...others])
  return { name, test: test(others.map((other) => required(valueOf(other), 'value compared with'))) }
}

function onlyName(operands: readonly Operand[]): string {
  let name: string | undefined
  for (const operand of operands) {
    if ('size' in operand) throw wrong('KeyConditionExpressions cannot contain nested operations')
    if (!('path' in operand)) continue
    if (name !== undefined)
      throw wrong('Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition')
    if (operand.path.length > 1) throw wrong('KeyConditionExpressions cannot have conditions on nested attributes')
    name = operand.path[0]
  }
  if (name === undefined) throw wrong('Invalid condition in KeyConditionExpression: No key attribute specified')
  return name
}

function valueOf(operand: Operand): AttributeValue | undefined {
  return 'value' in operand ? operand.value : undefined
}

function wrong(problem: string): ServiceError {
  return validationError(`Invalid KeyConditionExpression: ${problem}`)
}
