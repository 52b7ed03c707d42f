/** The paths that conditions and updates name, and the top-level attributes at their beginnings. */
import { unreachable } from '../assert.ts'
import type { Condition, Operand } from './condition.ts'
import type { Path } from './path.ts'
import type { Update, UpdateOperand, UpdateValue } from './update.ts'

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

/** In the order of the update’s text, in one list: every update asks. */
export function pathsInUpdate({ actions }: Update): readonly Path[] {
  const paths: Path[] = []
  for (const action of actions) {
    paths.push(action.path)
    if (action.action === 'set') addPathsInValue(action.value, paths)
  }
  return paths
}

function addPathsInValue(value: UpdateValue, paths: Path[]): void {
  if ('path' in value) paths.push(value.path)
  else if ('plus' in value) addPathsInBoth(value.plus, paths)
  else if ('minus' in value) addPathsInBoth(value.minus, paths)
  else if ('listAppend' in value) addPathsInBoth(value.listAppend, paths)
  else if ('ifNotExists' in value) {
    paths.push(value.ifNotExists)
    addPathsInValue(value.otherwise, paths)
  }
}

function addPathsInBoth([left, right]: readonly [UpdateOperand, UpdateOperand], paths: Path[]): void {
  addPathsInValue(left, paths)
  addPathsInValue(right, paths)
}
