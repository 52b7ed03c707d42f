/**
 * AWS's Query protocol, the way in: the parameters of a form, such as `Dimensions.member.1.Name=TableName`, as the input that an operation's
 * shape describes. Timestamps become seconds since 1970, as in the JSON protocols.
 */
import { unreachable } from '../assert.ts'
import { ServiceError } from '../errors.ts'
import { queryListIndexMax, queryParametersMax, queryPartsMax, queryPathPartsMax } from '../limits/wire-limits.ts'
import { base64Problem } from '../wire/base64.ts'
import type { Dictionary, List, Scalar, Shape, Structure } from '../wire/model/shape.ts'

export type QueryForm = { readonly action: string; readonly version: string; readonly parameters: URLSearchParams }

/** Throws the ServiceError that a form of too many parameters is. */
export function readForm(text: string): QueryForm {
  let count = 1
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1))
    if (++count > queryParametersMax) throw malformed(`A request has at most ${queryParametersMax} parameters`)
  const parameters = new URLSearchParams(text)
  return { action: parameters.get('Action') ?? '', version: parameters.get('Version') ?? '', parameters }
}

/** The input of the form; parameters that the shape does not have are ignored. Throws ServiceError. */
export function queryInput(shape: Structure, { parameters }: QueryForm): Record<string, unknown> {
  const root: Node = {}
  let parts = 0
  for (const [name, value] of parameters) {
    const path = name.split('.', queryPathPartsMax + 1)
    if (path.length > queryPathPartsMax) throw malformed('A parameter is nested too deeply')
    parts += put(root, path, value)
    if (parts > queryPartsMax)
      throw malformed(`The names of a request's parameters have at most ${queryPartsMax} parts`)
  }
  return structureAt(shape, root)
}

/** Most have no children, and a Map takes far more than what else there is of a node. */
type Node = { value?: string; children?: Map<string, Node> }

const none: ReadonlyMap<string, Node> = new Map()

/** Returns how many nodes it has made. */
function put(root: Node, path: readonly string[], value: string): number {
  let place = root
  let made = 0
  for (const part of path) {
    place.children ??= new Map()
    let next = place.children.get(part)
    if (next === undefined) {
      next = {}
      made++
      place.children.set(part, next)
    }
    place = next
  }
  place.value ??= value
  return made
}

function valueAt(shape: Shape, node: Node, name: string): unknown {
  switch (shape.kind) {
    case 'structure':
      return structureAt(shape, node)
    case 'list':
      return listAt(shape, node, name)
    case 'map':
      return mapAt(shape, node, name)
    case 'scalar':
      return scalarAt(shape, node.value, name)
    case 'attribute-value':
      throw malformed(`${name} cannot be given in this protocol`)
    default:
      return unreachable(shape)
  }
}

function structureAt(shape: Structure, node: Node): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, child] of node.children ?? none) {
    const member = shape.members.get(name)
    const value = member === undefined ? undefined : valueAt(member.shape, child, name)
    if (value !== undefined) fields[name] = value
  }
  return fields
}

/** An empty list is sent as a parameter with no value. */
function listAt(shape: List, node: Node, name: string): unknown[] {
  const elements = node.children?.get('member') ?? node
  return numbered(elements, name).map((child) => valueAt(shape.member, child, name))
}

function mapAt(shape: Dictionary, node: Node, name: string): Record<string, unknown> {
  const entries = numbered(node.children?.get('entry') ?? node, name).map((entry): [string, unknown] => {
    const [key, value] = [entry.children?.get('key'), entry.children?.get('value')]
    if (key?.value === undefined || value === undefined) throw malformed(`An entry of ${name} has no key or no value`)
    return [key.value, valueAt(shape.value, value, name)]
  })
  return Object.fromEntries(entries)
}

/** By their numbers, which need not follow each other. */
function numbered(node: Node, name: string): readonly Node[] {
  return [...(node.children ?? none)]
    .map(([text, child]): [number, Node] => {
      if (!/^\d{1,6}$/.test(text) || Number(text) > queryListIndexMax) throw malformed(`${name} has no element ${text}`)
      return [Number(text), child]
    })
    .toSorted(([a], [b]) => a - b)
    .map(([, child]) => child)
}

function scalarAt({ type }: Scalar, text: string | undefined, name: string): unknown {
  if (text === undefined) return undefined
  switch (type) {
    case 'string':
      return text
    case 'blob':
      if (base64Problem(text) !== undefined) throw malformed(`${name} is not base64`)
      return text
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw malformed(`${name} must be true or false`)
      return text === 'true'
    case 'integer':
    case 'long':
      if (!/^[+-]?\d{1,19}$/.test(text)) throw malformed(`${name} must be a whole number`)
      return Number(text)
    case 'double':
      return numberIn(text, name)
    case 'timestamp':
      return secondsIn(text, name)
    default:
      return unreachable(type)
  }
}

const numberPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$/
const longestNumber = 100

function numberIn(text: string, name: string): number {
  const special = specials.get(text)
  if (special !== undefined) return special
  if (text.length > longestNumber || !numberPattern.test(text)) throw malformed(`${name} must be a number`)
  return Number(text)
}

const specials: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

/** ISO 8601, or seconds since 1970. */
function secondsIn(text: string, name: string): number {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text)
  const ms = isoPattern.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw malformed(`timestamp ${name} must follow ISO8601`)
  return ms / 1000
}

const isoPattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/

const malformed = (message: string): ServiceError => new ServiceError('SerializationException', message)
