/** From a condition as it was written to the condition that is evaluated: names and values, and operands of the right types. */
import { assert, required } from '../../assert.ts'
import { compareValues } from '../../attribute/value-order.ts'
import { type AttributeType, type AttributeValue, typeOf } from '../../attribute/value.ts'
import { inOperandsMax } from '../../limits/limits.ts'
import type { Binder } from './binder.ts'
import type { Comparator, Condition, Operand } from '../condition.ts'
import { conditionFunctions } from '../syntax/expression-functions.ts'
import { formatPath, type Path, samePath } from '../path.ts'
import { sizeFunction } from '../evaluate/size-function.ts'
import type { CallSyntax, ConditionSyntax, OperandSyntax } from '../syntax/syntax.ts'

const attributeTypes: ReadonlySet<string> = new Set(['B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'N', 'NS', 'S', 'M'])
const orderedTypes: ReadonlySet<string> = new Set(['S', 'N', 'B'])
const prefixTypes: ReadonlySet<string> = new Set(['S', 'B'])
const containerTypes: ReadonlySet<string> = new Set(['S', 'B', 'SS', 'NS', 'BS', 'L'])
/** As AWS lists them for an operand whose type only the item tells. */
const anyType = '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}'

export function bindCondition(binder: Binder, tree: ConditionSyntax): Condition {
  if (tree.node === 'and' || tree.node === 'or')
    return { op: tree.node, of: tree.of.map((part) => bindCondition(binder, part)) }
  if (tree.node === 'not') return { op: 'not', of: bindCondition(binder, tree.condition) }
  if (tree.node === 'call') return bindCall(binder, tree)
  const operands = tree.operands.map((operand) => bindOperand(binder, operand))
  if (tree.node === 'compare') return bindCompare(binder, tree.comparator, operands)
  if (tree.node === 'between') return bindBetween(binder, operands)
  return bindIn(binder, operands)
}

function bindOperand(binder: Binder, operand: OperandSyntax): Operand {
  if (operand.node === 'path') return { path: binder.path(operand) }
  if (operand.node === 'value') return { value: binder.value(operand) }
  return bindSize(binder, operand)
}

/** The size of a value that the request itself brings is known at once. */
function bindSize(binder: Binder, call: CallSyntax): Operand {
  const [operand] = bindOperands(binder, call)
  if ('path' in operand) return { size: operand.path }
  const size = 'value' in operand ? sizeFunction(operand.value) : undefined
  if (size === undefined) throw binder.wrongType('size', required(typeIfKnown(operand), 'type of a value'))
  return { value: { N: String(size) } }
}

function bindOperands(binder: Binder, call: CallSyntax): readonly [Operand, ...Operand[]] {
  const operands = call.operands.map((operand) => bindOperand(binder, operand))
  if (operands.length !== conditionFunctions.get(call.name)) throw binder.wrongCount(call.name, operands.length)
  return operands as unknown as readonly [Operand, ...Operand[]]
}

function bindCall(binder: Binder, call: CallSyntax): Condition {
  const [first, second] = bindOperands(binder, call)
  if (call.name === 'attribute_exists') return { op: 'attribute_exists', path: pathOf(binder, call, first) }
  if (call.name === 'attribute_not_exists') return { op: 'attribute_not_exists', path: pathOf(binder, call, first) }
  assert(second !== undefined, 'the other functions have two operands')
  if (call.name === 'attribute_type') return bindAttributeType(binder, call, first, second)
  if (call.name === 'begins_with') {
    requireTypes(binder, call.name, [first, second], prefixTypes)
    requireDistinct(binder, call.name, [first, second])
    return { op: 'begins_with', operand: first, prefix: second }
  }
  requireTypes(binder, call.name, [first], containerTypes)
  requireDistinct(binder, call.name, [first, second])
  return { op: 'contains', operand: first, element: second }
}

function pathOf(binder: Binder, call: CallSyntax, operand: Operand): Path {
  if ('path' in operand) return operand.path
  throw binder.needsPath(call.name)
}

function bindAttributeType(binder: Binder, call: CallSyntax, operand: Operand, type: Operand): Condition {
  const value = 'value' in type ? type.value : undefined
  if (value === undefined || !('S' in value)) throw binder.wrongType(call.name, typeIfKnown(type) ?? anyType)
  if (!attributeTypes.has(value.S))
    throw binder.error(
      `Invalid attribute type name found; type: ${value.S}, valid types: {${[...attributeTypes].join(',')}}`,
    )
  // A value of the request has the type that it has, whatever the item.
  if ('value' in operand)
    return { op: 'compare', comparator: '=', left: { value: { S: typeOf(operand.value) } }, right: { value } }
  return { op: 'attribute_type', path: pathOf(binder, call, operand), type: value.S as AttributeType }
}

function bindCompare(binder: Binder, comparator: Comparator, operands: readonly Operand[]): Condition {
  const [left, right] = operands
  assert(left !== undefined && right !== undefined, 'a comparison has two operands')
  if (comparator !== '=' && comparator !== '<>') requireTypes(binder, comparator, operands, orderedTypes)
  requireDistinct(binder, comparator, operands)
  return { op: 'compare', comparator, left, right }
}

function bindBetween(binder: Binder, operands: readonly Operand[]): Condition {
  const [operand, low, high] = operands
  assert(operand !== undefined && low !== undefined && high !== undefined, 'BETWEEN has three operands')
  requireTypes(binder, 'BETWEEN', operands, orderedTypes)
  if ('value' in low && 'value' in high) requireBounds(binder, low.value, high.value)
  requireDistinct(binder, 'BETWEEN', operands)
  return { op: 'between', operand, low, high }
}

function requireBounds(binder: Binder, low: AttributeValue, high: AttributeValue): void {
  const order = compareValues(low, high)
  const bounds = `lower bound operand: ${formatValue(low)}, upper bound operand: ${formatValue(high)}`
  if (order === undefined)
    throw binder.error(`The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`)
  if (order > 0)
    throw binder.error(
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
    )
}

function formatValue(value: AttributeValue): string {
  const type = typeOf(value)
  return `AttributeValue: {${type}:${(value as Record<string, string>)[type]}}`
}

function bindIn(binder: Binder, operands: readonly Operand[]): Condition {
  const [operand, ...list] = operands
  assert(operand !== undefined, 'IN has an operand')
  if (list.length > inOperandsMax)
    throw binder.error(`The IN operator is provided with too many operands; number of operands: ${list.length}`)
  requireDistinct(binder, 'IN', operands)
  return { op: 'in', operand, list }
}

function typeIfKnown(operand: Operand): AttributeType | undefined {
  if ('value' in operand) return typeOf(operand.value)
  return 'size' in operand ? 'N' : undefined
}

function requireTypes(
  binder: Binder,
  operator: string,
  operands: readonly Operand[],
  allowed: ReadonlySet<string>,
): void {
  for (const operand of operands) {
    const type = typeIfKnown(operand)
    if (type !== undefined && !allowed.has(type)) throw binder.wrongType(operator, type)
  }
}

function requireDistinct(binder: Binder, operator: string, [first, ...others]: readonly Operand[]): void {
  if (first === undefined || !('path' in first)) return
  if (!others.some((other) => 'path' in other && samePath(first.path, other.path))) return
  throw binder.error(
    `The first operand must be distinct from the remaining operands for this operator or function; ` +
      `operator: ${operator}, first operand: ${formatPath(first.path)}`,
  )
}
