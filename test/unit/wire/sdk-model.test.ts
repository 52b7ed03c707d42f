/** The service model against the newest SDK's own: an operation or a member that Amazon has added since is named here. */
import * as sdk from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { inputOf, operationNames } from '../../../src/core/wire/model/shapes.ts'
import type { Shape } from '../../../src/core/wire/model/shape.ts'

/** As the SDK writes shapes: a kind, a namespace, a name, traits, and what the shape is made of. */
type Schema = readonly [kind: number, namespace: string, name: string, traits: unknown, ...rest: readonly unknown[]]

const [list, map, structure, union, operation] = [1, 2, 3, 4, 9] as const

/** A shape may stand behind a function, and beside the traits of the member that has it. */
function schemaOf(given: unknown): Schema | undefined {
  const value: unknown = typeof given === 'function' ? (given as () => unknown)() : given
  if (!Array.isArray(value)) return undefined
  return typeof value[0] === 'number' && typeof value[1] === 'string'
    ? (value as unknown as Schema)
    : schemaOf(value[0])
}

function operations(): ReadonlyMap<string, Schema> {
  const schemas = Object.values(sdk).map((value) => (Array.isArray(value) ? schemaOf(value) : undefined))
  return new Map(schemas.flatMap((schema) => (schema?.[0] === operation ? [[schema[2], schema] as const] : [])))
}

/** The paths of all members, each shape once. */
function sdkPaths(schema: Schema | undefined, path: string, seen: ReadonlySet<string>): readonly string[] {
  if (schema === undefined || seen.has(schema[2])) return []
  const [kind, , name, , ...rest] = schema
  const within = new Set([...seen, name])
  if (kind === list) return sdkPaths(schemaOf(rest[0]), `${path}[]`, within)
  if (kind === map) return sdkPaths(schemaOf(rest[1]), `${path}{}`, within)
  if (kind === union || kind !== structure) return []
  const [members, shapes] = rest as [readonly string[], readonly unknown[]]
  return members.flatMap((member, n) => [
    `${path}.${member}`,
    ...sdkPaths(schemaOf(shapes[n]), `${path}.${member}`, within),
  ])
}

function ourPaths(shape: Shape, path: string, seen: ReadonlySet<string>): readonly string[] {
  if (shape.kind === 'scalar' || shape.kind === 'attribute-value' || seen.has(shape.name)) return []
  const within = new Set([...seen, shape.name])
  if (shape.kind === 'list') return ourPaths(shape.member, `${path}[]`, within)
  if (shape.kind === 'map') return ourPaths(shape.value, `${path}{}`, within)
  return [...shape.members].flatMap(([name, member]) => [
    `${path}.${name}`,
    ...ourPaths(member.shape, `${path}.${name}`, within),
  ])
}

describe('the service model', () => {
  test('has the 62 operations of the SDK', () => {
    expect([...operations().keys()].toSorted()).toEqual(operationNames.toSorted())
    expect(operationNames).toHaveLength(62)
  })

  test('is compared to hundreds of members, those within others too', () => {
    const none = new Set<string>()
    const paths = [...operations()].flatMap(([name, schema]) => sdkPaths(schemaOf(schema[4]), name, none))
    expect(paths.length).toBeGreaterThan(500)
    expect(paths).toContain('CreateTable.GlobalSecondaryIndexes[].Projection.NonKeyAttributes')
  })

  test.each([...operations()])('has every member of %s, and no other', (name, schema) => {
    const input = schemaOf(schema[4])
    const none = new Set<string>()
    expect(ourPaths(inputOf(name), name, none).toSorted()).toEqual(sdkPaths(input, name, none).toSorted())
  })
})
