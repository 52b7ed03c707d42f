/**
 * The form of key conditions: a conjunction of comparisons of one key attribute each with values. What may be
 * compared depends on the table and is decided later (query-range.ts).
 */
import { unreachable } from '../assert.ts'
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { type Comparator, type Condition, mirrored, type Operand } from '../expression/condition.ts'
import type { Path } from '../expression/path.ts'
import type { SortCondition } from '../key/key-range.ts'

export type KeyTest = { readonly op: '='; readonly value: AttributeValue } | SortCondition

export type KeyComparison = { readonly name: string; readonly test: KeyTest }

/** Legacy KeyConditions have been lowered to a condition, but are refused in other words. */
export type KeyConditionSource = 'KeyConditionExpression' | 'KeyConditions'

/** Throws the ValidationException that AWS answers to a condition that cannot be a key condition. */
export function keyComparisons(
  condition: Condition,
  source: KeyConditionSource = 'KeyConditionExpression',
): readonly KeyComparison[] {
  const comparisons = new Map<string, KeyComparison>()
  for (const part of conjuncts(condition)) {
    const compared = comparisonOf(part, source)
    if (comparisons.has(compared.name))
      throw validationError(
        'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
      )
    comparisons.set(compared.name, compared)
  }
  return [...comparisons.values()]
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.op === 'and' ? condition.of.flatMap(conjuncts) : [condition]
}

function comparisonOf(condition: Condition, source: KeyConditionSource): KeyComparison {
  switch (condition.op) {
    case 'compare':
      return comparison(condition.comparator, condition.left, condition.right, source)
    case 'between': {
      const name = firstOperand('BETWEEN', condition.operand, [condition.low, condition.high])
      return { name, test: { op: 'between', low: valueOf(condition.low), high: valueOf(condition.high) } }
    }
    case 'begins_with': {
      const name = firstOperand('begins_with', condition.operand, [condition.prefix])
      return { name, test: { op: 'begins_with', prefix: valueOf(condition.prefix) } }
    }
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      throw notIndexable(condition.op.toUpperCase(), source)
    case 'attribute_exists':
    case 'attribute_not_exists':
    case 'attribute_type':
    case 'contains':
      throw notIndexable(condition.op, source)
    default:
      return unreachable(condition)
  }
}

function comparison(comparator: Comparator, left: Operand, right: Operand, source: KeyConditionSource): KeyComparison {
  if (comparator === '<>') throw notIndexable('<>', source)
  refuseNested([left, right])
  if ('path' in left && 'path' in right) throw invalidCondition('Multiple attribute names used in one condition')
  if ('path' in left) return { name: keyName(left.path), test: { op: comparator, value: valueOf(right) } }
  if (!('path' in right)) throw invalidCondition('No key attribute specified')
  return { name: keyName(right.path), test: { op: mirrored[comparator], value: valueOf(left) } as KeyTest }
}

function firstOperand(operator: string, operand: Operand, others: readonly Operand[]): string {
  refuseNested([operand, ...others])
  if ('path' in operand) {
    if (others.some((other) => 'path' in other))
      throw invalidCondition('Multiple attribute names used in one condition')
    return keyName(operand.path)
  }
  if (others.some((other) => 'path' in other))
    throw invalidCondition(`${operator} operator must have the key attribute as its first operand`)
  throw invalidCondition('No key attribute specified')
}

function refuseNested(operands: readonly Operand[]): void {
  if (operands.some((operand) => 'size' in operand))
    throw validationError('KeyConditionExpressions cannot contain nested operations')
}

function keyName(path: Path): string {
  if (path.length > 1) throw validationError('KeyConditionExpressions cannot have conditions on nested attributes')
  return path[0]
}

function valueOf(operand: Operand): AttributeValue {
  if ('value' in operand) return operand.value
  throw validationError('KeyConditionExpressions cannot contain nested operations')
}

function notIndexable(operator: string, source: KeyConditionSource): Error {
  if (source === 'KeyConditions')
    return validationError('Attempted conditional constraint is not an indexable operation')
  return validationError(`Invalid operator used in KeyConditionExpression: ${operator}`)
}

function invalidCondition(reason: string): Error {
  return validationError(`Invalid condition in KeyConditionExpression: ${reason}`)
}
