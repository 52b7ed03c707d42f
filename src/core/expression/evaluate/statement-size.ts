/**
 * What an update expression costs as a statement, whatever the item: a limit that AWS has beside the item's own (measured in 31 regions,
 * autumn 2026). Each clause counts its names and values as often as it has them, so a value that two clauses share counts twice.
 */
import { sizeOfValue } from '../../attribute/size.ts'
import type { Path } from '../path.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from '../update.ts'

const statementBytes = 3
const settingBytes = 19
const removingBytes = 1
const stepBytes = 4
const pathBytes = 1
const pathElementBytes = 14
const plusBytes = 34
const minusBytes = 37
const listAppendBytes = 37
const ifNotExistsBytes = 39

export function sizeOfStatement({ actions }: Update): number {
  return actions.reduce((sum, action) => sum + sizeOfClause(action), statementBytes)
}

function sizeOfClause(action: UpdateAction): number {
  const target = sizeOfTarget(action.path)
  if (action.action === 'set') return settingBytes + target + sizeOfOperand(action.value)
  return action.action === 'add' ? settingBytes + target + sizeOfValue(action.value) : removingBytes + target
}

function sizeOfTarget([first, ...steps]: Path): number {
  return steps.reduce<number>((sum, step) => sum + stepBytes + sizeOfElement(step), sizeOfElement(first))
}

const sizeOfElement = (step: string | number): number => Buffer.byteLength(String(step))

function sizeOfOperand(operand: UpdateValue): number {
  if ('value' in operand) return sizeOfValue(operand.value)
  if ('path' in operand) return sizeOfPath(operand.path)
  if ('plus' in operand) return plusBytes + sizeOfBoth(operand.plus)
  if ('minus' in operand) return minusBytes + sizeOfBoth(operand.minus)
  if ('listAppend' in operand) return listAppendBytes + sizeOfBoth(operand.listAppend)
  return ifNotExistsBytes + sizeOfPath(operand.ifNotExists) + sizeOfOperand(operand.otherwise)
}

const sizeOfPath = (path: Path): number =>
  path.reduce<number>((sum, step) => sum + pathElementBytes + sizeOfElement(step), pathBytes)

const sizeOfBoth = ([left, right]: readonly [UpdateOperand, UpdateOperand]): number =>
  sizeOfOperand(left) + sizeOfOperand(right)
