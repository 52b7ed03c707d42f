/** The bytes of the names and values that an update brings: what it can add to an item without what is there already. */
import { sizeOfValue } from '../../attribute/size.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from '../update.ts'

export function sizeOfUpdate({ actions }: Update): number {
  return actions.reduce((sum, action) => sum + Buffer.byteLength(action.path[0]) + sizeOfAction(action), 0)
}

function sizeOfAction(action: UpdateAction): number {
  if (action.action === 'remove') return 0
  return action.action === 'set' ? sizeOfOperand(action.value) : sizeOfValue(action.value)
}

function sizeOfOperand(operand: UpdateValue): number {
  if ('value' in operand) return sizeOfValue(operand.value)
  if ('plus' in operand) return sizeOfBoth(operand.plus)
  if ('minus' in operand) return sizeOfBoth(operand.minus)
  if ('listAppend' in operand) return sizeOfBoth(operand.listAppend)
  return 'otherwise' in operand ? sizeOfOperand(operand.otherwise) : 0
}

const sizeOfBoth = ([left, right]: readonly [UpdateOperand, UpdateOperand]): number =>
  sizeOfOperand(left) + sizeOfOperand(right)
