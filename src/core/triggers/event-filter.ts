/**
 * Event filters of Lambda's event source mappings: a pattern is a JSON object of the record's shape, whose leaves are lists of what a value may be.
 *
 *   { "eventName": ["INSERT"], "dynamodb": { "NewImage": { "age": { "N": [{ "prefix": "4" }] } } } }
 *
 * All fields of a pattern must match, and one of each list. `$or` is a list of patterns of which one must match. A list in the record matches when one of its elements does.
 */
import { isObject } from '../wire/json.ts'
import { triggerFilterLengthMax } from '../limits/trigger-limits.ts'

type Scalar = string | number | boolean | null
type Comparator = '=' | '<' | '<=' | '>' | '>='
type Bound = { readonly comparator: Comparator; readonly value: number }

type Rule =
  | { readonly kind: 'equals'; readonly value: Scalar }
  | { readonly kind: 'prefix' | 'suffix' | 'equals-ignore-case'; readonly text: string }
  | { readonly kind: 'anything-but'; readonly values: readonly (string | number)[] }
  | { readonly kind: 'numeric'; readonly bounds: readonly Bound[] }
  | { readonly kind: 'exists'; readonly exists: boolean }

export type Pattern = {
  readonly fields: readonly (readonly [name: string, of: Pattern | readonly Rule[]])[]
  /** Of each list, one pattern must match. */
  readonly ors: readonly (readonly Pattern[])[]
}

/** Undefined for a text that is no pattern. */
export function parseFilter(text: string): Pattern | undefined {
  if (text.length > triggerFilterLengthMax) return undefined
  try {
    const given: unknown = JSON.parse(text)
    return isObject(given) ? patternOf(given) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotAPattern) return undefined
    throw error
  }
}

class NotAPattern extends Error {}

function patternOf(given: Readonly<Record<string, unknown>>): Pattern {
  const fields: [string, Pattern | readonly Rule[]][] = []
  const ors: (readonly Pattern[])[] = []
  for (const [name, value] of Object.entries(given))
    if (name === '$or') ors.push(alternativesOf(value))
    else if (Array.isArray(value)) fields.push([name, rulesOf(value)])
    else if (isObject(value)) fields.push([name, patternOf(value)])
    else throw new NotAPattern()
  if (fields.length + ors.length === 0) throw new NotAPattern()
  return { fields, ors }
}

function alternativesOf(given: unknown): readonly Pattern[] {
  if (!Array.isArray(given) || given.length === 0) throw new NotAPattern()
  return given.map((each: unknown) => {
    if (!isObject(each)) throw new NotAPattern()
    return patternOf(each)
  })
}

function rulesOf(given: readonly unknown[]): readonly Rule[] {
  if (given.length === 0) throw new NotAPattern()
  return given.map(ruleOf)
}

function ruleOf(given: unknown): Rule {
  if (isScalar(given)) return { kind: 'equals', value: given }
  const [[kind, value] = [], ...more] = isObject(given) ? Object.entries(given) : []
  if (more.length > 0) throw new NotAPattern()
  switch (kind) {
    case undefined:
      throw new NotAPattern()
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
      if (typeof value !== 'string') throw new NotAPattern()
      return { kind, text: value }
    case 'exists':
      if (typeof value !== 'boolean') throw new NotAPattern()
      return { kind, exists: value }
    case 'anything-but':
      return { kind, values: excludedOf(value) }
    case 'numeric':
      return { kind, bounds: boundsOf(value) }
    default:
      throw new NotAPattern()
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function excludedOf(given: unknown): readonly (string | number)[] {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (values.length === 0) throw new NotAPattern()
  return values.map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw new NotAPattern()
    return value
  })
}

/** One comparison, or a lower bound and then an upper one. */
function boundsOf(given: unknown): readonly Bound[] {
  if (!Array.isArray(given)) throw new NotAPattern()
  const [first, low, second, high, ...more] = given as readonly unknown[]
  if (more.length > 0 || !isComparator(first) || typeof low !== 'number') throw new NotAPattern()
  if (given.length === 2) return [{ comparator: first, value: low }]
  if (!first.startsWith('>') || !isComparator(second) || !second.startsWith('<')) throw new NotAPattern()
  if (typeof high !== 'number' || low > high) throw new NotAPattern()
  return [
    { comparator: first, value: low },
    { comparator: second, value: high },
  ]
}

function isComparator(text: unknown): text is Comparator {
  return text === '=' || text === '<' || text === '<=' || text === '>' || text === '>='
}

/** Whether the record matches one of the patterns; without patterns all do. */
export function matchesAny(patterns: readonly Pattern[], record: unknown): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matches(pattern, record))
}

function matches({ fields, ors }: Pattern, value: unknown): boolean {
  return (
    fields.every(([name, of]) => matchesField(of, memberOf(value, name))) &&
    ors.every((alternatives) => alternatives.some((pattern) => matches(pattern, value)))
  )
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function matchesField(of: Pattern | readonly Rule[], value: unknown): boolean {
  if (!('fields' in of)) return of.some((rule) => obeys(rule, value))
  // Elements of a list in a record are looked into, as nested lists of attribute values are.
  if (Array.isArray(value)) return value.some((element) => matches(of, element))
  return matches(of, value)
}

function obeys(rule: Rule, value: unknown): boolean {
  if (rule.kind === 'exists') return rule.exists ? isLeaf(value) : value === undefined
  if (Array.isArray(value)) return value.some((element) => isScalar(element) && obeysScalar(rule, element))
  return isScalar(value) && obeysScalar(rule, value)
}

/** What `exists` finds: an object is no leaf, only what is in it. */
function isLeaf(value: unknown): boolean {
  return value !== undefined && !isObject(value)
}

function obeysScalar(rule: Exclude<Rule, { kind: 'exists' }>, value: Scalar): boolean {
  switch (rule.kind) {
    case 'equals':
      return value === rule.value
    case 'anything-but':
      return !rule.values.includes(value as string)
    case 'numeric':
      return typeof value === 'number' && rule.bounds.every((bound) => isWithin(value, bound))
    case 'prefix':
      return typeof value === 'string' && value.startsWith(rule.text)
    case 'suffix':
      return typeof value === 'string' && value.endsWith(rule.text)
    case 'equals-ignore-case':
    default:
      return typeof value === 'string' && value.toLowerCase() === rule.text.toLowerCase()
  }
}

function isWithin(value: number, { comparator, value: bound }: Bound): boolean {
  switch (comparator) {
    case '=':
      return value === bound
    case '<':
      return value < bound
    case '<=':
      return value <= bound
    case '>':
      return value > bound
    case '>=':
    default:
      return value >= bound
  }
}
