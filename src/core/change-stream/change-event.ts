/** What a change of a row did to the item: the record that a change stream has of it, if any. */
import { equalItems } from '../attribute/equality.ts'
import type { ChangeEvent } from '../change/change.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { bodyOffset, isTombstone, itemSizeOf } from '../item/row.ts'

/**
 * Undefined where the item is what it was: a put of the same item, a delete of none, a row of which only the version vector has grown. Both
 * are rows' bytes; `before` is undefined where nothing was there.
 */
export function changeEvent(before: Buffer | undefined, after: Buffer): ChangeEvent | undefined {
  const was = before !== undefined && !isTombstone(before)
  const is = !isTombstone(after)
  if (!was) return is ? 'INSERT' : undefined
  if (!is) return 'REMOVE'
  return isSameItem(before, after) ? undefined : 'MODIFY'
}

/**
 * Rows hold their items as JSON of canonical values, in which only the order of attributes and of elements of sets is free. So equal items have the same
 * size, length and bytes, in whatever order; only where that is so are they parsed.
 */
function isSameItem(a: Buffer, b: Buffer): boolean {
  const [fromA, fromB] = [bodyOffset(a), bodyOffset(b)]
  if (itemSizeOf(a) !== itemSizeOf(b) || a.length - fromA !== b.length - fromB) return false
  if (a.compare(b, fromB, b.length, fromA, a.length) === 0) return true
  return (
    byteSum(a, fromA) === byteSum(b, fromB) && equalItems(decodeItem(a.subarray(fromA)), decodeItem(b.subarray(fromB)))
  )
}

/** The same for the same bytes in another order. */
function byteSum(bytes: Buffer, from: number): number {
  let sum = 0
  for (let at = from; at < bytes.length; at++) sum += weights[bytes[at] as number] as number
  return sum
}

/** Squares, so that two bytes that differ by as much in opposite ways do not cancel each other out. */
const weights = Float64Array.from({ length: 256 }, (_, byte) => byte * byte)
