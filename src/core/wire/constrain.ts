/**
 * The second layer: constraints that the model (with its overlay) puts on single members. All violations of a
 * request are reported in one message, ten at most, as the operation has it (violations.ts).
 */
import { unreachable } from '../assert.ts'
import { validationError } from '../errors.ts'
import { constraintViolationsMax } from '../limits/limits.ts'
import { itemOperations } from './model/overlay.ts'
import { shown } from './shown.ts'
import { type Violation, violationMessage } from './violations.ts'
import type { Constraints, Dictionary, List, Shape, Structure } from './model/shape.ts'

export function constrainInput(operation: string, shape: Structure, input: Fields): void {
  if (!itemOperations.has(operation)) checkTableName(operation, shape, input)
  const found: Violation[] = []
  visitStructure(shape, input, '', found)
  if (found.length > 0) throw validationError(violationMessage(operation, found, input))
}

type Fields = Readonly<Record<string, unknown>>

const tableNameLengthMin = 3
const tableNameLengthMax = 255
const arnLengthMax = 1024

function checkTableName(operation: string, shape: Structure, input: Fields): void {
  const member = shape.members.get('TableName')
  if (!member?.required) return
  const name = input['TableName']
  if (typeof name !== 'string')
    throw validationError("The parameter 'TableName' is required but was not present in the request")
  if (operation === 'CreateTable' && name !== '' && name.length < tableNameLengthMin) return
  const lengthMax = name.startsWith('arn:') ? arnLengthMax : tableNameLengthMax
  if (name.length < tableNameLengthMin || name.length > lengthMax)
    throw validationError(
      `TableName must be at least ${tableNameLengthMin} characters long and at most ${tableNameLengthMax} characters long`,
    )
}

function visitStructure(shape: Structure, fields: Fields, path: string, found: Violation[]): void {
  for (const { name, label, shape: target, required, requiredUnless } of shape.constrained) {
    const value = fields[name]
    if (value !== undefined) visit(target, value, within(path, label), found)
    else if (required && (requiredUnless === undefined || fields[requiredUnless] === undefined))
      report(found, undefined, target, within(path, label), 'Member must not be null')
    if (found.length >= constraintViolationsMax) return
  }
}

const within = (path: string, label: string): string => (path === '' ? label : `${path}.${label}`)

function visit(shape: Shape, value: unknown, path: string, found: Violation[]): void {
  switch (shape.kind) {
    case 'attribute-value':
      return
    case 'structure':
      return visitStructure(shape, value as Fields, path, found)
    case 'list':
      return visitList(shape, value as readonly unknown[], path, found)
    case 'map':
      return visitMap(shape, value as Fields, path, found)
    case 'scalar':
      for (const violation of violations(shape.constraints, value, measureOf(value)))
        report(found, value, shape, path, violation)
      return
    default:
      unreachable(shape)
  }
}

function visitList(shape: List, list: readonly unknown[], path: string, found: Violation[]): void {
  for (const violation of violations(shape.constraints, list, list.length)) report(found, list, shape, path, violation)
  if (violatesAny(shape.member, list))
    report(found, list, shape, path, `Member must satisfy constraint: ${bracketed(shape.member)}`)
  for (let n = 0; n < list.length && found.length < constraintViolationsMax; n++)
    visitElement(shape.member, list[n], `${path}.${n + 1}.member`, found)
}

function visitMap(shape: Dictionary, map: Fields, path: string, found: Violation[]): void {
  const names = Object.keys(map)
  for (const violation of violations(shape.constraints, map, names.length)) report(found, map, shape, path, violation)
  if (violatesAny(shape.key, names))
    report(found, map, shape, path, `Map keys must satisfy constraint: ${bracketed(shape.key)}`)
  if (hasConstraints(shape.value) && violatesAny(shape.value, Object.values(map)))
    report(found, map, shape, path, `Map value must satisfy constraint: ${bracketed(shape.value)}`)
  for (const name of names) {
    if (found.length >= constraintViolationsMax) return
    const value = map[name]
    // The path is made for those that have something to be looked at: attribute values have not.
    if (value === null || shape.value.kind !== 'attribute-value')
      visitElement(shape.value, value, `${path}.${name}.member`, found)
  }
}

/** An element's own constraints have been reported with its list or map; what is inside of it has its own path. */
function visitElement(shape: Shape, value: unknown, path: string, found: Violation[]): void {
  if (value === null) report(found, undefined, shape, path, 'Member must not be null')
  else if (shape.kind === 'structure') visitStructure(shape, value as Fields, path, found)
  else if (shape.kind === 'list')
    for (const [n, element] of (value as readonly unknown[]).entries())
      visitElement(shape.member, element, `${path}.${n + 1}.member`, found)
}

/** Of its own, beside those of its members. */
function hasConstraints(shape: Shape): shape is Exclude<Shape, { kind: 'structure' | 'attribute-value' }> {
  return shape.kind !== 'structure' && shape.kind !== 'attribute-value'
}

function violatesAny(shape: Shape, values: readonly unknown[]): boolean {
  if (!hasConstraints(shape)) return false
  const { constraints } = shape
  return values.some((value) => value !== null && violations(constraints, value, measureOf(value)).length > 0)
}

const none: readonly string[] = []

/** In the order that AWS has them for one member: enum, pattern, bounds. */
function violations(constraints: Constraints, value: unknown, measure: number): readonly string[] {
  const { enum: values, pattern, min, max, arnLengthMax: arnMax } = constraints
  if (arnMax !== undefined && typeof value === 'string' && value.startsWith('arn:') && value.length <= arnMax)
    return none
  const fine =
    (values === undefined || values.includes(value as string)) &&
    (pattern === undefined || pattern.matches.test(value as string)) &&
    (min === undefined || measure >= min) &&
    (max === undefined || measure <= max)
  if (fine) return none
  const noun = typeof value === 'number' ? 'value' : 'length'
  return [
    ...(values === undefined || values.includes(value as string) ? [] : [enumText(values)]),
    ...(pattern === undefined || pattern.matches.test(value as string) ? [] : [patternText(pattern.text)]),
    ...(min === undefined || measure >= min ? [] : [`Member must have ${noun} greater than or equal to ${min}`]),
    ...(max === undefined || measure <= max ? [] : [`Member must have ${noun} less than or equal to ${max}`]),
  ]
}

const enumText = (values: readonly string[]): string => `Member must satisfy enum value set: [${values.join(', ')}]`
const patternText = (pattern: string): string => `Member must satisfy regular expression pattern: ${pattern}`

/** All constraints of the elements together, as AWS prints them for lists and maps: the upper bound first. */
function bracketed(shape: Shape): string {
  if (shape.kind === 'structure' || shape.kind === 'attribute-value') return '[]'
  const { enum: values, pattern, min, max } = shape.constraints
  const noun = shape.kind === 'scalar' && shape.type !== 'string' ? 'value' : 'length'
  const texts = [
    ...(max === undefined ? [] : [`Member must have ${noun} less than or equal to ${max}`]),
    ...(min === undefined ? [] : [`Member must have ${noun} greater than or equal to ${min}`]),
    ...(values === undefined ? [] : [enumText(values)]),
    ...(pattern === undefined ? [] : [patternText(pattern.text)]),
  ]
  return `[${texts.join(', ')}]`
}

function measureOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return Object.keys(value as object).length
}

function report(found: Violation[], value: unknown, shape: Shape, path: string, constraint: string): void {
  if (found.length >= constraintViolationsMax) return
  const isMissing = value === undefined
  const shownValue = isMissing ? 'null' : `'${shown(shape, value)}'`
  const text = `Value ${shownValue} at '${path}' failed to satisfy constraint: ${constraint}`
  found.push({ path, constraint, isMissing, text })
}
