/** Arbitrary conditions over few attributes, so that they often find something, and their text. */
import * as fc from 'fast-check'
import { unreachable } from '../../../src/core/assert.ts'
import type { AttributeType, AttributeValue } from '../../../src/core/attribute/value.ts'
import type { Comparator, Condition, Operand } from '../../../src/core/expression/condition.ts'
import type { Path } from '../../../src/core/expression/path.ts'
import { value } from '../attribute/values.ts'

const step = fc.oneof(fc.constantFrom<string | number>('a', 'b', 0, 1), fc.constantFrom('__proto__', 'name', 'x.y'))
const path: fc.Arbitrary<Path> = fc
  .tuple(fc.constantFrom('a', 'b', 'c', 'constructor'), fc.array(step, { maxLength: 2 }))
  .map(([name, steps]) => [name, ...steps])
const small: fc.Arbitrary<AttributeValue> = fc.constantFrom<AttributeValue>(
  { S: '' },
  { S: 'a' },
  { N: '0' },
  { N: '1' },
  { B: 'AA==' },
)
const operand: fc.Arbitrary<Operand> = fc.oneof(
  { weight: 3, arbitrary: path.map((found) => ({ path: found })) },
  { weight: 2, arbitrary: small.map((found) => ({ value: found })) },
  { weight: 1, arbitrary: value.map((found) => ({ value: found })) },
  { weight: 1, arbitrary: path.map((found) => ({ size: found })) },
)
const comparator = fc.constantFrom<Comparator>('=', '<>', '<', '<=', '>', '>=')
const type = fc.constantFrom<AttributeType>('S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS')

export const { conditions } = fc.letrec<{ conditions: Condition }>((tie) => ({
  conditions: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ op: fc.constant('compare' as const), comparator, left: operand, right: operand }),
    fc.record({ op: fc.constant('between' as const), operand, low: operand, high: operand }),
    fc.record({
      op: fc.constant('in' as const),
      operand,
      list: fc.array(operand, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ op: fc.constantFrom('attribute_exists' as const, 'attribute_not_exists' as const), path }),
    fc.record({ op: fc.constant('attribute_type' as const), path, type }),
    fc.record({ op: fc.constant('begins_with' as const), operand, prefix: operand }),
    fc.record({ op: fc.constant('contains' as const), operand, element: operand }),
    fc.record({ op: fc.constant('not' as const), of: tie('conditions') }),
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('conditions'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}))

export type Written = {
  readonly text: string
  readonly names: Record<string, string>
  readonly values: Record<string, AttributeValue>
}

/** The condition as an expression, every name and value behind a placeholder of its own. */
export function write(condition: Condition): Written {
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {}
  const place = <T>(into: Record<string, T>, sigil: string, content: T): string => {
    const placeholder = `${sigil}p${Object.keys(into).length}`
    into[placeholder] = content
    return placeholder
  }
  const pathText = (given: Path): string =>
    given
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${place(names, '#', part)}`))
      .join('')
      .slice(1)
  const operandText = (given: Operand): string => {
    if ('path' in given) return pathText(given.path)
    return 'value' in given ? place(values, ':', given.value) : `size(${pathText(given.size)})`
  }
  const text = (given: Condition): string => {
    switch (given.op) {
      case 'and':
      case 'or':
        return given.of.map((part) => `(${text(part)})`).join(given.op === 'and' ? ' AND ' : '\tor\n')
      case 'not':
        return `NOT (${text(given.of)})`
      case 'compare':
        return `${operandText(given.left)}${given.comparator}${operandText(given.right)}`
      case 'between':
        return `${operandText(given.operand)} between ${operandText(given.low)} AND ${operandText(given.high)}`
      case 'in':
        return `${operandText(given.operand)} IN (${given.list.map(operandText).join(', ')})`
      case 'attribute_exists':
      case 'attribute_not_exists':
        return `${given.op} ( ${pathText(given.path)} )`
      case 'attribute_type':
        return `attribute_type(${pathText(given.path)}, ${place(values, ':', { S: given.type })})`
      case 'begins_with':
        return `begins_with(${operandText(given.operand)}, ${operandText(given.prefix)})`
      case 'contains':
        return `contains(${operandText(given.operand)}, ${operandText(given.element)})`
      default:
        return unreachable(given)
    }
  }
  return { text: text(condition), names, values }
}
