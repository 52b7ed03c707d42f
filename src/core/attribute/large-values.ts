/**
 * Work on large values that an expression asks for again and again: 300 operators may each compare the same two values of 400 KB.
 * Each answer is computed once and kept beside the value (weakly, so it goes with the value). Small values never come here.
 *
 * What is left is bounded by sizes: values of a request are 2 MB together, an item is 400 KB, and each pair is compared once.
 */
import { includesText } from './text-search.ts'
import { type AttributeValue, type Item, typeOf } from './value.ts'

/** Below this many members, an answer costs less than keeping it. */
export const largeMembersMin = 64
/** A list or set is indexed when it is searched for the third time: an index costs as much as some hundred searches of one text. */
const searchesBeforeIndex = 2

const sets = new WeakMap<readonly string[], ReadonlySet<string>>()

export function membersOf(elements: readonly string[]): ReadonlySet<string> {
  let members = sets.get(elements)
  if (members === undefined) sets.set(elements, (members = new Set(elements)))
  return members
}

const counts = new WeakMap<Item, number>()

/** The number of a map's members: V8 lists the names of a large one anew each time that it is asked. */
export function memberCount(item: Item): number {
  let count = counts.get(item)
  if (count !== undefined) return count
  count = Object.keys(item).length
  if (count >= largeMembersMin) counts.set(item, count)
  return count
}

type Answers = WeakMap<object, WeakMap<object, boolean>>
const equalities: Answers = new WeakMap()
const containments: Answers = new WeakMap()

/** Calls `compare` for the first of many questions whether these two are equal. */
export function equalOnce(left: object, right: object, compare: () => boolean): boolean {
  return answeredOnce(equalities, left, right, compare)
}

/** Whether a string or binary, as text, has the part; `value` and `element` are the attribute values that they are of. */
export function hasPart(value: object, element: object, text: () => string, part: () => string): boolean {
  return answeredOnce(containments, value, element, () => includesText(text(), part()))
}

function answeredOnce(answers: Answers, left: object, right: object, answer: () => boolean): boolean {
  let known = answers.get(left)
  if (known === undefined) answers.set(left, (known = new WeakMap()))
  let found = known.get(right)
  if (found === undefined) known.set(right, (found = answer()))
  return found
}

type Searched = {
  searches: number
  /** Of a list: what it has of each type that was searched for. */
  readonly ofType: Map<string, ReadonlySet<string>>
}
const searched = new WeakMap<object, Searched>()

/** Whether a set has the text. */
export function hasMember(elements: readonly string[], text: string): boolean {
  if (elements.length < largeMembersMin || !isOftenSearched(elements)) return elements.includes(text)
  return membersOf(elements).has(text)
}

/** Whether a list has an element with the canonical text of the value; undefined: the list is not indexed, look at its elements. */
export function hasElement(list: readonly AttributeValue[], value: AttributeValue): boolean | undefined {
  if (list.length < largeMembersMin || !isOftenSearched(list)) return undefined
  const { ofType } = searched.get(list) as Searched
  const type = typeOf(value)
  let found = ofType.get(type)
  if (found === undefined) ofType.set(type, (found = textsOfType(list, type)))
  return found.has(textOf(value))
}

/** A list may be searched for scalars and hold large maps: only elements of the type become texts, and a scalar is its own. */
function textsOfType(list: readonly AttributeValue[], type: string): ReadonlySet<string> {
  const texts = new Set<string>()
  for (const element of list) if (typeOf(element) === type) texts.add(scalarText(element) ?? canonicalText(element))
  return texts
}

function scalarText(value: AttributeValue): string | undefined {
  if ('S' in value) return value.S
  if ('N' in value) return value.N
  return 'B' in value ? value.B : undefined
}

function isOftenSearched(elements: object): boolean {
  const known = searched.get(elements)
  if (known === undefined) {
    searched.set(elements, { searches: 1, ofType: new Map() })
    return false
  }
  return ++known.searches > searchesBeforeIndex
}

const texts = new WeakMap<AttributeValue, string>()

function textOf(value: AttributeValue): string {
  const scalar = scalarText(value)
  if (scalar !== undefined) return scalar
  let text = texts.get(value)
  if (text === undefined) texts.set(value, (text = canonicalText(value)))
  return text
}

/** The same text for equal values and for no others: members of maps by name, elements of sets in order. */
export function canonicalText(value: AttributeValue): string {
  if ('M' in value) return `{"M":{${membersText(value.M)}}}`
  if ('L' in value) return `{"L":[${value.L.map(canonicalText).join(',')}]}`
  if ('SS' in value) return JSON.stringify({ SS: value.SS.toSorted() })
  if ('NS' in value) return JSON.stringify({ NS: value.NS.toSorted() })
  if ('BS' in value) return JSON.stringify({ BS: value.BS.toSorted() })
  return 'NULL' in value ? '{"NULL":true}' : JSON.stringify(value)
}

function membersText(item: Item): string {
  const entries = Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
  return entries.map(([name, value]) => `${JSON.stringify(name)}:${canonicalText(value)}`).join(',')
}
