/** Looking into an item along a document path. */
import { attribute, type AttributeValue, type Item } from '../attribute/value.ts'
import type { Path } from '../expression/path.ts'

/** undefined where the path leads nowhere: a missing name, an index beyond the list, or a step into another type. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value = attribute(item, path[0])
  for (let at = 1; at < path.length && value !== undefined; at++) {
    const step = path[at]
    if (typeof step === 'string') value = 'M' in value ? attribute(value.M, step) : undefined
    else value = 'L' in value && step !== undefined ? value.L[step] : undefined
  }
  return value
}
