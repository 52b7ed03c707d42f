/** Keys, ranges, pages and tokens together, over a sorted array in the store's place. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues } from '../../../src/core/attribute/value-order.ts'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { decodeItem, encodeItem } from '../../../src/core/item/item-bytes.ts'
import { encodeIndexKey } from '../../../src/core/key/index-key.ts'
import { segmentRange } from '../../../src/core/key/key-range.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { PageBuilder } from '../../../src/core/read/page.ts'
import { lastEvaluatedKey, queryStart, scanStart } from '../../../src/core/read/page-token.ts'
import { queryRange, type QueryTarget } from '../../../src/core/read/query-range.ts'
import type { KeyRange, Page } from '../../../src/core/read/read-plan.ts'
import { binaryKey, indexWith, numberKey, schema, tableWith } from '../key/keys.ts'

const table = tableWith(schema(['pk:S'], ['sk:N']))
const index = indexWith(schema(['kind:S'], ['tag:B']))
const partitions = fc.constantFrom<AttributeValue>({ S: 'a' }, { S: 'b' }, { S: 'c' })
const items = fc.array(
  fc.record({ pk: partitions, sk: numberKey, kind: partitions, tag: binaryKey }, { requiredKeys: ['pk', 'sk'] }),
  { maxLength: 25 },
)

type Rows = readonly { readonly key: Buffer; readonly item: Item }[]

function rowsOf(contents: readonly Item[], { index: of }: QueryTarget): Rows {
  const byPrimaryKey = new Map(contents.map((item) => [encodePrimaryKey(table.key, item).toString('hex'), item]))
  return [...byPrimaryKey.values()]
    .flatMap((item) => {
      const key = of === undefined ? encodePrimaryKey(table.key, item) : encodeIndexKey(of, table, item)
      return key === undefined ? [] : [{ key, item }]
    })
    .toSorted((a, b) => Buffer.compare(a.key, b.key))
}

type Walk = { readonly range: KeyRange; readonly forward: boolean; readonly limit: number }

function read(rows: Rows, { range, forward, limit }: Walk, after: Buffer | undefined): Page {
  const inRange = rows.filter(({ key }) => Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0)
  const ahead = inRange.filter(({ key }) => after === undefined || Buffer.compare(key, after) * (forward ? 1 : -1) > 0)
  const page = new PageBuilder({ countOnly: false, limit })
  for (const { item } of forward ? ahead : ahead.toReversed())
    if (!page.add({ body: encodeItem(item), sizeBytes: sizeOfItem(item) })) break
  return page.finish()
}

function readAll(rows: Rows, walk: Walk, target: QueryTarget, startOf: (token: Item) => Buffer): readonly Item[] {
  const found: Item[] = []
  let token: Item | undefined
  do {
    const page = read(rows, walk, token === undefined ? undefined : startOf(token))
    found.push(...page.items.map(decodeItem))
    token = lastEvaluatedKey({ ...target, range: walk.range }, page)
  } while (token !== undefined)
  return found
}

const asText = (contents: readonly Item[]): readonly string[] => contents.map((item) => JSON.stringify(item))

describe('reading in pages', () => {
  it.each<[string, QueryTarget, string, string]>([
    ['a table', { table }, 'pk', 'sk'],
    ['an index', { table, index }, 'kind', 'tag'],
  ])('of %s finds every item of a partition once, in order, either way', (_, target, partition, sort) => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 5 }), fc.boolean(), (contents, limit, forward) => {
        const query = queryRange(target, [{ name: partition, test: { op: '=', value: { S: 'a' } } }])
        const rows = rowsOf(contents, target)
        const found = readAll(rows, { range: query.range, forward, limit }, target, (token) =>
          queryStart(target, token, query),
        )
        const expected = rows.map(({ item }) => item).filter((item) => JSON.stringify(item[partition]) === '{"S":"a"}')
        expect(asText(found).toSorted()).toEqual(asText(expected).toSorted())
        const values = found.map((item) => item[sort]).filter((value) => value !== undefined)
        values.slice(1).forEach((value, n) => {
          const order = compareValues(values[n] ?? value, value) ?? Number.NaN
          expect(forward ? order <= 0 : order >= 0).toBe(true)
        })
      }),
    )
  })

  it('of all segments finds every item once', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }), (contents, limit, total) => {
        const rows = rowsOf(contents, { table })
        const found = Array.from({ length: total }, (_, segment) =>
          readAll(rows, { range: segmentRange(segment, total), forward: true, limit }, { table }, (token) =>
            scanStart({ table }, token, { segment, total }),
          ),
        ).flat()
        expect(asText(found)).toEqual(asText(rows.map(({ item }) => item)))
      }),
    )
  })
})
