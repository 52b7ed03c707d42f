/**
 * Links a service model: every shape of a request with its members, its constraints and the name that AWS's messages give it. What AWS does
 * beyond the published model is laid over it here, once.
 */
import { required, unreachable } from '../../assert.ts'
import type { Model, ModelShape } from './model-shape.ts'
import type { MemberRow, ShapeRow } from './overlay.ts'
import type { Constraints, Member, Shape, Structure } from './shape.ts'

/** What wins over the model, by the name of a shape, and by that of a member behind its structure's. */
export type Overlay = {
  readonly shapes: Readonly<Record<string, ShapeRow>>
  readonly members: Readonly<Record<string, MemberRow>>
}

const nothing: Overlay = { shapes: {}, members: {} }

/** The input's shape of each operation of the model. */
export function linkedInputs(model: Model, overlay: Overlay = nothing): ReadonlyMap<string, Structure> {
  const linker: Linker = { model, overlay, linked: new Map() }
  return new Map(
    Object.entries(model.operations).map(([operation, name]) => [operation, link(linker, name) as Structure]),
  )
}

type Linking = { -readonly [Name in keyof Structure]: Structure[Name] }

/** A model that is being linked: shapes of two models may have one name. */
type Linker = { readonly model: Model; readonly overlay: Overlay; readonly linked: Map<string, Shape> }

function link(linker: Linker, name: string): Shape {
  const known = linker.linked.get(name)
  if (known !== undefined) return known
  const source = required(linker.model.shapes[name], `shape ${name}`)
  if (source.type === 'structure') return linkStructure(linker, name, source)
  const shape = linkOther(linker, name, source)
  linker.linked.set(name, shape)
  return shape
}

function linkStructure(linker: Linker, name: string, source: ModelShape): Shape {
  if (name === 'AttributeValue') {
    const shape: Shape = { kind: 'attribute-value', name }
    linker.linked.set(name, shape)
    return shape
  }
  const shape: Linking = { kind: 'structure', name, members: new Map(), constrained: [], valued: [] }
  linker.linked.set(name, shape)
  const members = Object.entries(source.members ?? {}).map(([member, target]): Member => {
    const beyond = linker.overlay.members[`${name}.${member}`]
    return {
      name: member,
      label: member.charAt(0).toLowerCase() + member.slice(1),
      shape: link(linker, target),
      required: beyond?.required ?? source.required?.includes(member) ?? false,
      ...(beyond?.unless === undefined ? {} : { requiredUnless: beyond.unless }),
    }
  })
  shape.members = new Map(members.map((member) => [member.name, member]))
  shape.constrained = members.filter((member) => member.required || isConstrained(member.shape))
  shape.valued = members.filter((member) => holdsValues(member.shape))
  return shape
}

function linkOther(linker: Linker, name: string, source: ModelShape): Shape {
  const constraints = constraintsOf(source, linker.overlay.shapes[name])
  switch (source.type) {
    case 'structure':
      return linkStructure(linker, name, source)
    case 'list':
      return { kind: 'list', name, member: link(linker, required(source.member, `member of ${name}`)), constraints }
    case 'map':
      return {
        kind: 'map',
        name,
        key: link(linker, required(source.key, `key of ${name}`)),
        value: link(linker, required(source.value, `value of ${name}`)),
        constraints,
      }
    case 'string':
    case 'blob':
    case 'boolean':
    case 'integer':
    case 'long':
    case 'double':
    case 'timestamp':
      return { kind: 'scalar', type: source.type, name, constraints }
    default:
      return unreachable(source.type)
  }
}

function constraintsOf(source: ModelShape, beyond: ShapeRow | undefined): Constraints {
  const { min, max, pattern, enum: values, arnLengthMax } = { ...source, ...beyond }
  return {
    ...(values === undefined ? {} : { enum: values }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(pattern === undefined ? {} : { pattern: { text: pattern, matches: wholeMatch(pattern) } }),
    ...(arnLengthMax === undefined ? {} : { arnLengthMax }),
  }
}

/** Without the flag `u` these are other characters to JavaScript: `\p{L}` would be a p and more. */
const unicodeOnly = [String.raw`\uD800`, String.raw`\p{`]

/** Java's `matches` takes the whole text, and its classes of characters have other names. */
function wholeMatch(pattern: string): RegExp {
  const translated = pattern.replaceAll(String.raw`\p{Print}`, String.raw`[\x20-\x7E]`)
  return new RegExp(`^(?:${translated})$`, unicodeOnly.some((part) => translated.includes(part)) ? 'u' : '')
}

/** Lists and maps always are: a null among their elements is a violation too. */
function isConstrained(shape: Shape): boolean {
  if (shape.kind === 'attribute-value') return false
  if (shape.kind === 'structure') return shape.constrained.length > 0
  if (shape.kind === 'list') return shape.member.kind !== 'attribute-value' || hasAny(shape.constraints)
  if (shape.kind === 'map') return shape.value.kind !== 'attribute-value' || hasAny(shape.constraints)
  return hasAny(shape.constraints)
}

function hasAny(constraints: Constraints): boolean {
  return Object.keys(constraints).length > 0
}

function holdsValues(shape: Shape): boolean {
  if (shape.kind === 'attribute-value') return true
  if (shape.kind === 'structure') return shape.valued.length > 0
  if (shape.kind === 'list') return holdsValues(shape.member)
  if (shape.kind === 'map') return holdsValues(shape.value)
  return false
}
