/**
 * Attribute values as people read and edit them, exactly: a number stays the text that it is, a set stays a set, and bytes stay base64. Nothing here is
 * ever turned into a number of JavaScript. Pure.
 */

export type Value = Readonly<Record<string, unknown>>
export type Item = Readonly<Record<string, Value>>

export const types = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'] as const
export type TypeName = (typeof types)[number]

export const typeNames: Readonly<Record<TypeName, string>> = {
  S: 'text',
  N: 'number',
  B: 'bytes',
  BOOL: 'true or false',
  NULL: 'null',
  M: 'map',
  L: 'list',
  SS: 'set of texts',
  NS: 'set of numbers',
  BS: 'set of bytes',
}

/** An attribute in the editor. Sets have an element a line; maps and lists are JSON with types. */
export type Field = { readonly name: string; readonly type: TypeName; readonly text: string }

function typeOf(value: Value): TypeName {
  return types.find((type) => Object.hasOwn(value, type)) ?? 'NULL'
}

export function fieldsOf(item: Item): readonly Field[] {
  return Object.entries(item).map(([name, value]) => ({ name, type: typeOf(value), text: textOf(value) }))
}

function textOf(value: Value): string {
  const type = typeOf(value)
  const inner = value[type]
  if (type === 'NULL') return ''
  if (isSet(type)) return listOf(inner).map(String).join('\n')
  if (type === 'M' || type === 'L') return JSON.stringify(inner, null, 1)
  return String(inner)
}

/** In one line, for a cell. */
export function shortText(value: Value, charactersMax = 60): string {
  const text = plainText(value)
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
}

function plainText(value: Value): string {
  const type = typeOf(value)
  const inner = value[type]
  if (type === 'NULL') return 'null'
  if (type === 'S') return JSON.stringify(inner)
  if (type === 'B') return `<${String(inner)}>`
  if (isSet(type)) return `{${listOf(inner).map(String).join(', ')}}`
  if (type === 'L')
    return `[${listOf(inner)
      .map((each) => plainText(each as Value))
      .join(', ')}]`
  if (type !== 'M') return String(inner)
  return `{${Object.entries(inner as Item)
    .map(([name, each]) => `${name}: ${plainText(each)}`)
    .join(', ')}}`
}

export type Edited = { readonly item: Item } | { readonly problems: readonly string[] }

export function itemOf(fields: readonly Field[]): Edited {
  const problems: string[] = []
  const item: Record<string, Value> = {}
  for (const field of fields) {
    if (field.name === '') problems.push('an attribute has no name')
    else if (Object.hasOwn(item, field.name)) problems.push(`${field.name} is there twice`)
    const value = valueOf(field)
    if (typeof value === 'string') problems.push(`${field.name}: ${value}`)
    else Object.defineProperty(item, field.name, { value, enumerable: true, configurable: true, writable: true })
  }
  return problems.length > 0 ? { problems } : { item }
}

/** The value, or what is wrong with it. */
function valueOf({ type, text }: Field): Value | string {
  switch (type) {
    case 'S':
      return { S: text }
    case 'N':
      return isNumber(text.trim()) ? { N: text.trim() } : `"${text}" is no number`
    case 'B':
      return isBase64(text.trim()) ? { B: text.trim() } : 'this is no base64'
    case 'BOOL':
      return text === 'true' || text === 'false' ? { BOOL: text === 'true' } : 'true or false is wanted'
    case 'NULL':
      return { NULL: true }
    case 'SS':
    case 'NS':
    case 'BS':
      return setOf(type, text)
    case 'M':
    case 'L':
      return nestedOf(type, text)
    default:
      return `${String(type)} is no type`
  }
}

function setOf(type: 'SS' | 'NS' | 'BS', text: string): Value | string {
  const elements = text.split('\n').filter((line) => line !== '')
  if (elements.length === 0) return 'a set has at least one element'
  if (new Set(elements).size < elements.length) return 'an element is there twice'
  const wrong = elements.find((each) => (type === 'NS' ? !isNumber(each) : type === 'BS' && !isBase64(each)))
  return wrong === undefined ? { [type]: elements } : `"${wrong}" is no ${type === 'NS' ? 'number' : 'base64'}`
}

function nestedOf(type: 'M' | 'L', text: string): Value | string {
  try {
    const inner = JSON.parse(text) as unknown
    const problem = problemOf({ [type]: inner })
    return problem ?? { [type]: inner }
  } catch {
    return 'JSON with types is wanted, such as {"a": {"N": "1"}}'
  }
}

/** What is wrong with a value that a person wrote as JSON; the region judges the rest. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1)
    return `${JSON.stringify(value)} is no value with a type`
  const [type = '', inner] = Object.entries(value)[0] ?? []
  if (!(types as readonly string[]).includes(type)) return `${type} is no type`
  if (type === 'N') return typeof inner === 'string' && isNumber(inner) ? undefined : 'numbers are texts: {"N": "1"}'
  if (type === 'L') return firstProblem(Array.isArray(inner) ? inner : undefined, 'a list')
  if (type === 'M') return firstProblem(isRecord(inner) ? Object.values(inner) : undefined, 'a map')
  return undefined
}

function firstProblem(values: readonly unknown[] | undefined, what: string): string | undefined {
  if (values === undefined) return `this is not ${what}`
  for (const value of values) {
    const problem = problemOf(value)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A whole item that was written as JSON. */
export function itemFromJson(text: string): Edited {
  try {
    const item = JSON.parse(text) as unknown
    if (!isRecord(item)) return { problems: ['an item is wanted: {"id": {"S": "…"}, …}'] }
    const problem = firstProblem(Object.values(item), 'an item')
    return problem === undefined ? { item: item as Item } : { problems: [problem] }
  } catch {
    return { problems: ['this is no JSON'] }
  }
}

const isSet = (type: TypeName): boolean => type === 'SS' || type === 'NS' || type === 'BS'
const isNumber = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
