/**
 * Whether something parsed is an item as regions keep items: one type each, numbers in canonical text, sets without twins, no deeper
 * than the API takes them. It is asked of everything that comes as bytes from elsewhere: a peer's rows, a command of an order.
 */
import { nestingDepthMax } from '../limits/limits.ts'
import { canonicalNumber } from './number.ts'
import { type AttributeValue, type Item, typeOf } from './value.ts'

export function isStoredItem(value: unknown, level = 1): value is Item {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const fields = value as Readonly<Record<string, unknown>>
  for (const name in fields) if (!isStoredValue(fields[name], level)) return false
  return true
}

export function isStoredValue(value: unknown, level = 1): value is AttributeValue {
  if (typeof value !== 'object' || value === null || level > nestingDepthMax) return false
  const members = Object.keys(value)
  if (members.length !== 1) return false
  const content = (value as Record<string, unknown>)[members[0] ?? '']
  switch (typeOf(value as AttributeValue)) {
    case 'S':
      return typeof content === 'string'
    case 'N':
      return isNumber(content)
    case 'B':
      return isBinary(content)
    case 'BOOL':
      return typeof content === 'boolean'
    case 'NULL':
      return content === true
    case 'M':
      return isStoredItem(content, level + 1)
    case 'L':
      return Array.isArray(content) && content.every((each) => isStoredValue(each, level + 1))
    case 'SS':
      return isSet(content, (each) => typeof each === 'string')
    case 'NS':
      return isSet(content, isNumber)
    case 'BS':
      return isSet(content, isBinary)
    default:
      return false
  }
}

function isSet(content: unknown, isElement: (each: unknown) => boolean): boolean {
  return (
    Array.isArray(content) && content.length > 0 && content.every(isElement) && new Set(content).size === content.length
  )
}

function isNumber(content: unknown): boolean {
  return typeof content === 'string' && canonicalNumber(content) === content
}

function isBinary(content: unknown): boolean {
  return typeof content === 'string' && Buffer.from(content, 'base64').toString('base64') === content
}
