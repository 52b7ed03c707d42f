/**
 * The third layer: what a form cannot say about attribute values. A value has exactly one type, numbers are numbers
 * and become canonical in place, sets have members and none twice, and nothing nests deeper than 32 levels. Comes
 * after constrain, as in DynamoDB. Checking what has been checked changes nothing.
 */
import type { AttributeValue } from '../attribute/value.ts'
import { canonicalNumber, type NumberProblem, olderMessage, parameterMessage } from '../attribute/number.ts'
import { compareValues } from '../attribute/value-order.ts'
import { validationError } from '../errors.ts'
import { type NewItem, SentItem } from '../item/sent-item.ts'
import { attributeNameSizeBytesMax, nestingDepthMax, shownTextMax, sortedTwinsMax } from '../limits/limits.ts'
import type { Member, Shape, Structure } from './model/shape.ts'
import { shownList } from '../shown-list.ts'
import type { Layer } from './validation-layers.ts'

/** Throws for the first wrong value anywhere in the input, in the order of the model's members. */
export function checkAttributeValues(shape: Structure, input: Readonly<Record<string, unknown>>): void {
  for (const member of shape.valued) {
    const value = input[member.name]
    if (value !== undefined) checkMember(member, value)
  }
}

/** Throws for the first wrong value of an item or a key. */
export function checkValues(values: Readonly<Record<string, AttributeValue>>, layer: Layer = 'older'): void {
  for (const name in values) {
    checkTopName(name)
    checkValue(values[name] as AttributeValue, layer)
  }
}

/** The same of an item to be put, unless it has been checked as it was read. */
export function checkItem(item: NewItem, layer: Layer = 'older'): void {
  if (!(item instanceof SentItem)) checkValues(item, layer)
}

/** Of an attribute of an item, wherever a request names it. */
export function checkTopName(name: string): void {
  if (name === '') throw validationError('Empty attribute name')
  checkAttributeName(name)
}

/** At most 65,535 bytes, at any depth (message measured in 2026-09: github.com/ExtendDB/extenddb/issues/365). */
export function checkAttributeName(name: string): void {
  if (name.length * utf8BytesMax > attributeNameSizeBytesMax && Buffer.byteLength(name) > attributeNameSizeBytesMax)
    throw validationError('1 validation error detected: Attribute name is too large, must be less than 65536 bytes')
}

/** Of one UTF-16 unit. */
const utf8BytesMax = 3

export function checkValue(value: AttributeValue, layer: Layer = 'older'): void {
  const problem = problemOf(value, 1, layer)
  if (problem !== undefined) throw validationError(problem)
}

/** The older layer names ExpressionAttributeValues in its message. */
export function checkExpressionValues(values: Readonly<Record<string, AttributeValue>>, layer: Layer = 'older'): void {
  for (const name in values) {
    const problem = problemOf(values[name] as AttributeValue, 1, layer)
    if (problem === undefined) continue
    throw validationError(
      layer === 'newer' ? problem : `ExpressionAttributeValues contains invalid value: ${problem} for key ${name}`,
    )
  }
}

// 31 maps around a scalar were taken and 32 refused, of items and of expression values (seen in eu-west-2, 2026).
export const nestingProblem =
  'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit'

type Fields = Record<string, unknown>

function checkMember(member: Member, value: unknown): void {
  if (member.name === 'ExpressionAttributeValues') checkExpressionValues(value as Record<string, AttributeValue>)
  else checkWithin(member.shape, value)
}

function checkWithin(shape: Shape, value: unknown): void {
  if (shape.kind === 'attribute-value') checkValue(value as AttributeValue)
  else if (shape.kind === 'structure') checkAttributeValues(shape, value as Fields)
  else if (shape.kind === 'list') for (const element of value as unknown[]) checkWithin(shape.member, element)
  else if (shape.kind === 'map') for (const name in value as Fields) checkWithin(shape.value, (value as Fields)[name])
}

const invalid = (what: string): string => `One or more parameter values were invalid: ${what}`

/** AWS's message; numbers become canonical on the way. */
function problemOf(value: Fields, level: number, layer: Layer): string | undefined {
  if (level > nestingDepthMax) return nestingProblem
  let types = 0
  for (const type in value) {
    types++
    const problem = typedProblem(value, type, level, layer)
    if (problem !== undefined) return problem
  }
  if (types === 1) return undefined
  if (types === 0) return 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'
  return 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes'
}

function typedProblem(fields: Fields, type: string, level: number, layer: Layer): string | undefined {
  switch (type) {
    case 'N':
      return numberProblem(fields, type, layer)
    case 'NULL':
      return fields[type] === true ? undefined : invalid('Null attribute value types must have the value of true')
    case 'SS':
      return stringSetProblem(fields[type] as (string | null)[], layer)
    case 'NS':
      return numberSetProblem(fields[type] as string[], layer)
    case 'BS':
      return binarySetProblem(fields[type] as (string | null)[], layer)
    case 'L':
      for (const element of fields[type] as Fields[]) {
        const problem = problemOf(element, level + 1, layer)
        if (problem !== undefined) return problem
      }
      return undefined
    case 'M': {
      const map = fields[type] as Fields
      for (const name in map) {
        checkAttributeName(name)
        const problem = problemOf(map[name] as Fields, level + 1, layer)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    default:
      return undefined
  }
}

/** `holder[place]` is the number's text, which becomes canonical. */
function numberProblem(holder: Fields, place: string | number, layer: Layer): string | undefined {
  const given = holder[place]
  if (typeof given !== 'string' || given === '') return layer === 'newer' ? `${notNumeric}: ` : notNumeric
  const canonical = canonicalNumber(given)
  if (typeof canonical !== 'string') return numberMessage(canonical, given, layer)
  if (canonical !== given) holder[place] = canonical
  return undefined
}

function numberMessage(problem: NumberProblem, given: string, layer: Layer): string {
  if (layer === 'parameter') return parameterMessage(problem, given)
  return layer === 'older' ? olderMessage(problem) : problem.message
}

const notNumeric = 'The parameter cannot be converted to a numeric value'

// The doubled blank, "An string" and the missing blank before "of type" are AWS's. Empty members have been taken since July 2026.

function stringSetProblem(set: readonly (string | null)[], layer: Layer): string | undefined {
  if (set.length === 0) return invalid('An string set  may not be empty')
  if (set.includes(null)) return invalid('An string set may not have a empty string as a member')
  if (!hasTwins(set)) return undefined
  const shown = layer === 'newer' ? shownTwins(set as readonly string[], 'S', ', ') : `[${shownList(set)}]`
  return invalid(`Input collection ${shown} contains duplicates.`)
}

function numberSetProblem(set: string[], layer: Layer): string | undefined {
  if (set.length === 0) return invalid('An number set  may not be empty')
  for (let n = 0; n < set.length; n++) {
    const problem = numberProblem(set as unknown as Fields, n, layer)
    if (problem !== undefined) return problem
  }
  if (!hasTwins(set)) return undefined
  return layer === 'newer' ? invalid('Input collection contains duplicates.') : 'Input collection contains duplicates'
}

function binarySetProblem(set: readonly (string | null)[], layer: Layer): string | undefined {
  if (set.length === 0) return invalid('Binary sets should not be empty')
  if (set.includes(null)) return invalid('Binary sets may not contain null or empty values')
  if (!hasTwins(set)) return undefined
  const shown = layer === 'newer' ? shownTwins(set as readonly string[], 'B', ',') : `[${shownList(set)}]`
  return invalid(`Input collection ${shown}of type BS contains duplicates.`)
}

function hasTwins(set: readonly unknown[]): boolean {
  return set.length > 1 && new Set(set).size !== set.length
}

/** As JSON: the members before the first that repeats another, in the order of their bytes; then that one and the rest as sent. */
function shownTwins(set: readonly string[], type: 'S' | 'B', separator: string): string {
  const before = new Set<string>()
  for (const member of set) {
    if (before.has(member)) break
    before.add(member)
  }
  const valueOf = (text: string): AttributeValue => (type === 'S' ? { S: text } : { B: text })
  const sorted =
    before.size > sortedTwinsMax ? before : [...before].toSorted((a, b) => compareValues(valueOf(a), valueOf(b)) ?? 0)
  let page = ''
  for (const member of [...sorted, ...set.slice(before.size)]) {
    page += `${page === '' ? '' : separator}${JSON.stringify(member)}`
    if (page.length > shownTextMax) return `[${page.slice(0, shownTextMax)}...]`
  }
  return `[${page}]`
}
