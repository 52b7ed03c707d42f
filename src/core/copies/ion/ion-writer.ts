/**
 * Items as Ion text, in the forms that DynamoDB's exports have: numbers are decimals (`103.`, `6d2`), sets are lists that are annotated with their type
 * (`$dynamodb_SS::["a"]`), binaries are blobs.
 */
import { unreachable } from '../../assert.ts'
import { type AttributeValue, type Item, typeOf } from '../../attribute/value.ts'
import { ionKeywords } from './ion-tokens.ts'

export function ionStruct(item: Item): string {
  return `{${Object.entries(item)
    .map(([name, value]) => `${ionSymbol(name)}:${ionValue(value)}`)
    .join(',')}}`
}

function ionValue(value: AttributeValue): string {
  const type = typeOf(value)
  const content = (value as Readonly<Record<string, unknown>>)[type]
  switch (type) {
    case 'S':
      return ionString(content as string)
    case 'N':
      return ionDecimal(content as string)
    case 'B':
      return `{{${content as string}}}`
    case 'BOOL':
      return String(content)
    case 'NULL':
      return 'null'
    case 'M':
      return ionStruct(content as Item)
    case 'L':
      return `[${(content as readonly AttributeValue[]).map(ionValue).join(',')}]`
    case 'SS':
      return set('SS', content as readonly string[], ionString)
    case 'NS':
      return set('NS', content as readonly string[], ionDecimal)
    case 'BS':
      return set('BS', content as readonly string[], (text) => `{{${text}}}`)
    default:
      return unreachable(type)
  }
}

function set(type: string, values: readonly string[], write: (text: string) => string): string {
  return `$dynamodb_${type}::[${values.map(write).join(',')}]`
}

/** Adjusted exponents below this are written as such, and not as zeros. */
const smallExponentMin = -6

/** Of a number in canonical text. Trailing zeros are in the exponent, as AWS has them: 600 is `6d2`. */
export function ionDecimal(text: string): string {
  const [, sign = '', whole = '', part = '', power = '0'] =
    /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${part}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0.'
  const exponent = Number(power) - part.length + digits.length - significant.length
  return `${sign}${placed(significant, exponent)}`
}

function placed(digits: string, exponent: number): string {
  if (exponent === 0) return `${digits}.`
  if (exponent > 0) return `${digits}d${exponent}`
  const point = digits.length + exponent
  if (point > 0) return `${digits.slice(0, point)}.${digits.slice(point)}`
  return point - 1 >= smallExponentMin ? `0.${'0'.repeat(-point)}${digits}` : `${digits}d${exponent}`
}

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/
/** `$12` stands for the twelfth symbol of a table. */
const symbolId = /^\$\d+$/

function ionSymbol(name: string): string {
  const isPlain = identifier.test(name) && !symbolId.test(name) && !ionKeywords.has(name)
  return isPlain ? name : `'${escaped(name).replaceAll("'", String.raw`\'`)}'`
}

const ionString = (text: string): string => `"${escaped(text).replaceAll('"', String.raw`\"`)}"`

const named: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\\': '\\' }

function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what has to be escaped
  return text.replaceAll(/[\u0000-\u001f\u007f\\]/g, (one) => {
    const name = named[one]
    return name === undefined ? String.raw`\x${one.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\${name}`
  })
}
