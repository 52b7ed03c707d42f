/**
 * The first layer: a parsed body against the shapes. What does not have the form of the request is a
 * SerializationException in the words of AWS's parser; members that the shape does not have are ignored, nulls are
 * absences, whole numbers are cut to their range. Works in place: the parsed body belongs to us.
 */
import { unreachable } from '../assert.ts'
import { ServiceError } from '../errors.ts'
import { coerceDepthMax } from '../limits/limits.ts'
import { isObject } from './json.ts'
import { base64Problem } from './base64.ts'
import type { ScalarType } from './model/model-shape.ts'
import type { AttributeValueShape, Dictionary, List, Shape, Structure } from './model/shape.ts'

export function coerceBody(shape: Structure, body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw Array.isArray(body) ? unexpectedList(shape) : serializationError()
  return coerceStructure(shape, body)
}

export function serializationError(message?: string): ServiceError {
  return new ServiceError('SerializationException', message ?? '')
}

/** AWS's parser complains differently about a member of a structure and about an element of a list or map. */
type Place = 'member' | 'element'

function coerce(shape: Shape, value: unknown, place: Place): unknown {
  switch (shape.kind) {
    case 'attribute-value':
      return coerceValue(shape, value, place, 0)
    case 'structure':
      if (!isObject(value)) throw noStructure(shape, value, place)
      return coerceStructure(shape, value)
    case 'list':
      return coerceList(shape, value, place)
    case 'map':
      return coerceMap(shape, value, place)
    case 'scalar':
      return coerceScalar(shape.type, value)
    default:
      return unreachable(shape)
  }
}

type Fields = Record<string, unknown>

function coerceStructure(shape: Structure, value: Fields): Fields {
  for (const name in value) {
    const member = shape.members.get(name)
    const given = value[name]
    if (member === undefined || given === null) delete value[name]
    else {
      const coerced = coerce(member.shape, given, 'member')
      if (coerced !== given) value[name] = coerced
    }
  }
  return value
}

function coerceList(shape: List, value: unknown, place: Place): unknown[] {
  if (!Array.isArray(value)) throw isObject(value) ? unexpectedStructure() : unexpectedScalar(place)
  const list = value as unknown[]
  const { member } = shape
  for (let n = 0; n < list.length; n++)
    if (list[n] !== null || member.kind === 'attribute-value') list[n] = coerce(member, list[n], 'element')
  return list
}

function coerceMap(shape: Dictionary, value: unknown, place: Place): Fields {
  if (!isObject(value)) throw Array.isArray(value) ? unexpectedList(shape) : unexpectedScalar(place)
  const { value: element } = shape
  for (const name in value) {
    const given = value[name]
    if (given === null && element.kind !== 'attribute-value') continue
    const coerced = coerce(element, given, 'element')
    // An own member's place is kept, "__proto__" among them, since JSON.parse has made it an own one.
    if (coerced !== given) value[name] = coerced
  }
  return value
}

/** Deeper than any value may be, the form is no longer looked at: what nests so deep is refused with the values, in its place. */
function coerceValue(shape: AttributeValueShape, value: unknown, place: Place, depth: number): Fields {
  if (value === null) return {}
  if (!isObject(value)) throw noStructure(shape, value, place)
  if (depth > coerceDepthMax) return value
  for (const type in value) {
    if (value[type] === null) delete value[type]
    else coerceTyped(value, type, shape, depth)
  }
  return value
}

function coerceTyped(fields: Fields, type: string, shape: AttributeValueShape, depth: number): void {
  const value = fields[type]
  switch (type) {
    case 'S':
    case 'N':
      coerceScalar('string', value)
      break
    case 'B':
      coerceScalar('blob', value)
      break
    case 'BOOL':
    case 'NULL':
      coerceScalar('boolean', value)
      break
    case 'SS':
    case 'NS':
      for (const element of listOf(value)) if (element !== null) coerceScalar('string', element)
      break
    case 'BS':
      for (const element of listOf(value)) if (element !== null) coerceScalar('blob', element)
      break
    case 'L': {
      const list = listOf(value)
      for (let n = 0; n < list.length; n++) list[n] = coerceValue(shape, list[n], 'element', depth + 1)
      break
    }
    case 'M': {
      if (!isObject(value)) throw Array.isArray(value) ? unexpectedCollection(mapOfValues) : unexpectedScalar('member')
      for (const name in value) {
        const coerced = coerceValue(shape, value[name], 'element', depth + 1)
        if (coerced !== value[name]) value[name] = coerced
      }
      break
    }
    default:
      delete fields[type]
  }
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw isObject(value) ? unexpectedStructure() : unexpectedScalar('member')
  return value as unknown[]
}

function coerceScalar(type: ScalarType, value: unknown): unknown {
  if (typeof value === 'object')
    throw Array.isArray(value) ? unexpectedCollection(`class ${javaClass(type)}`) : unexpectedStructure()
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw notConvertible(value, 'String')
      return value
    case 'blob':
      return coerceBlob(value)
    case 'boolean':
      if (typeof value === 'string') throw serializationError('Unexpected token received from parser')
      if (typeof value !== 'boolean') throw notConvertible(value, 'Boolean')
      return value
    case 'integer':
      return wholeNumber(value, 'Integer', -0x8000_0000, 0x7fff_ffff)
    case 'long':
      return wholeNumber(value, 'Long', -(2 ** 63), 2 ** 63)
    case 'double':
    case 'timestamp':
      if (typeof value !== 'number') throw notConvertible(value, type === 'double' ? 'Double' : 'Timestamp')
      return value
    default:
      return unreachable(type)
  }
}

function coerceBlob(value: unknown): unknown {
  if (typeof value !== 'string') throw serializationError('only base-64-encoded strings are convertible to bytes')
  const problem = base64Problem(value)
  if (problem !== undefined) throw serializationError(problem)
  return value
}

/** AWS truncates: 34.56 is 34, and what is beyond the type is its last value. */
function wholeNumber(value: unknown, type: string, least: number, greatest: number): number {
  if (typeof value !== 'number') throw notConvertible(value, type)
  return Math.min(Math.max(Math.trunc(value), least), greatest)
}

// AWS's words

const dynamodbClass = 'com.amazonaws.dynamodb.v20120810.'
const mapOfValues = `java.util.Map<java.lang.String, ${dynamodbClass}AttributeValue>`
const parameterizedType = 'sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl'
const castMessage = `class ${parameterizedType} cannot be cast to class java.lang.Class (${parameterizedType} and java.lang.Class are in module java.base of loader 'bootstrap')`

function notConvertible(value: unknown, type: string): ServiceError {
  const token =
    typeof value === 'number'
      ? Number.isInteger(value)
        ? 'NUMBER'
        : 'DECIMAL'
      : typeof value === 'string'
        ? 'STRING'
        : String(value).toUpperCase()
  return serializationError(`${token}_VALUE cannot be converted to ${type}`)
}

function unexpectedStructure(): ServiceError {
  return serializationError('Start of structure or map found where not expected')
}

function unexpectedScalar(place: Place): ServiceError {
  return serializationError(place === 'member' ? 'Unexpected field type' : castMessage)
}

function noStructure(shape: Structure | AttributeValueShape, value: unknown, place: Place): ServiceError {
  if (Array.isArray(value)) return unexpectedList(shape)
  return serializationError(place === 'member' ? 'Unexpected field type' : 'Unexpected value type in payload')
}

function unexpectedList(shape: Shape): ServiceError {
  return unexpectedCollection(shape.kind === 'map' ? javaType(shape) : `class ${javaType(shape)}`)
}

function unexpectedCollection(type: string): ServiceError {
  return serializationError(`Unrecognized collection type ${type}`)
}

function javaType(shape: Shape): string {
  switch (shape.kind) {
    case 'attribute-value':
    case 'structure':
      return `${dynamodbClass}${shape.name}`
    case 'list':
      return `java.util.List<${javaType(shape.member)}>`
    case 'map':
      return `java.util.Map<java.lang.String, ${javaType(shape.value)}>`
    case 'scalar':
      return javaClass(shape.type)
    default:
      return unreachable(shape)
  }
}

function javaClass(type: ScalarType): string {
  if (type === 'blob') return 'java.nio.ByteBuffer'
  if (type === 'timestamp') return 'java.util.Date'
  return `java.lang.${type.charAt(0).toUpperCase()}${type.slice(1)}`
}
