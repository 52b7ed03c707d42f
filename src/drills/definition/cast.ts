/**
 * Who plays what: a drill is written for regions by name and by role, and a deployment may have other ones. A region of the
 * file that the deployment lacks is played by the deployment's region in the same place.
 */
import type { Drill } from './definition.ts'

export type Direction = { readonly from: string; readonly to: string }

export type Cast = {
  readonly regions: readonly string[]
  /** The deployment's region for each of the file's, where it is another one. */
  readonly understudies: Readonly<Record<string, string>>
  /** `all`, regions and roles, as the deployment's regions, none twice. */
  places(names: readonly string[]): readonly string[]
  place(name: string): string
  /** The directions that `a..b`, `a>b`, `a..*` and `*` mean; `a..b` means both. */
  links(names: readonly string[]): readonly Direction[]
}

/** Returns what is wrong as a sentence when the deployment cannot play it. */
export function castOf(drill: Pick<Drill, 'regions' | 'roles'>, deployed: readonly string[]): Cast | string {
  if (deployed.length < drill.regions.length)
    return `the drill is for ${drill.regions.length} regions (${drill.regions.join(', ')}); there are ${deployed.length}`
  const understudies = understudiesOf(drill.regions, deployed)
  const regions = drill.regions.map((name) => understudies[name] ?? name)
  const place = (name: string): string => {
    const region = drill.roles[name] ?? name
    return understudies[region] ?? region
  }
  const places = (names: readonly string[]): readonly string[] => [
    ...new Set(names.flatMap((name) => (name === 'all' ? regions : [place(name)]))),
  ]
  const end = (name: string): readonly string[] => (name === '*' || name === 'all' ? regions : [place(name)])
  const directions = (text: string): readonly Direction[] => {
    if (text === '*') return pairsOf(regions, regions)
    const oneWay = text.includes('>')
    const [from = '', to = ''] = text.split(oneWay ? '>' : '..')
    const there = pairsOf(end(from), end(to))
    return oneWay ? there : [...there, ...there.map((pair) => ({ from: pair.to, to: pair.from }))]
  }
  return { regions, understudies, place, places, links: (names) => distinct(names.flatMap(directions)) }
}

function understudiesOf(wanted: readonly string[], deployed: readonly string[]): Readonly<Record<string, string>> {
  const free = deployed.filter((name) => !wanted.includes(name))
  const missing = wanted.filter((name) => !deployed.includes(name))
  return Object.fromEntries(missing.map((name, index) => [name, free[index] ?? name]))
}

function pairsOf(froms: readonly string[], tos: readonly string[]): readonly Direction[] {
  return froms.flatMap((from) => tos.filter((to) => to !== from).map((to) => ({ from, to })))
}

function distinct(pairs: readonly Direction[]): readonly Direction[] {
  return [...new Map(pairs.map((pair) => [`${pair.from}>${pair.to}`, pair])).values()]
}
