/** SET and REMOVE to the expression language's updates. */
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { type Path, samePath } from '../expression/path.ts'
import type { UpdateAction, UpdateOperand, UpdateValue } from '../expression/update.ts'
import { malformed } from './statement-lexer.ts'
import { needsPath, unrecognized, wrongCount, wrongType } from './statement-problems.ts'
import type { Call, Expression } from './tree.ts'
import { valueOf } from './values.ts'

const setFunctions: Readonly<Record<string, 'add' | 'delete'>> = { set_add: 'add', set_delete: 'delete' }

/** `SET tags = set_add(tags, <<…>>)` and `set_delete` are the expression language's ADD and DELETE. */
export function assignmentOf(path: Path, value: Expression): UpdateAction {
  if (value.node === 'call') {
    const name = value.name.toLowerCase()
    const action = Object.hasOwn(setFunctions, name) ? setFunctions[name] : undefined
    if (action !== undefined) return { action, path, value: setOperand(path, value) }
  }
  return { action: 'set', path, value: updateValueOf(value) }
}

function setOperand(path: Path, { name, of, place }: Call): AttributeValue {
  const [target, set] = of
  const shown = name.toUpperCase()
  if (target === undefined || set === undefined || of.length !== 2) throw wrongCount(shown, of.length)
  if (target.node !== 'path' || !samePath(target.path, path))
    throw validationError(`The first argument to ${shown} must equal the assignment value at ${place}`)
  const value = valueOf(set)
  if (value === undefined) throw malformed('Unexpected term')
  const [type = ''] = Object.keys(value)
  if (!['SS', 'NS', 'BS'].includes(type)) throw wrongType(shown, type)
  return value
}

function updateValueOf(expression: Expression): UpdateValue {
  if (expression.node !== 'operation') return updateOperandOf(expression)
  const [left, right] = expression.of
  const { operator } = expression
  if (left === undefined || right === undefined || (operator !== '+' && operator !== '-'))
    throw malformed('Unexpected operator')
  const operands = [updateOperandOf(left), updateOperandOf(right)] as const
  return operator === '+' ? { plus: operands } : { minus: operands }
}

function updateOperandOf(expression: Expression): UpdateOperand {
  if (expression.node === 'path') return { path: expression.path }
  if (expression.node === 'call') return functionOf(expression)
  const value = valueOf(expression)
  if (value === undefined) throw malformed('Unexpected operator')
  return { value }
}

function functionOf(call: Call): UpdateOperand {
  const name = call.name.toLowerCase()
  if (name !== 'list_append' && name !== 'if_not_exists') throw unrecognized(call)
  const [first, second] = call.of
  if (first === undefined || second === undefined || call.of.length !== 2) throw wrongCount(name, call.of.length)
  if (name === 'list_append') return { listAppend: [updateOperandOf(first), updateOperandOf(second)] }
  if (first.node !== 'path') throw needsPath(name)
  return { ifNotExists: first.path, otherwise: updateOperandOf(second) }
}
