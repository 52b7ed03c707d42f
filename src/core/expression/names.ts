/** The top-level attributes that conditions and updates name. */
import { unreachable } from '../assert.ts'
import type { Condition, Operand } from './condition.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from './update.ts'

/** In the order of the condition's text, as often as they are named. */
export function namesInCondition(condition: Condition): readonly string[] {
  switch (condition.op) {
    case 'and':
    case 'or':
      return condition.of.flatMap(namesInCondition)
    case 'not':
      return namesInCondition(condition.of)
    case 'attribute_exists':
    case 'attribute_not_exists':
    case 'attribute_type':
      return [condition.path[0]]
    case 'compare':
      return namesInOperands([condition.left, condition.right])
    case 'between':
      return namesInOperands([condition.operand, condition.low, condition.high])
    case 'in':
      return namesInOperands([condition.operand, ...condition.list])
    case 'begins_with':
      return namesInOperands([condition.operand, condition.prefix])
    case 'contains':
      return namesInOperands([condition.operand, condition.element])
    default:
      return unreachable(condition)
  }
}

function namesInOperands(operands: readonly Operand[]): readonly string[] {
  return operands.flatMap((operand) => {
    if ('path' in operand) return [operand.path[0]]
    return 'size' in operand ? [operand.size[0]] : []
  })
}

export function namesInUpdate({ actions }: Update): readonly string[] {
  return actions.flatMap((action) => [action.path[0], ...namesInAction(action)])
}

function namesInAction(action: UpdateAction): readonly string[] {
  return action.action === 'set' ? namesInValue(action.value) : []
}

function namesInValue(value: UpdateValue): readonly string[] {
  if ('path' in value) return [value.path[0]]
  if ('plus' in value) return namesInBoth(value.plus)
  if ('minus' in value) return namesInBoth(value.minus)
  if ('listAppend' in value) return namesInBoth(value.listAppend)
  return 'ifNotExists' in value ? [value.ifNotExists[0], ...namesInValue(value.otherwise)] : []
}

const namesInBoth = ([left, right]: readonly [UpdateOperand, UpdateOperand]): readonly string[] => [
  ...namesInValue(left),
  ...namesInValue(right),
]
