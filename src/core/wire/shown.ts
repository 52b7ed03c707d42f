/** A value as AWS's messages print it, which is how Java's toString does: KeySchemaElement(attributeName=a, keyType=HASH). */
import { unreachable } from '../assert.ts'
import { shownTextMax } from '../limits.ts'
import type { Shape, Structure } from './shapes.ts'

export function shown(shape: Shape, value: unknown): string {
  const text = written(shape, value)
  return text.length > shownTextMax ? `${text.slice(0, shownTextMax)}...` : text
}

function written(shape: Shape, value: unknown): string {
  if (value === null || value === undefined) return 'null'
  switch (shape.kind) {
    case 'structure':
      return writtenStructure(shape, value as Fields)
    case 'attribute-value':
      return `AttributeValue(${writtenValue(value as Fields)})`
    case 'list':
      return `[${(value as unknown[]).map((element) => written(shape.member, element)).join(', ')}]`
    case 'map':
      return `{${Object.entries(value as Fields)
        .map(([name, element]) => `${name}=${written(shape.value, element)}`)
        .join(', ')}}`
    case 'scalar':
      return typeof value === 'string' ? value : JSON.stringify(value)
    default:
      return unreachable(shape)
  }
}

type Fields = Readonly<Record<string, unknown>>

function writtenStructure(shape: Structure, fields: Fields): string {
  const members = [...shape.members.values()].map(
    ({ name, label, shape: target }) => `${label}=${written(target, fields[name])}`,
  )
  return `${shape.name}(${members.join(', ')})`
}

/** Depth is bounded by coerce. */
function writtenValue(fields: Fields): string {
  return Object.entries(fields)
    .map(([type, value]) => `${type}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
