/**
 * Parts of a table's or an index's key space, as bounds on key bytes. Tables and indexes write the sort part differently
 * (bare at the end of a key, delimited before the base key), so each brings its own `SortBytes`; the arithmetic is the same.
 */
import { assert, unreachable } from '../assert.ts'
import type { AttributeValue } from '../attribute/value.ts'
import type { KeyRange } from '../read/read-plan.ts'
import { partitionHashSizeBytes } from './partition-hash.ts'

/** What a query asks of the sort attribute that it orders by; equality is not among it. */
export type SortCondition =
  | { readonly op: '<' | '<=' | '>' | '>='; readonly value: AttributeValue }
  | { readonly op: 'between'; readonly low: AttributeValue; readonly high: AttributeValue }
  | { readonly op: 'begins_with'; readonly prefix: AttributeValue }

export type SortBytes = {
  /** Where the keys with this value begin. */
  readonly start: (prefix: Buffer, value: AttributeValue) => Buffer
  /** Where the keys after those with this value begin. */
  readonly end: (prefix: Buffer, value: AttributeValue) => Buffer
  /** Where the keys after those whose value begins with this one begin. */
  readonly prefixEnd: (prefix: Buffer, value: AttributeValue) => Buffer
}

/** No key is longer than its hash in ones: a partition's length, which follows, never is 65,535. */
const afterAllKeys = Buffer.alloc(partitionHashSizeBytes + 2, 0xff)

export const wholeRange: KeyRange = { from: Buffer.alloc(0), to: afterAllKeys }

/** One of `total` equal parts of the hash space; every key is in exactly one of them. */
export function segmentRange(segment: number, total: number): KeyRange {
  assert(segment >= 0 && segment < total, 'segment: one of the total')
  return {
    from: segment === 0 ? wholeRange.from : segmentStart(segment, total),
    to: segment + 1 === total ? afterAllKeys : segmentStart(segment + 1, total),
  }
}

/** The keys that begin with `prefix` and whose sort value meets the condition. */
export function sortRange(prefix: Buffer, condition: SortCondition | undefined, bytes: SortBytes): KeyRange {
  if (condition === undefined) return prefixRange(prefix)
  const { from, to } = boundsOf(prefix, condition, bytes)
  return Buffer.compare(from, to) <= 0 ? { from, to } : { from, to: from }
}

function prefixRange(prefix: Buffer): KeyRange {
  return { from: prefix, to: successor(prefix) }
}

/** The first bytes after everything that begins with `prefix`. */
export function successor(prefix: Buffer): Buffer {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  assert(length > 0, 'key range: something comes after every prefix')
  const next = Buffer.from(prefix.subarray(0, length))
  next[length - 1] = (next[length - 1] ?? 0) + 1
  return next
}

/** The first bytes after exactly `key`. */
export function directlyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}

function boundsOf(prefix: Buffer, condition: SortCondition, bytes: SortBytes): KeyRange {
  switch (condition.op) {
    case '<':
      return { from: prefix, to: bytes.start(prefix, condition.value) }
    case '<=':
      return { from: prefix, to: bytes.end(prefix, condition.value) }
    case '>':
      return { from: bytes.end(prefix, condition.value), to: successor(prefix) }
    case '>=':
      return { from: bytes.start(prefix, condition.value), to: successor(prefix) }
    case 'between':
      return { from: bytes.start(prefix, condition.low), to: bytes.end(prefix, condition.high) }
    case 'begins_with':
      return { from: bytes.start(prefix, condition.prefix), to: bytes.prefixEnd(prefix, condition.prefix) }
    default:
      return unreachable(condition)
  }
}

function segmentStart(segment: number, total: number): Buffer {
  const start = Buffer.alloc(partitionHashSizeBytes)
  start.writeBigUInt64BE((BigInt(segment) << 64n) / BigInt(total))
  return start
}
