/** Requests that differ from another one in one member alone, by the shapes of the service model. */
import { inputOf } from '../../src/core/wire/model/shapes.ts'
import type { Shape } from '../../src/core/wire/model/shape.ts'
import { refusedMembers } from '../../src/operations/refused-members.ts'

export type Json = string | number | boolean | undefined | readonly Json[] | { readonly [member: string]: Json }

type Step = string | number
export type Place = {
  /** Members from the outermost to this one; elements of lists and keys of maps have no name. */
  readonly member: string
  /** Where it is in the request. */
  readonly path: readonly Step[]
}

/** The members of an operation's input that hold no others, but for those that are refused and those that are `left` out at the top. */
export function membersOf(operation: string, left: readonly string[]): readonly string[] {
  const out = new Set([...left, ...Object.keys(refusedMembers[operation] ?? {})])
  const visit = (shape: Shape, member: string): readonly string[] => {
    if (shape.kind === 'list') return visit(shape.member, member)
    if (shape.kind === 'map') return visit(shape.value, member)
    if (shape.kind !== 'structure') return [member]
    return [...shape.members].flatMap(([name, each]) =>
      member === '' && out.has(name) ? [] : visit(each.shape, joined(member, name)),
    )
  }
  return visit(inputOf(operation), '')
}

/** The places of a request that hold a value. */
export function placesIn(operation: string, request: Json): readonly Place[] {
  const visit = (shape: Shape | undefined, value: Json, { member, path }: Place): readonly Place[] => {
    if (typeof value !== 'object' || shape?.kind === 'scalar') return [{ member, path }]
    const entries: readonly (readonly [Step, Json])[] = Array.isArray(value)
      ? value.map((each: Json, n) => [n, each] as const)
      : Object.entries(value)
    return entries.flatMap(([step, each]) => {
      const isNamed = shape?.kind === 'structure'
      return visit(within(shape, step), each, {
        member: isNamed ? joined(member, String(step)) : member,
        path: [...path, step],
      })
    })
  }
  return visit(inputOf(operation), request, { member: '', path: [] })
}

const joined = (outer: string, name: string): string => (outer === '' ? name : `${outer}.${name}`)

/** Undefined within an attribute value. */
function within(shape: Shape | undefined, step: Step): Shape | undefined {
  if (shape?.kind === 'list') return shape.member
  if (shape?.kind === 'map') return shape.value
  return shape?.kind === 'structure' ? shape.members.get(String(step))?.shape : undefined
}

/** What takes the place of a word that not every other word may stand for. */
const others: Readonly<Record<string, string>> = {
  S: 'N',
  HASH: 'RANGE',
  RANGE: 'HASH',
  INCLUDE: 'ALL',
  NEW_IMAGE: 'KEYS_ONLY',
  KMS: 'AES256',
  STANDARD: 'STANDARD_INFREQUENT_ACCESS',
  STANDARD_INFREQUENT_ACCESS: 'STANDARD',
  PAY_PER_REQUEST: 'PROVISIONED',
  PROVISIONED: 'PAY_PER_REQUEST',
  ALL_OLD: 'NONE',
  UPDATED_NEW: 'NONE',
  TOTAL: 'NONE',
  SIZE: 'NONE',
  OR: 'AND',
  EQ: 'NE',
  ADD: 'PUT',
  SPECIFIC_ATTRIBUTES: 'COUNT',
}

/** The request with another value in one place. */
export function changed(value: Json, [step, ...rest]: readonly Step[]): Json {
  if (step === undefined) {
    if (typeof value === 'boolean') return !value
    if (typeof value === 'number') return value + 1
    return typeof value === 'string' ? (others[value] ?? `${value}2`) : value
  }
  if (Array.isArray(value)) return value.map((each: Json, n) => (n === step ? changed(each, rest) : each))
  return { ...(value as object), [step]: changed((value as { readonly [member: string]: Json })[step], rest) }
}
