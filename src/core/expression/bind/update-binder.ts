/** From an update as it was written to the update that is applied. */
import { assert, unreachable } from '../../assert.ts'
import { type AttributeType, type AttributeValue, typeOf } from '../../attribute/value.ts'
import type { Binder } from './binder.ts'
import { updateFunctions } from '../syntax/expression-functions.ts'
import { requirePathsApart } from './paths-apart.ts'
import type { ActionSyntax, ArithmeticSyntax, CallSyntax, OperandSyntax, ValueSyntax } from '../syntax/syntax.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from '../update.ts'

const addTypes: ReadonlySet<AttributeType> = new Set<AttributeType>(['N', 'SS', 'NS', 'BS'])
const deleteTypes: ReadonlySet<AttributeType> = new Set<AttributeType>(['SS', 'NS', 'BS'])
const longNames: Readonly<Record<AttributeType, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  BOOL: 'BOOLEAN',
  NULL: 'NULL',
  M: 'MAP',
  L: 'LIST',
  SS: 'STRING_SET',
  NS: 'NUMBER_SET',
  BS: 'BINARY_SET',
}

export function bindUpdate(binder: Binder, syntax: readonly ActionSyntax[]): Update {
  const actions = syntax.map((action) => bindAction(binder, action))
  requirePathsApart(
    binder,
    actions.map((action) => action.path),
  )
  return { actions }
}

function bindAction(binder: Binder, action: ActionSyntax): UpdateAction {
  const path = binder.path(action.path)
  switch (action.node) {
    case 'set':
      return { action: 'set', path, value: bindValue(binder, action.value) }
    case 'remove':
      return { action: 'remove', path }
    case 'add':
      return { action: 'add', path, value: bindElements(binder, 'ADD', action.value, addTypes) }
    case 'delete':
      return { action: 'delete', path, value: bindElements(binder, 'DELETE', action.value, deleteTypes) }
    default:
      return unreachable(action)
  }
}

function bindElements(
  binder: Binder,
  section: 'ADD' | 'DELETE',
  syntax: ValueSyntax,
  allowed: ReadonlySet<AttributeType>,
): AttributeValue {
  const value = binder.value(syntax)
  const type = typeOf(value)
  if (allowed.has(type)) return value
  throw binder.error(
    `Incorrect operand type for operator or function; operator: ${section}, operand type: ${longNames[type]}, ` +
      `typeSet: ALLOWED_FOR_${section}_OPERAND`,
  )
}

function bindValue(binder: Binder, syntax: OperandSyntax | ArithmeticSyntax): UpdateValue {
  if (syntax.node !== 'arithmetic') return bindOperand(binder, syntax)
  const operands = [bindOperand(binder, syntax.operands[0]), bindOperand(binder, syntax.operands[1])] as const
  for (const operand of operands) requireType(binder, syntax.operator, operand, 'N')
  return syntax.operator === '+' ? { plus: operands } : { minus: operands }
}

function bindOperand(binder: Binder, syntax: OperandSyntax): UpdateOperand {
  if (syntax.node === 'path') return { path: binder.path(syntax) }
  if (syntax.node === 'value') return { value: binder.value(syntax) }
  return bindCall(binder, syntax)
}

function bindCall(binder: Binder, call: CallSyntax): UpdateOperand {
  const operands = call.operands.map((operand) => bindOperand(binder, operand))
  if (operands.length !== updateFunctions.get(call.name)) throw binder.wrongCount(call.name, operands.length)
  const [first, second] = operands
  assert(first !== undefined && second !== undefined, "an update's functions have two operands")
  if (call.name === 'list_append') {
    for (const operand of operands) requireType(binder, call.name, operand, 'L')
    return { listAppend: [first, second] }
  }
  if (!('path' in first)) throw binder.needsPath(call.name)
  return { ifNotExists: first.path, otherwise: second }
}

function requireType(binder: Binder, operator: string, operand: UpdateOperand, wanted: AttributeType): void {
  const type = typeIfKnown(operand)
  if (type !== undefined && type !== wanted) throw binder.wrongType(operator, type)
}

/** A path's type only the item tells; if_not_exists is taken to give what it falls back to. */
function typeIfKnown(operand: UpdateOperand): AttributeType | undefined {
  if ('value' in operand) return typeOf(operand.value)
  if ('listAppend' in operand) return 'L'
  return 'ifNotExists' in operand ? typeIfKnown(operand.otherwise) : undefined
}
