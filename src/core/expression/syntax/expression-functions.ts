/** The functions of the language, which expressions may call them, and whether they are called in a place that takes them. */
import type { Problems } from './problems.ts'
import type { CallSyntax, ConditionSyntax, OperandSyntax } from './syntax.ts'

/** With the number of operands that each takes. */
export const conditionFunctions: ReadonlyMap<string, number> = new Map([
  ['attribute_exists', 1],
  ['attribute_not_exists', 1],
  ['attribute_type', 2],
  ['begins_with', 2],
  ['contains', 2],
  ['size', 1],
])

export const updateFunctions: ReadonlyMap<string, number> = new Map([
  ['if_not_exists', 2],
  ['list_append', 2],
])

/** Every call of an operand, from the outside in. */
export function* callsOf(operand: OperandSyntax): Iterable<CallSyntax> {
  if (operand.node !== 'call') return
  yield operand
  for (const inner of operand.operands) yield* callsOf(inner)
}

/** Every call of a condition, in reading order; `asCondition`: the call stands where a condition is wanted. */
export function* callsOfCondition(tree: ConditionSyntax): Iterable<{ call: CallSyntax; asCondition: boolean }> {
  if (tree.node === 'and' || tree.node === 'or') for (const part of tree.of) yield* callsOfCondition(part)
  else if (tree.node === 'not') yield* callsOfCondition(tree.condition)
  else {
    if (tree.node === 'call') yield { call: tree, asCondition: true }
    for (const operand of tree.operands) for (const call of callsOf(operand)) yield { call, asCondition: false }
  }
}

export function checkConditionCall(problems: Problems, name: string): void {
  if (conditionFunctions.has(name)) return
  throw updateFunctions.has(name)
    ? problems.error(`The function is not allowed in a condition expression; function: ${name}`)
    : problems.error(`Invalid function name; function: ${name}`)
}

export function checkUpdateCall(problems: Problems, name: string): void {
  if (updateFunctions.has(name)) return
  throw conditionFunctions.has(name)
    ? problems.error(`The function is not allowed in an update expression; function: ${name}`)
    : problems.error(`Invalid function name; function: ${name}`)
}

/** Among conditions size() alone gives a value, and it gives nothing else. */
export function checkConditionPlace(problems: Problems, call: CallSyntax, asCondition: boolean): void {
  if ((call.name === 'size') !== asCondition) return
  throw problems.error(`The function is not allowed to be used this way in an expression; function: ${call.name}`)
}
