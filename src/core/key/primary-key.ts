/**
 * Primary keys as bytes, without the table's prefix in the store:
 *
 *   hash u64 of the partition bytes | length u16 of them | partition bytes | sort bytes
 *
 * so that a partition's items lie together in the order of their sort values, and partitions in the order of their hash.
 * The partition bytes stand there in full: two partitions of one hash are still two. Callers have validated the items.
 */
import { required } from '../assert.ts'
import { type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import type { KeyRange } from '../read/read-plan.ts'
import type { KeyAttribute, KeySchema } from '../table/table.ts'
import { bareKeyBytes, keyValueOf } from './key-bytes.ts'
import { directlyAfter, type SortBytes, type SortCondition, sortRange, successor } from './key-range.ts'
import { isPartitionHash, partitionHashSizeBytes, writePartitionHash } from './partition-hash.ts'

const partitionStart = partitionHashSizeBytes + 2

export function encodePrimaryKey(key: KeySchema, item: Item): Buffer {
  const sort = key.sort[0]
  return keyFrom(partitionBytesOf(key, item), sort === undefined ? undefined : bareKeyBytes(valueOf(item, sort)))
}

/** A key value's bare bytes, wherever they stand. */
export type BareBytes = { readonly bytes: Buffer; readonly from: number; readonly to: number }

/** Whether `key` is that of these values; `sort` is undefined where the table has none. */
export function isPrimaryKeyOf(key: Buffer, partition: BareBytes, sort: BareBytes | undefined): boolean {
  const partitionLength = partition.to - partition.from
  const partitionEnd = partitionStart + partitionLength
  if (key.length !== partitionEnd + (sort === undefined ? 0 : sort.to - sort.from)) return false
  return (
    key.readUInt16BE(partitionHashSizeBytes) === partitionLength &&
    isAt(key, partitionStart, partition) &&
    isPartitionHash(key, 0, partitionStart, partitionEnd) &&
    (sort === undefined || isAt(key, partitionEnd, sort))
  )
}

function isAt(key: Buffer, at: number, { bytes, from, to }: BareBytes): boolean {
  for (let n = from; n < to; n++) if (bytes[n] !== key[at + n - from]) return false
  return true
}

/** What all keys of the item's partition begin with, and no others. */
export function partitionPrefix(key: KeySchema, item: Item): Buffer {
  return keyFrom(partitionBytesOf(key, item), undefined)
}

/**
 * The keys of the partition whose sort attribute equals the one in `equals`, or meets the condition, or all of them. The range
 * of a whole key is that key alone.
 */
export function primaryKeyRange(key: KeySchema, equals: Item, condition?: SortCondition): KeyRange {
  const sort = key.sort[0]
  const whole = sort === undefined || keyValueOf(equals, sort) !== undefined
  if (!whole || condition !== undefined) return sortRange(partitionPrefix(key, equals), condition, bareSortBytes)
  const exact = encodePrimaryKey(key, equals)
  return { from: exact, to: directlyAfter(exact) }
}

/** The item's key attributes alone, as the table or index names them. */
export function keyAttributesOf(key: KeySchema, item: Item): Item {
  const attributes: Record<string, AttributeValue> = {}
  for (const part of key.partition) setAttribute(attributes, part.name, valueOf(item, part))
  for (const part of key.sort) setAttribute(attributes, part.name, valueOf(item, part))
  return attributes
}

/** hash | length | partition bytes | rest */
export function keyFrom(partition: Buffer, rest: Buffer | undefined): Buffer {
  const partitionEnd = partitionStart + partition.length
  const bytes = Buffer.allocUnsafe(partitionEnd + (rest?.length ?? 0))
  bytes.writeUInt16BE(partition.length, partitionHashSizeBytes)
  partition.copy(bytes, partitionStart)
  writePartitionHash(bytes, 0, partitionStart, partitionEnd)
  rest?.copy(bytes, partitionEnd)
  return bytes
}

const bareSortBytes: SortBytes = {
  start: (prefix, value) => Buffer.concat([prefix, bareKeyBytes(value)]),
  end: (prefix, value) => directlyAfter(Buffer.concat([prefix, bareKeyBytes(value)])),
  prefixEnd: (prefix, value) => successor(Buffer.concat([prefix, bareKeyBytes(value)])),
}

function partitionBytesOf(key: KeySchema, item: Item): Buffer {
  return bareKeyBytes(valueOf(item, required(key.partition[0], 'the partition attribute')))
}

function valueOf(item: Item, part: KeyAttribute): AttributeValue {
  return required(keyValueOf(item, part), 'a key attribute of the right type')
}
