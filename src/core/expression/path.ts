/** A document path: an attribute's name, then map keys (strings) and list indexes (numbers). Placeholders are resolved already. */
export type Path = readonly [string, ...(string | number)[]]

/** As DynamoDB's messages show it: `[a, b, [0]]`. */
export function formatPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, n) => step === b[n])
}

/** How two paths of one expression are in each other's way: one holds the other, or they take one value for different things. */
export type PathClash = 'overlap' | 'conflict'

export function clashOf(a: Path, b: Path): PathClash | undefined {
  for (let n = 0; n < a.length && n < b.length; n++) {
    if (a[n] === b[n]) continue
    return typeof a[n] === typeof b[n] ? undefined : 'conflict'
  }
  return 'overlap'
}
