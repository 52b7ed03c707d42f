/** What Query and Scan answer. The items are JSON already and are spliced in; only the few members around them are made. */
import type { Item } from '../../core/attribute/value.ts'
import type { ConsumedCapacity } from '../../core/read/consumed-capacity.ts'
import type { Page } from '../../core/read/read-plan.ts'
import { Rendered } from '../operation.ts'

export type PageMembers = {
  readonly page: Page
  readonly countOnly: boolean
  readonly lastKey: Item | undefined
  readonly capacity: ConsumedCapacity | undefined
}

export function pageReply({ page, countOnly, lastKey, capacity }: PageMembers): Rendered {
  const members = [
    `"Count":${page.count},"ScannedCount":${page.scannedCount}`,
    ...(lastKey === undefined ? [] : [`"LastEvaluatedKey":${JSON.stringify(lastKey)}`]),
    ...(capacity === undefined ? [] : [`"ConsumedCapacity":${JSON.stringify(capacity)}`]),
  ].join(',')
  if (countOnly) return new Rendered(Buffer.from(`{${members}}`))
  const chunks: Buffer[] = [itemsStart]
  for (const item of page.items) chunks.push(item, comma)
  if (page.items.length > 0) chunks.pop()
  chunks.push(Buffer.from(`],${members}}`))
  return new Rendered(Buffer.concat(chunks))
}

const itemsStart = Buffer.from('{"Items":[')
const comma = Buffer.from(',')
