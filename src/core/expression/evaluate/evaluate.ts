/**
 * The one evaluator of conditions, filters and key conditions. An operand that the item does not have makes every
 * comparison false but `<>`, and values of different types are unequal and have no order.
 */
import { unreachable } from '../../assert.ts'
import { equalValues } from '../../attribute/equality.ts'
import { hasElement, hasMember, hasPart } from '../../attribute/large-values.ts'
import { compareValues } from '../../attribute/value-order.ts'
import { type AttributeValue, type Item, typeOf } from '../../attribute/value.ts'
import { valueAt } from '../../item/document.ts'
import type { Comparator, Condition, Operand } from '../condition.ts'
import { sizeFunction } from './size-function.ts'

type Value = AttributeValue | undefined

const noItem: Item = {}

export function evaluate(condition: Condition, item: Item = noItem): boolean {
  switch (condition.op) {
    case 'and':
      return condition.of.every((part) => evaluate(part, item))
    case 'or':
      return condition.of.some((part) => evaluate(part, item))
    case 'not':
      return !evaluate(condition.of, item)
    case 'compare':
      return compare(condition.comparator, resolve(condition.left, item), resolve(condition.right, item))
    case 'between':
      return between(resolve(condition.operand, item), resolve(condition.low, item), resolve(condition.high, item))
    case 'in':
      return isIn(resolve(condition.operand, item), condition.list, item)
    case 'attribute_exists':
      return valueAt(item, condition.path) !== undefined
    case 'attribute_not_exists':
      return valueAt(item, condition.path) === undefined
    case 'attribute_type':
      return hasType(valueAt(item, condition.path), condition.type)
    case 'begins_with':
      return beginsWith(resolve(condition.operand, item), resolve(condition.prefix, item))
    case 'contains':
      return contains(resolve(condition.operand, item), resolve(condition.element, item))
    default:
      return unreachable(condition)
  }
}

function resolve(operand: Operand, item: Item): Value {
  if ('value' in operand) return operand.value
  if ('path' in operand) return valueAt(item, operand.path)
  const value = valueAt(item, operand.size)
  const size = value && sizeFunction(value)
  return size === undefined ? undefined : { N: String(size) }
}

function compare(comparator: Comparator, left: Value, right: Value): boolean {
  if (comparator === '=') return equal(left, right)
  if (comparator === '<>') return !equal(left, right)
  const order = left && right && compareValues(left, right)
  if (order === undefined) return false
  if (comparator === '<') return order < 0
  if (comparator === '<=') return order <= 0
  return comparator === '>' ? order > 0 : order >= 0
}

function equal(left: Value, right: Value): boolean {
  return left !== undefined && right !== undefined && equalValues(left, right)
}

function between(operand: Value, low: Value, high: Value): boolean {
  return compare('>=', operand, low) && compare('<=', operand, high)
}

function isIn(operand: Value, list: readonly Operand[], item: Item): boolean {
  return operand !== undefined && list.some((element) => equal(operand, resolve(element, item)))
}

function hasType(value: Value, type: string): boolean {
  return value !== undefined && typeOf(value) === type
}

function beginsWith(value: Value, prefix: Value): boolean {
  if (value === undefined || prefix === undefined) return false
  if ('S' in value && 'S' in prefix) return value.S.startsWith(prefix.S)
  if ('B' in value && 'B' in prefix)
    return bytesOf(value.B).subarray(0, bytesOf(prefix.B).length).equals(bytesOf(prefix.B))
  return false
}

/** Part of a string or binary, member of a set, or equal to an element of a list. */
function contains(value: Value, element: Value): boolean {
  if (value === undefined || element === undefined) return false
  if ('S' in value) return 'S' in element && hasText(value, element)
  if ('B' in value) return 'B' in element && hasBytes(value, element)
  if ('SS' in value) return 'S' in element && hasMember(value.SS, element.S)
  if ('NS' in value) return 'N' in element && hasMember(value.NS, element.N)
  if ('BS' in value) return 'B' in element && hasMember(value.BS, element.B)
  if (!('L' in value)) return false
  return hasElement(value.L, element) ?? value.L.some((member) => equalValues(member, element))
}

/** Up to this length the answer costs less than keeping it. */
const smallTextMax = 1024

function hasText(value: { readonly S: string }, element: { readonly S: string }): boolean {
  if (value.S.length <= smallTextMax) return value.S.includes(element.S)
  return hasPart(
    value,
    element,
    () => value.S,
    () => element.S,
  )
}

function hasBytes(value: { readonly B: string }, element: { readonly B: string }): boolean {
  if (value.B.length <= smallTextMax) return bytesOf(value.B).includes(bytesOf(element.B))
  return hasPart(
    value,
    element,
    () => bytesOf(value.B).toString('latin1'),
    () => bytesOf(element.B).toString('latin1'),
  )
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}
