/**
 * The Condition element: operators, their negations, `IfExists`, `ForAllValues:` and `ForAnyValue:`, and Null (IAM User Guide, "Condition
 * operators" and "Multivalued context keys"). Several operators and several keys must all hold; of several values one is enough.
 */
import { type Glob, globMatches } from './glob.ts'
import { isInRange, parseIpRange } from './ip-range.ts'
import { type Facts, globFor, parseTemplate, type Template } from './template.ts'

type Compare = (given: string, facts: Facts) => boolean

/** One operator with one key. */
export type Condition = {
  /** As the policy has it: `ForAllValues:StringLikeIfExists`. */
  readonly operator: string
  /** In small letters. */
  readonly key: string
  readonly values: readonly string[]
  readonly holds: (facts: Facts) => boolean
}

export type ConditionText = {
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
  readonly variables: boolean
}

type Family = (value: string, variables: boolean) => { readonly compare: Compare } | undefined

const set = /^(ForAllValues|ForAnyValue):(.*)$/

/** Undefined for an operator that there is not, or a value that it cannot compare with. */
export function parseCondition({ operator, key, values, variables }: ConditionText): Condition | undefined {
  const [, quantifier, named = operator] = set.exec(operator) ?? []
  const name = key.toLowerCase()
  const about = { operator, key: name, values }
  if (named === 'Null') return quantifier === undefined ? nullCondition(about) : undefined
  const isIfExists = named.endsWith('IfExists')
  const found = operators.get(isIfExists ? named.slice(0, -'IfExists'.length) : named)
  if (found === undefined) return undefined
  const parsed = values.map((value) => found.family(value, variables))
  if (parsed.includes(undefined)) return undefined
  const compares = parsed.flatMap((each) => (each === undefined ? [] : [each.compare]))
  const matches = (given: string, facts: Facts): boolean =>
    compares.some((compare) => compare(given, facts)) !== found.negated
  const holds = (facts: Facts): boolean => {
    const given = facts(name)
    const isThere = given !== undefined && given.length > 0
    if (!isThere && isIfExists) return true
    if (quantifier === 'ForAllValues') return (given ?? []).every((each) => matches(each, facts))
    if (!isThere) return found.negated && quantifier === undefined
    // Of a key with several values, a negation has to hold for all of them, and anything else for one.
    return found.negated && quantifier === undefined
      ? given.every((each) => matches(each, facts))
      : given.some((each) => matches(each, facts))
  }
  return { ...about, holds }
}

function nullCondition(about: Pick<Condition, 'operator' | 'key' | 'values'>): Condition | undefined {
  const wanted: readonly string[] = about.values.map((value) => value.toLowerCase())
  if (wanted.some((value) => value !== 'true' && value !== 'false')) return undefined
  const holds = (facts: Facts): boolean => wanted.includes(String((facts(about.key)?.length ?? 0) === 0))
  return { ...about, holds }
}

const textual =
  (wildcards: 'none' | 'text', fold: (value: string) => string = (value) => value): Family =>
  (value, variables) => {
    const template = parseTemplate(fold(value), { variables, wildcards })
    return { compare: (given, facts) => matchesTemplate(template, fold(given), facts, fold) }
  }

function matchesTemplate(template: Template, given: string, facts: Facts, fold: (value: string) => string): boolean {
  const folded: Facts = (key) => facts(key)?.map(fold)
  const glob = globFor(template, folded)
  return glob !== undefined && globMatches(glob, given)
}

/** Each of the six parts of an ARN for itself. */
const arn: Family = (value, variables) => {
  const template = parseTemplate(value, { variables, wildcards: 'text' })
  return {
    compare: (given, facts) => {
      const glob = globFor(template, facts)
      if (glob === undefined) return false
      const patterns = partsOf(glob)
      const parts = given.split(':')
      const six = parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')]
      return (
        six !== undefined && patterns.length === 6 && six.every((part, at) => globMatches(patterns[at] ?? [], part))
      )
    },
  }
}

function partsOf(glob: Glob): readonly Glob[] {
  const parts: number[][] = [[]]
  for (const token of glob)
    if (token === colon && parts.length < 6) parts.push([])
    else parts.at(-1)?.push(token)
  return parts
}

const colon = ':'.charCodeAt(0)

/** `compare` is given the request's value, then the policy's. */
const ordered =
  (read: (value: string) => number | undefined, compare: (given: number, wanted: number) => boolean): Family =>
  (value) => {
    const wanted = read(value)
    if (wanted === undefined) return undefined
    return {
      compare: (text) => {
        const given = read(text)
        return given !== undefined && compare(given, wanted)
      },
    }
  }

function numberIn(value: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/.test(value) ? Number(value) : undefined
}

const dateForm = /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/

/** ISO 8601 as W3C profiles it, or seconds since 1970. */
function dateIn(value: string): number | undefined {
  if (/^\d{5,13}(\.\d+)?$/.test(value)) return Number(value) * 1000
  if (!dateForm.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}

const bool: Family = (value) => {
  const wanted = value.toLowerCase()
  return wanted === 'true' || wanted === 'false' ? { compare: (given) => given.toLowerCase() === wanted } : undefined
}

const ip: Family = (value) => {
  const range = parseIpRange(value)
  return range === undefined ? undefined : { compare: (given) => isInRange(given, range) }
}

const orders: readonly (readonly [string, boolean, (given: number, wanted: number) => boolean])[] = [
  ['Equals', false, (given, wanted) => given === wanted],
  ['NotEquals', true, (given, wanted) => given === wanted],
  ['LessThan', false, (given, wanted) => given < wanted],
  ['LessThanEquals', false, (given, wanted) => given <= wanted],
  ['GreaterThan', false, (given, wanted) => given > wanted],
  ['GreaterThanEquals', false, (given, wanted) => given >= wanted],
]

const small = (value: string): string => value.toLowerCase()

type Operator = { readonly family: Family; readonly negated: boolean }

const rows: readonly (readonly [name: string, family: Family, negated: boolean])[] = [
  ['StringEquals', textual('none'), false],
  ['StringNotEquals', textual('none'), true],
  ['StringEqualsIgnoreCase', textual('none', small), false],
  ['StringNotEqualsIgnoreCase', textual('none', small), true],
  ['StringLike', textual('text'), false],
  ['StringNotLike', textual('text'), true],
  ['Bool', bool, false],
  ['BinaryEquals', textual('none'), false],
  ['IpAddress', ip, false],
  ['NotIpAddress', ip, true],
  ['ArnEquals', arn, false],
  ['ArnLike', arn, false],
  ['ArnNotEquals', arn, true],
  ['ArnNotLike', arn, true],
  ...orders.map(([name, negated, compare]) => [`Numeric${name}`, ordered(numberIn, compare), negated] as const),
  ...orders.map(([name, negated, compare]) => [`Date${name}`, ordered(dateIn, compare), negated] as const),
]

const operators: ReadonlyMap<string, Operator> = new Map(
  rows.map(([name, family, negated]) => [name, { family, negated }]),
)
