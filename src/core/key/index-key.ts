/**
 * Keys of index rows as bytes, without the index's prefix in the store:
 *
 *   hash u64 of the partition bytes | length u16 of them | partition bytes | delimited sort values | base primary key
 *
 * Up to four partition and four sort attributes (global indexes); several partition values are written with their lengths,
 * since they are compared only for equality. The base table's key makes the row unique. In the rare case that it does not fit
 * LMDB's key, its end is replaced with a hash of the whole, 128 bits beside what still fits.
 */
import { required } from '../assert.ts'
import { type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { indexKeySizeBytesMax, partitionKeySizeBytesMax, sortKeySizeBytesMax } from '../limits/limits.ts'
import type { KeyRange } from '../read/read-plan.ts'
import type { Index, KeyAttribute, Table } from '../table/table.ts'
import { bareKeyBytes, delimitedKeyBytes, delimitedPrefixBytes, keyValueOf } from './key-bytes.ts'
import { type SortBytes, type SortCondition, sortRange, successor } from './key-range.ts'
import { murmur3 } from './partition-hash.ts'
import { encodePrimaryKey, keyAttributesOf, keyFrom } from './primary-key.ts'

const hashSeeds = [0x62617365, 0x206b6579, 0x20686173, 0x68656420]
const hashSizeBytes = hashSeeds.length * 4

/**
 * undefined when the index does not hold the item: it lacks an index key attribute, or has one that cannot be a key
 * (another type, empty, too long). Clients' writes of such values are refused before; a backfill meets them.
 */
export function encodeIndexKey(index: Index, table: Table, item: Item): Buffer | undefined {
  const partition = keyPart(index.key.partition, item, partitionKeySizeBytesMax)
  const sort = partition && keyPart(index.key.sort, item, sortKeySizeBytesMax)
  if (partition === undefined || sort === undefined) return undefined
  const sortBytes = sort.map(({ value, bytes }) => delimitedKeyBytes(value, bytes))
  const base = encodePrimaryKey(table.key, item)
  const head = keyFrom(partitionBytes(partition), joined(sortBytes))
  return Buffer.concat([head, shortened(base, indexKeySizeBytesMax - head.length)])
}

/** The rows whose attributes equal those in `equals` (all of the partition, then sort attributes from the left), the next one meeting the condition. */
export function indexKeyRange(index: Index, equals: Item, condition?: SortCondition): KeyRange {
  const partition = required(
    keyPart(index.key.partition, equals, partitionKeySizeBytesMax),
    'every partition attribute as a key can have it',
  )
  const leading: Buffer[] = []
  for (const part of index.key.sort) {
    const value = keyValueOf(equals, part)
    if (value === undefined) break
    leading.push(delimitedKeyBytes(value))
  }
  return sortRange(keyFrom(partitionBytes(partition), joined(leading)), condition, delimitedSortBytes)
}

/** What names an index row to a client: the index's key attributes and the table's. */
export function indexKeyAttributesOf(index: Index, table: Table, item: Item): Item {
  const attributes: Record<string, AttributeValue> = {}
  for (const key of [index.key, table.key])
    for (const [name, value] of Object.entries(keyAttributesOf(key, item))) setAttribute(attributes, name, value)
  return attributes
}

const delimitedSortBytes: SortBytes = {
  start: (prefix, value) => Buffer.concat([prefix, delimitedKeyBytes(value)]),
  end: (prefix, value) => successor(Buffer.concat([prefix, delimitedKeyBytes(value)])),
  prefixEnd: (prefix, value) => successor(Buffer.concat([prefix, delimitedPrefixBytes(value)])),
}

type KeyValue = { readonly value: AttributeValue; readonly bytes: Buffer }

/** An empty string or binary cannot be a key, and the limits hold for all values of a part together. */
function keyPart(parts: readonly KeyAttribute[], item: Item, sizeBytesMax: number): readonly KeyValue[] | undefined {
  const values: KeyValue[] = []
  let size = 0
  for (const part of parts) {
    const value = keyValueOf(item, part)
    const bytes = value && bareKeyBytes(value)
    if (value === undefined || bytes === undefined || bytes.length === 0) return undefined
    size += bytes.length
    values.push({ value, bytes })
  }
  return size <= sizeBytesMax ? values : undefined
}

function partitionBytes(values: readonly KeyValue[]): Buffer {
  const [first] = values
  if (first !== undefined && values.length === 1) return first.bytes
  return Buffer.concat(values.flatMap(({ bytes }) => [Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]))
}

function joined(parts: readonly Buffer[]): Buffer | undefined {
  return parts.length <= 1 ? parts[0] : Buffer.concat(parts)
}

function shortened(base: Buffer, room: number): Buffer {
  if (base.length <= room) return base
  const hash = Buffer.allocUnsafe(hashSizeBytes)
  hashSeeds.forEach((seed, n) => hash.writeInt32BE(murmur3(base, 0, base.length, seed), n * 4))
  return Buffer.concat([base.subarray(0, room - hashSizeBytes), hash])
}
