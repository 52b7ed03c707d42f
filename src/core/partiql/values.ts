/** Values as PartiQL writes them: 'text', 1.5, true, null, [list], {'map': …}, <<'set'>> and ? for a parameter. */
import { unreachable } from '../assert.ts'
import { canonicalNumber, olderMessage } from '../attribute/number.ts'
import { type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { checkValue, checkValues } from '../wire/attribute-values.ts'
import { malformed } from './statement-lexer.ts'
import type { Expression } from './tree.ts'

/** undefined for what is no value: a path, a function, an operation. A whole value is held to what holds for values anywhere. */
export function valueOf(expression: Expression): AttributeValue | undefined {
  const value = partOf(expression, 'root')
  // A parameter is checked alone before, but may stand deep within a list or a map.
  if (value !== undefined) checkValue(value)
  return value
}

/** The value of an INSERT. */
export function itemOf(expression: Expression): Item {
  const value = partOf(expression, 'root')
  if (value === undefined || !('M' in value)) throw malformed('Unexpected term')
  checkValues(value.M)
  return value.M
}

/** `place` is where the part stands in its value, as messages name it. */
function partOf(expression: Expression, place: string): AttributeValue | undefined {
  switch (expression.node) {
    case 'value':
      return expression.value
    case 'number':
      return { N: numberOf(expression.text, place) }
    case 'list':
      return { L: expression.of.map((element, at) => required(element, `${place}[${at}]`)) }
    case 'bag':
      return setOf(expression.of.map((element, at) => required(element, `${place}[${at}]`)))
    case 'struct':
      return { M: membersOf(expression.members, place) }
    case 'path':
    case 'call':
    case 'operation':
    case 'is':
      return undefined
    default:
      return unreachable(expression)
  }
}

function required(expression: Expression, place: string): AttributeValue {
  const value = partOf(expression, place)
  if (value === undefined) throw malformed('Unexpected term')
  return value
}

function membersOf(members: readonly (readonly [string, Expression])[], place: string): Item {
  const map: Record<string, AttributeValue> = {}
  for (const [name, member] of members) {
    if (Object.hasOwn(map, name)) throw malformed('Unexpected term')
    setAttribute(map, name, required(member, `${place}.${name}`))
  }
  return map
}

function numberOf(text: string, place: string): string {
  const number = canonicalNumber(text)
  if (typeof number !== 'string') throw validationError(`${olderMessage(number)} under ${place}`)
  return number
}

/** Members that repeat each other are found with the whole value. */
function setOf(values: readonly AttributeValue[]): AttributeValue {
  const [first] = values
  if (!first) throw validationError('Empty bags are not supported')
  const strings = values.flatMap((value) => ('S' in value ? [value.S] : []))
  if (strings.length === values.length) return { SS: strings }
  const numbers = values.flatMap((value) => ('N' in value ? [value.N] : []))
  if (numbers.length === values.length) return { NS: numbers }
  const binaries = values.flatMap((value) => ('B' in value ? [value.B] : []))
  if (binaries.length === values.length) return { BS: binaries }
  throw malformed('Unexpected term')
}
