/**
 * Whether something parsed is a condition or an update as the expression parsers make them: asked of a write that comes as bytes.
 * Trees are walked to a bounded depth, so no input exhausts the stack.
 */
import { isStoredValue } from '../attribute/stored-value.ts'
import { expressionDepthMax, listIndexMax } from '../limits/limits.ts'
import type { Condition } from './condition.ts'
import type { Update } from './update.ts'

type Fields = Readonly<Record<string, unknown>>
type Is = (value: unknown, depth: number) => boolean

export function isCondition(value: unknown): value is Condition {
  return isConditionAt(value, 0)
}

export function isUpdate(value: unknown): value is Update {
  if (!isFields(value) || !isList(value['actions'], isAction, 0)) return false
  const { actions: _, legacy, ...others } = value
  return Object.keys(others).length === 0 && (legacy === undefined || typeof legacy === 'boolean')
}

const comparators: readonly unknown[] = ['=', '<>', '<', '<=', '>', '>=']
const attributeTypes: readonly unknown[] = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS']

/** What each operator of a condition has, besides its name. */
const conditionMembers: Readonly<Record<string, Readonly<Record<string, Is>>>> = {
  and: { of: someOf(isConditionAt) },
  or: { of: someOf(isConditionAt) },
  not: { of: isConditionAt },
  compare: { comparator: oneOf(comparators), left: isOperand, right: isOperand },
  between: { operand: isOperand, low: isOperand, high: isOperand },
  in: { operand: isOperand, list: someOf(isOperand) },
  attribute_exists: { path: isPath },
  attribute_not_exists: { path: isPath },
  attribute_type: { path: isPath, type: oneOf(attributeTypes) },
  begins_with: { operand: isOperand, prefix: isOperand },
  contains: { operand: isOperand, element: isOperand },
}

const actionMembers: Readonly<Record<string, Readonly<Record<string, Is>>>> = {
  set: { path: isPath, value: isUpdateValue },
  remove: { path: isPath },
  add: { path: isPath, value: isValue },
  delete: { path: isPath, value: isValue },
}

function isConditionAt(value: unknown, depth: number): boolean {
  return hasMembersOf(value, 'op', conditionMembers, depth)
}

function isAction(value: unknown, depth: number): boolean {
  return hasMembersOf(value, 'action', actionMembers, depth)
}

function hasMembersOf(
  value: unknown,
  tag: string,
  kinds: Readonly<Record<string, Readonly<Record<string, Is>>>>,
  depth: number,
): boolean {
  if (depth > expressionDepthMax || !isFields(value)) return false
  const kind = value[tag]
  const members = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  return (
    members !== undefined &&
    Object.keys(value).length === 1 + Object.keys(members).length &&
    Object.entries(members).every(([name, is]) => Object.hasOwn(value, name) && is(value[name], depth + 1))
  )
}

function isOperand(value: unknown, depth: number): boolean {
  return isOne(value, { path: isPath, value: isValue, size: isPath }, depth)
}

function isUpdateValue(value: unknown, depth: number): boolean {
  return isUpdateOperand(value, depth) || isOne(value, { plus: isPair, minus: isPair }, depth)
}

function isUpdateOperand(value: unknown, depth: number): boolean {
  if (depth > expressionDepthMax) return false
  if (isOne(value, { path: isPath, value: isValue, listAppend: isPair }, depth)) return true
  return (
    isFields(value) &&
    Object.keys(value).length === 2 &&
    isPath(value['ifNotExists']) &&
    isUpdateOperand(value['otherwise'], depth + 1)
  )
}

function isPair(value: unknown, depth: number): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((each) => isUpdateOperand(each, depth + 1))
}

/** One member, and the right thing in it. */
function isOne(value: unknown, kinds: Readonly<Record<string, Is>>, depth: number): boolean {
  if (!isFields(value)) return false
  const [name, ...more] = Object.keys(value)
  if (name === undefined || more.length > 0 || !Object.hasOwn(kinds, name)) return false
  return kinds[name]?.(value[name], depth) === true
}

function isPath(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'string' && value.every(isStep)
}

function isStep(step: unknown): boolean {
  return typeof step === 'string' || (Number.isInteger(step) && Number(step) >= 0 && Number(step) <= listIndexMax)
}

function isValue(value: unknown): boolean {
  return isStoredValue(value)
}

function oneOf(values: readonly unknown[]): Is {
  return (value) => values.includes(value)
}

function someOf(is: Is): Is {
  return (value, depth) => isList(value, is, depth) && (value as readonly unknown[]).length > 0
}

function isList(value: unknown, is: Is, depth: number): boolean {
  return Array.isArray(value) && value.every((each) => is(each, depth))
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
