/** No path of one expression may hold another, nor take one value for a map and a list at once. */
import { clashOf, formatPath, type Path } from '../path.ts'
import type { Problems } from '../syntax/problems.ts'

export function requirePathsApart(problems: Problems, paths: readonly Path[]): void {
  const seen = new Map<string, Path[]>()
  for (const path of paths) {
    const others = seen.get(path[0])
    if (others === undefined) seen.set(path[0], [path])
    else {
      for (const other of others) requireApart(problems, other, path)
      others.push(path)
    }
  }
}

function requireApart(problems: Problems, one: Path, two: Path): void {
  const clash = clashOf(one, two)
  if (clash === undefined) return
  throw problems.error(
    `Two document paths ${clash} with each other; must remove or rewrite one of these paths; ` +
      `path one: ${formatPath(one)}, path two: ${formatPath(two)}`,
  )
}
