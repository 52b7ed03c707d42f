/**
 * The parts that a projection shows, by the place of each path in it: so DAX's clients are answered, who put the item together again themselves. The region answers the item
 * put together, where list elements have moved up. Whatever element a moved one is taken for, the client ends at the same item.
 */
import type { AttributeValue, Item } from '../../attribute/value.ts'

/** Names of attributes, and places in lists. */
export type DocumentPath = readonly (string | number)[]

export type ProjectedValue = { readonly ordinal: number; readonly value: AttributeValue }

type Node = {
  ordinal: number | undefined
  readonly names: Map<string, Node>
  readonly places: Map<number, Node>
}

/** Throws a RangeError where the item is not one that the projection shows. */
export function projectedValues(item: Item, paths: readonly DocumentPath[]): ProjectedValue[] {
  const found: ProjectedValue[] = []
  if (Object.keys(item).length === 0) return found
  if (!take({ M: item }, rootOf(paths), found)) throw new RangeError('an item that its projection does not show')
  return found
}

function rootOf(paths: readonly DocumentPath[]): Node {
  const root = nodeOf()
  for (const [ordinal, path] of paths.entries()) {
    let node = root
    for (const element of path) node = childOf(node, element)
    node.ordinal = ordinal
  }
  return root
}

function nodeOf(): Node {
  return { ordinal: undefined, names: new Map(), places: new Map() }
}

function childOf({ names, places }: Node, element: string | number): Node {
  const known = typeof element === 'number' ? places.get(element) : names.get(element)
  if (known !== undefined) return known
  const made = nodeOf()
  if (typeof element === 'number') places.set(element, made)
  else names.set(element, made)
  return made
}

/** Adds what the value shows of the node's paths; false, with nothing added, where it can be none of them. */
function take(value: AttributeValue, node: Node, found: ProjectedValue[]): boolean {
  if (node.ordinal !== undefined) {
    found.push({ ordinal: node.ordinal, value })
    return true
  }
  const before = found.length
  const fits = 'M' in value ? takeMembers(value.M, node, found) : 'L' in value && takeElements(value.L, node, found)
  // A list or map that holds nothing is shown only where a path ends at it.
  if (fits && found.length > before) return true
  found.length = before
  return false
}

function takeMembers(members: Item, { names }: Node, found: ProjectedValue[]): boolean {
  return Object.entries(members).every(([name, value]) => {
    const node = names.get(name)
    return node !== undefined && take(value, node, found)
  })
}

/** Each element is the first that it can be, behind the one before it. */
function takeElements(elements: readonly AttributeValue[], { places }: Node, found: ProjectedValue[]): boolean {
  const nodes = [...places].toSorted(([a], [b]) => a - b).map(([, node]) => node)
  let next = 0
  return elements.every((element) => {
    while (next < nodes.length) {
      const node = nodes[next++]
      if (node !== undefined && take(element, node, found)) return true
    }
    return false
  })
}
