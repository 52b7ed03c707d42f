/**
 * The service model, linked: every shape of a request with its members, its constraints and the name that AWS's
 * messages give it. What AWS does beyond the published model is laid over it here, once, from overlay.ts.
 */
import { required, unreachable } from '../../assert.ts'
import type { Bounds, Model, ModelShape, ScalarType } from './model-shape.ts'
import { model } from './model.ts'
import { model as streamsModel } from './streams-model.ts'
import { memberOverlay, shapeOverlay } from './overlay.ts'

export type Constraints = Bounds & {
  readonly pattern?: { readonly text: string; readonly matches: RegExp }
  /** An ARN is welcome too, and escapes the other constraints up to this length. */
  readonly arnLengthMax?: number
}

export type Member = {
  readonly name: string
  /** As paths in messages write it. */
  readonly label: string
  readonly shape: Shape
  readonly required: boolean
  /** Required only while this other member is absent. */
  readonly requiredUnless?: string
}

export type Structure = {
  readonly kind: 'structure'
  readonly name: string
  readonly members: ReadonlyMap<string, Member>
  /** Those that constrain.ts has to look at, in the model's order. */
  readonly constrained: readonly Member[]
  /** Those with attribute values somewhere inside. */
  readonly valued: readonly Member[]
}
export type List = {
  readonly kind: 'list'
  readonly name: string
  readonly member: Shape
  readonly constraints: Constraints
}
export type Dictionary = {
  readonly kind: 'map'
  readonly name: string
  readonly key: Shape
  readonly value: Shape
  readonly constraints: Constraints
}
export type Scalar = {
  readonly kind: 'scalar'
  readonly type: ScalarType
  readonly name: string
  readonly constraints: Constraints
}
/** Of its own kind because it is nearly all that most requests consist of. */
export type AttributeValueShape = { readonly kind: 'attribute-value'; readonly name: string }

export type Shape = Structure | List | Dictionary | Scalar | AttributeValueShape

export const operationNames: readonly string[] = Object.keys(model.operations)

/** Of DynamoDB Streams, a service of its own: none of them is called like one of DynamoDB. */
export const streamOperationNames: readonly string[] = Object.keys(streamsModel.operations)

export function inputOf(operation: string): Structure {
  return required(inputs.get(operation), `the input shape of ${operation}`)
}

/** How the reply of an error calls the message. */
export function messageMember(code: string): string {
  return model.errors[code] ?? streamsModel.errors[code] ?? 'message'
}

type Linking = { -readonly [Name in keyof Structure]: Structure[Name] }

/** A model that is being linked: shapes of two models may have one name. */
type Linker = { readonly model: Model; readonly linked: Map<string, Shape> }

const inputs = new Map([model, streamsModel].flatMap(inputsOf))

function inputsOf(source: Model): readonly (readonly [string, Structure])[] {
  const linker: Linker = { model: source, linked: new Map() }
  return Object.entries(source.operations).map(([operation, name]) => [operation, link(linker, name) as Structure])
}

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
    const beyond = memberOverlay[`${name}.${member}`]
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
  const constraints = constraintsOf(name, source)
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

function constraintsOf(name: string, source: ModelShape): Constraints {
  const { min, max, pattern, enum: values, arnLengthMax } = { ...source, ...shapeOverlay[name] }
  return {
    ...(values === undefined ? {} : { enum: values }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(pattern === undefined ? {} : { pattern: { text: pattern, matches: wholeMatch(pattern) } }),
    ...(arnLengthMax === undefined ? {} : { arnLengthMax }),
  }
}

/** Java's `matches` takes the whole text, and its classes of characters have other names. */
function wholeMatch(pattern: string): RegExp {
  const translated = pattern.replaceAll(String.raw`\p{Print}`, String.raw`[\x20-\x7E]`)
  return new RegExp(`^(?:${translated})$`, pattern.includes(String.raw`\uD800`) ? 'u' : '')
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
