/** WHERE clauses to the expression language's conditions, with the checks that DynamoDB makes of their operands. */
import { unreachable } from '../assert.ts'
import type { AttributeType, AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import type { Comparator, Condition, Operand } from '../expression/condition.ts'
import type { Path } from '../expression/path.ts'
import { inOperandsMax } from '../limits/limits.ts'
import { malformed } from './statement-lexer.ts'
import { needsPath, unrecognized, unsupported, wrongCount, wrongType } from './statement-problems.ts'
import type { Call, Expression, Operation } from './tree.ts'
import { valueOf } from './values.ts'

export function conditionOf(expression: Expression): Condition {
  switch (expression.node) {
    case 'operation':
      return operationOf(expression)
    case 'call':
      return callOf(expression)
    case 'is':
      return typeTest(expression.operand, expression.type)
    case 'value':
    case 'number':
    case 'path':
    case 'list':
    case 'bag':
    case 'struct':
      throw malformed('Unexpected term')
    default:
      return unreachable(expression)
  }
}

function negated(condition: Condition): Condition {
  return condition.op === 'attribute_not_exists'
    ? { ...condition, op: 'attribute_exists' }
    : { op: 'not', of: condition }
}

const comparators: readonly string[] = ['=', '<>', '<', '<=', '>', '>='] satisfies readonly Comparator[]

function operationOf({ operator, of }: Operation): Condition {
  const [first, second, third] = of
  if (first === undefined) throw malformed('Unexpected operator')
  if (operator === 'AND' || operator === 'OR') return { op: operator === 'AND' ? 'and' : 'or', of: of.map(conditionOf) }
  if (operator === 'NOT') return negated(conditionOf(first))
  if (second === undefined) throw malformed('Unexpected operator')
  if (operator === 'IN') return membership(first, second)
  if (operator === 'BETWEEN' && third !== undefined) return between(first, second, third)
  if (operator === 'LIKE') throw unsupported('Like')
  if (!comparators.includes(operator)) throw malformed('Unexpected operator')
  return comparison(operator as Comparator, first, second)
}

/** A function that is a condition may be compared with `true` and `false`. */
function comparison(comparator: Comparator, first: Expression, second: Expression): Condition {
  const tested = truthTest(comparator, first, second) ?? truthTest(comparator, second, first)
  if (tested !== undefined) return tested
  const left = operandOf(first)
  const right = operandOf(second)
  if (comparator !== '=' && comparator !== '<>')
    for (const operand of [left, right]) refuseUnordered(comparator, operand)
  return { op: 'compare', comparator, left, right }
}

function truthTest(comparator: Comparator, call: Expression, truth: Expression): Condition | undefined {
  if (call.node !== 'call' || call.name.toLowerCase() === 'size') return undefined
  const condition = callOf(call)
  const value = valueOf(truth)
  if ((comparator !== '=' && comparator !== '<>') || value === undefined || !('BOOL' in value))
    throw malformed('Unexpected operator')
  return value.BOOL === (comparator === '=') ? condition : { op: 'not', of: condition }
}

function between(first: Expression, second: Expression, third: Expression): Condition {
  const [operand, low, high] = [operandOf(first), operandOf(second), operandOf(third)]
  for (const each of [operand, low, high]) refuseUnordered('BETWEEN', each)
  return { op: 'between', operand, low, high }
}

const ordered: readonly AttributeType[] = ['S', 'N', 'B']

function refuseUnordered(operator: string, operand: Operand): void {
  if (!('value' in operand)) return
  const type = typeOf(operand.value)
  if (!ordered.includes(type)) throw wrongType(operator, type)
}

const typeOf = (value: AttributeValue): AttributeType => Object.keys(value)[0] as AttributeType

function membership(first: Expression, second: Expression): Condition {
  const operand = operandOf(first)
  if (second.node !== 'list' || second.of.length === 0) throw malformed('Unexpected term')
  // Those of a partition key are fewer, which the lowering knows.
  if (second.of.length > inOperandsMax) throw tooManyOperands(second.of.length)
  return { op: 'in', operand, list: second.of.map(operandOf) }
}

/** The words are those of expressions: AWS's own for a statement are not known. */
export function tooManyOperands(count: number): Error {
  return validationError(`The IN operator is provided with too many operands; number of operands: ${count}`)
}

const testable: Readonly<Record<string, AttributeType>> = {
  NULL: 'NULL',
  BOOL: 'BOOL',
  BOOLEAN: 'BOOL',
  STRING: 'S',
  DECIMAL: 'N',
  NUMERIC: 'N',
  BLOB: 'B',
  LIST: 'L',
  STRUCT: 'M',
  TUPLE: 'M',
}

/** `IS MISSING` asks for absence; other types are DynamoDB's by PartiQL's names. */
function typeTest(operand: Expression, name: string): Condition {
  const type = Object.hasOwn(testable, name) ? testable[name] : undefined
  if (type === undefined && name !== 'MISSING') throw unsupported('IsType')
  if (operand.node !== 'path') throw needsPath('IsType')
  const { path } = operand
  return type === undefined ? { op: 'attribute_not_exists', path } : { op: 'attribute_type', path, type }
}

function callOf(call: Call): Condition {
  const name = call.name.toLowerCase()
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists': {
      const [path] = operandsOf(call, 1)
      return { op: name, path: pathOf(name, path) }
    }
    case 'attribute_type': {
      const [path, type] = operandsOf(call, 2)
      return { op: name, path: pathOf(name, path), type: attributeType(type) }
    }
    case 'begins_with': {
      const [operand, prefix] = operandsOf(call, 2).map(operandOf) as [Operand, Operand]
      for (const each of [operand, prefix]) {
        if ('value' in each && !('S' in each.value) && !('B' in each.value)) throw wrongType(name, typeOf(each.value))
      }
      return { op: name, operand, prefix }
    }
    case 'contains': {
      const [operand, element] = operandsOf(call, 2).map(operandOf) as [Operand, Operand]
      return { op: name, operand, element }
    }
    case 'size':
      throw malformed('Unexpected term')
    default:
      throw unrecognized(call)
  }
}

function operandsOf({ name, of }: Call, count: 1 | 2): [Expression, Expression] {
  if (of.length !== count) throw wrongCount(name.toLowerCase(), of.length)
  return of as unknown as [Expression, Expression]
}

function pathOf(operator: string, expression: Expression): Path {
  if (expression.node !== 'path') throw needsPath(operator)
  return expression.path
}

/** In the order of AWS's message. */
const attributeTypes: readonly AttributeType[] = ['B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'N', 'NS', 'S', 'M']

function attributeType(expression: Expression): AttributeType {
  const value = valueOf(expression)
  if (value === undefined) throw malformed('Unexpected term')
  if (!('S' in value)) throw wrongType('attribute_type', typeOf(value))
  const type = attributeTypes.find((known) => known === value.S)
  if (type !== undefined) return type
  throw validationError(
    `Invalid attribute type name found; type: ${value.S}, valid types: {${attributeTypes.join(',')}}`,
  )
}

function operandOf(expression: Expression): Operand {
  if (expression.node === 'path') return { path: expression.path }
  if (expression.node === 'call') {
    if (expression.name.toLowerCase() !== 'size') throw unrecognized(expression)
    return { size: pathOf('size', operandsOf(expression, 1)[0]) }
  }
  const value = valueOf(expression)
  if (value === undefined) throw malformed('Unexpected operator')
  return { value }
}
