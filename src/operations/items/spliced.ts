/** A list of items that are JSON already, put together in as many turns as it takes. */
import { itemsRenderedAtOnceMax, itemsRenderedBytesMax } from '../../core/limits/limits.ts'
import type { Turns } from '../../core/turns.ts'

const comma = Buffer.from(',')

/** Chunks of one part at a time: `Buffer.concat` of a hundred thousand small ones is a long turn. */
export function* splicedItems(items: readonly Buffer[]): Turns<readonly Buffer[]> {
  const parts: Buffer[] = []
  let chunks: Buffer[] = []
  let bytes = 0
  for (const [at, item] of items.entries()) {
    if (chunks.length >= 2 * itemsRenderedAtOnceMax || bytes >= itemsRenderedBytesMax) {
      parts.push(Buffer.concat(chunks))
      chunks = []
      bytes = 0
      yield
    }
    if (at > 0) chunks.push(comma)
    chunks.push(item)
    bytes += item.length
  }
  return parts.length === 0 ? chunks : [...parts, ...chunks]
}
