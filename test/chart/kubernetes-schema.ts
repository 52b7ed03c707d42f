/**
 * Manifests against the schemas of Kubernetes 1.37, strictly: a member that is not known is a mistake. kubernetes-1.37.json has the definitions that the
 * chart's kinds reach, without their descriptions (from the schemas of the PyPI package kubernetes-validate 1.37.0, which are made from Kubernetes' OpenAPI).
 */
import { readFileSync } from 'node:fs'

type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly required?: readonly string[]
}

const { kinds, definitions } = JSON.parse(readFileSync(new URL('kubernetes-1.37.json', import.meta.url), 'utf8')) as {
  readonly kinds: Readonly<Record<string, string>>
  readonly definitions: Readonly<Record<string, Schema>>
}

export const knownKinds = Object.keys(kinds)

/** What is wrong, each with its place. */
export function mistakesOf(manifest: { readonly kind: string }): readonly string[] {
  const name = kinds[manifest.kind]
  if (name === undefined) return [`no schema is kept of ${manifest.kind}`]
  return check(manifest, definitions[name] ?? {}, manifest.kind)
}

function check(value: unknown, schema: Schema, at: string): readonly string[] {
  if (schema.$ref !== undefined) return check(value, definitions[schema.$ref] ?? {}, at)
  if (schema.oneOf !== undefined) {
    const tries = schema.oneOf.map((each) => check(value, each, at))
    return tries.some((mistakes) => mistakes.length === 0) ? [] : (tries[0] ?? [])
  }
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => isOf(value, type)))
    return [`${at}: ${typeof value} is no ${types.join(' or ')}`]
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at}: ${String(value)} is not one of those`]
  if (Array.isArray(value))
    return schema.items === undefined ? [] : value.flatMap((each, n) => check(each, schema.items ?? {}, `${at}[${n}]`))
  return typeof value === 'object' && value !== null ? checkMembers(value, schema, at) : []
}

function checkMembers(value: object, schema: Schema, at: string): readonly string[] {
  const { properties = {}, additionalProperties = true, required = [] } = schema
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}: ${name} is missing`)
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    const known = properties[name]
    if (known !== undefined) return check(each, known, `${at}.${name}`)
    if (additionalProperties === false) return [`${at}: ${name} is not known`]
    return additionalProperties === true ? [] : check(each, additionalProperties, `${at}.${name}`)
  })
  return [...missing, ...wrong]
}

function isOf(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}
