/** The paths that conditions and updates name, and the top-level attributes at their beginnings. */
import { unreachable } from '../assert.ts'
import type { Condition, Operand } from './condition.ts'
import type { Path } from './path.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from './update.ts'

export const namesInCondition = (condition: Condition): readonly string[] =>
  pathsInCondition(condition).map(([name]) => name)

export const namesInUpdate = (update: Update): readonly string[] => pathsInUpdate(update).map(([name]) => name)

/** In the order of the condition's text, as often as they are named. */
export function pathsInCondition(condition: Condition): readonly Path[] {
  switch (condition.op) {
    case 'and':
    case 'or':
      return condition.of.flatMap(pathsInCondition)
    case 'not':
      return pathsInCondition(condition.of)
    case 'attribute_exists':
    case 'attribute_not_exists':
    case 'attribute_type':
      return [condition.path]
    case 'compare':
      return pathsInOperands([condition.left, condition.right])
    case 'between':
      return pathsInOperands([condition.operand, condition.low, condition.high])
    case 'in':
      return pathsInOperands([condition.operand, ...condition.list])
    case 'begins_with':
      return pathsInOperands([condition.operand, condition.prefix])
    case 'contains':
      return pathsInOperands([condition.operand, condition.element])
    default:
      return unreachable(condition)
  }
}

function pathsInOperands(operands: readonly Operand[]): readonly Path[] {
  return operands.flatMap((operand) => {
    if ('path' in operand) return [operand.path]
    return 'size' in operand ? [operand.size] : []
  })
}

export function pathsInUpdate({ actions }: Update): readonly Path[] {
  return actions.flatMap((action) => [action.path, ...pathsInAction(action)])
}

function pathsInAction(action: UpdateAction): readonly Path[] {
  return action.action === 'set' ? pathsInValue(action.value) : []
}

function pathsInValue(value: UpdateValue): readonly Path[] {
  if ('path' in value) return [value.path]
  if ('plus' in value) return pathsInBoth(value.plus)
  if ('minus' in value) return pathsInBoth(value.minus)
  if ('listAppend' in value) return pathsInBoth(value.listAppend)
  return 'ifNotExists' in value ? [value.ifNotExists, ...pathsInValue(value.otherwise)] : []
}

const pathsInBoth = ([left, right]: readonly [UpdateOperand, UpdateOperand]): readonly Path[] => [
  ...pathsInValue(left),
  ...pathsInValue(right),
]
