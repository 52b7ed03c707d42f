/** Items at rest: DynamoDB's JSON in UTF-8, which is what a reply needs, so most reads never decode it. */
import type { Item } from '../attribute/value.ts'

export function encodeItem(item: Item): Buffer {
  return Buffer.from(JSON.stringify(item))
}

/** JSON.parse makes "__proto__" a name like any other. */
export function decodeItem(body: Buffer): Item {
  return JSON.parse(body.toString()) as Item
}
