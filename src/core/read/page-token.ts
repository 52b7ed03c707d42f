/**
 * Where a page ended and where the next one starts. The token is the last item's key attributes, of the index too when one was
 * read; it is not opaque, so clients make their own, and each must lie where the request would look.
 */
import { compareValues } from '../attribute/value-order.ts'
import { attribute, type Item } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { encodeIndexKey, indexKeyAttributesOf } from '../key/index-key.ts'
import { keyValuesProblem, matchesKey } from '../key/key-problem.ts'
import { directlyAfter, segmentRange } from '../key/key-range.ts'
import { encodePrimaryKey, keyAttributesOf } from '../key/primary-key.ts'
import type { KeyAttribute } from '../table/table.ts'
import type { QueryRange, QueryTarget } from './query-range.ts'
import type { KeyRange, Page, ReadPlan } from './read-plan.ts'

/**
 * LastEvaluatedKey: undefined after the last page, and for the query of one item, which `queryStart` would refuse to
 * continue: a client that follows tokens to the end must not run into that.
 */
export function lastEvaluatedKey(plan: ReadTarget, page: Pick<Page, 'lastItem'>): Item | undefined {
  const { table, index } = plan
  if (page.lastItem === undefined || isOneItem(plan)) return undefined
  const item = decodeItem(page.lastItem)
  return index === undefined ? keyAttributesOf(table.key, item) : indexKeyAttributesOf(index, table, item)
}

export type ReadTarget = QueryTarget & Pick<ReadPlan, 'range'>

/** The key bytes after which the query goes on. Throws the ValidationException that AWS answers to a token that does not fit. */
export function queryStart(target: QueryTarget, startKey: Item, query: QueryRange): Buffer {
  const parts = tokenAttributes(target)
  if (!namesExactly(parts, startKey)) throw validationError(invalid)
  if (!matchesKey(parts, startKey)) throw validationError(`${invalid}: ${mismatch}`)
  const start = encodeStart(target, startKey)
  if (isOneItem({ ...target, range: query.range }))
    throw validationError('The query can return at most one row and cannot be restarted')
  checkPartition(target, startKey, query)
  if (!within(query.range, start))
    throw validationError('The provided starting key does not match the range key predicate')
  return start
}

export type Segment = { readonly segment: number; readonly total: number }

/** The key bytes after which the scan goes on. Throws like `queryStart`. */
export function scanStart(target: QueryTarget, startKey: Item, segment?: Segment): Buffer {
  const parts = tokenAttributes(target)
  if (!namesExactly(parts, startKey) || !matchesKey(parts, startKey)) throw validationError(`${invalid}: ${mismatch}`)
  const start = encodeStart(target, startKey)
  if (segment !== undefined && !within(segmentRange(segment.segment, segment.total), start))
    throw validationError(
      `${invalid}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ` +
        `TotalSegments: ${segment.total} Segment: ${segment.segment}`,
    )
  return start
}

const invalid = 'The provided starting key is invalid'
const mismatch = 'The provided key element does not match the schema'

function tokenAttributes({ table, index }: QueryTarget): readonly KeyAttribute[] {
  const parts = new Map<string, KeyAttribute>()
  for (const key of [table.key, index?.key])
    for (const part of [...(key?.partition ?? []), ...(key?.sort ?? [])]) parts.set(part.name, part)
  return [...parts.values()]
}

function namesExactly(parts: readonly KeyAttribute[], startKey: Item): boolean {
  return (
    Object.keys(startKey).length === parts.length && parts.every((part) => attribute(startKey, part.name) !== undefined)
  )
}

function encodeStart({ table, index }: QueryTarget, startKey: Item): Buffer {
  const problem = keyValuesProblem(table.key, startKey)
  if (problem !== undefined) throw validationError(`${invalid}: ${problem}`)
  if (index === undefined) return encodePrimaryKey(table.key, startKey)
  const start = encodeIndexKey(index, table, startKey)
  if (start === undefined) throw validationError(invalid)
  return start
}

function checkPartition({ table, index }: QueryTarget, startKey: Item, query: QueryRange): void {
  for (const { name } of (index ?? table).key.partition) {
    const given = attribute(startKey, name)
    const queried = attribute(query.equals, name)
    if (given === undefined || queried === undefined || compareValues(given, queried) !== 0)
      throw validationError('The provided starting key is outside query boundaries based on provided conditions')
  }
}

/** A table's whole key is given. */
function isOneItem({ index, range }: ReadTarget): boolean {
  return index === undefined && directlyAfter(range.from).equals(range.to)
}

function within(range: KeyRange, key: Buffer): boolean {
  return Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0
}
