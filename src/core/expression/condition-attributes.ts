/** The attributes that a condition looks at, by their top-level names, in reading order and as often as they stand there. */
import { unreachable } from '../assert.ts'
import type { Condition, Operand } from './condition.ts'

export function* attributesOf(condition: Condition): Iterable<string> {
  if (condition.op === 'and' || condition.op === 'or') for (const part of condition.of) yield* attributesOf(part)
  else if (condition.op === 'not') yield* attributesOf(condition.of)
  else for (const operand of operandsOf(condition)) yield* nameOf(operand)
}

type Leaf = Exclude<Condition, { op: 'and' } | { op: 'or' } | { op: 'not' }>

function operandsOf(condition: Leaf): readonly Operand[] {
  switch (condition.op) {
    case 'compare':
      return [condition.left, condition.right]
    case 'between':
      return [condition.operand, condition.low, condition.high]
    case 'in':
      return [condition.operand, ...condition.list]
    case 'begins_with':
      return [condition.operand, condition.prefix]
    case 'contains':
      return [condition.operand, condition.element]
    case 'attribute_exists':
    case 'attribute_not_exists':
    case 'attribute_type':
      return [{ path: condition.path }]
    default:
      return unreachable(condition)
  }
}

function* nameOf(operand: Operand): Iterable<string> {
  if ('path' in operand) yield operand.path[0]
  else if ('size' in operand) yield operand.size[0]
}
