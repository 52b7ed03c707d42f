/**
 * What of an item a projection shows. Paths into the same map are merged, elements taken from a list close ranks in the
 * order of their indexes, and what a path does not find is left out. Overlapping paths have been refused by the parser.
 */
import { attribute, type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import type { Path } from '../expression/path.ts'

/** What is wanted of a value: all of it, or something below some of its names and indexes. */
type Wanted = 'all' | ReadonlyMap<string | number, Wanted>

export function projectItem(item: Item, paths: readonly Path[]): Item {
  return itemProjector(paths)(item)
}

/** For a page of items: the paths are sorted out once. */
export function itemProjector(paths: readonly Path[]): (item: Item) => Item {
  const wanted = new Map<string | number, Wanted>()
  for (const path of paths) want(wanted, path)
  return (item) => namesOf(item, wanted)
}

function want(names: Map<string | number, Wanted>, path: Path): void {
  let level = names
  for (const step of path.slice(0, -1)) {
    const below = level.get(step) ?? new Map<string | number, Wanted>()
    if (below === 'all') return
    level.set(step, below)
    level = below as Map<string | number, Wanted>
  }
  level.set(path.at(-1) ?? path[0], 'all')
}

function namesOf(item: Item, wanted: ReadonlyMap<string | number, Wanted>): Item {
  const shown: Record<string, AttributeValue> = {}
  for (const [name, below] of wanted) {
    const value = typeof name === 'string' ? attribute(item, name) : undefined
    const part = value === undefined ? undefined : partOf(value, below)
    if (part !== undefined) setAttribute(shown, String(name), part)
  }
  return shown
}

/** undefined when nothing below is found: then the name above is not shown either. */
function partOf(value: AttributeValue, wanted: Wanted): AttributeValue | undefined {
  if (wanted === 'all') return value
  if ('M' in value) {
    const members = namesOf(value.M, wanted)
    return Object.keys(members).length === 0 ? undefined : { M: members }
  }
  if (!('L' in value)) return undefined
  const elements = elementsOf(value.L, wanted)
  return elements.length === 0 ? undefined : { L: elements }
}

function elementsOf(list: readonly AttributeValue[], wanted: ReadonlyMap<string | number, Wanted>): AttributeValue[] {
  const shown: AttributeValue[] = []
  const indexes = [...wanted.keys()].filter((step) => typeof step === 'number')
  for (const index of indexes.toSorted((a, b) => a - b)) {
    const element = list[index]
    const part = element === undefined ? undefined : partOf(element, wanted.get(index) ?? 'all')
    if (part !== undefined) shown.push(part)
  }
  return shown
}
