/** AttributesToGet: whole attributes by name, before there were projection expressions. */
import type { Projection } from '../projection.ts'
import { checkTopName } from '../../wire/attribute-values.ts'
import { invalid } from './comparison.ts'

export function lowerAttributesToGet(names: readonly string[]): Projection {
  const seen = new Set<string>()
  for (const name of names) {
    checkTopName(name)
    if (seen.has(name)) throw invalid(`Duplicate value in attribute name: ${name}`)
    seen.add(name)
  }
  return { paths: names.map((name) => [name] as const) }
}
