import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { decodeItem, encodeItem } from '../../../src/core/item/item-bytes.ts'
import { projectItem } from '../../../src/core/item/project.ts'
import { pageTombstonesMax } from '../../../src/core/limits/limits.ts'
import { PageBuilder, type PageRules, type ScannedRow } from '../../../src/core/read/page.ts'
import { differs } from '../../differences/difference.ts'

const megabyte = 1024 * 1024
const row = (n: number, sizeBytes = 100): ScannedRow => ({
  body: encodeItem({ n: { N: String(n) }, even: { BOOL: n % 2 === 0 } }),
  sizeBytes,
})
const isEven = (item: Item): boolean => JSON.stringify(item['even']) === '{"BOOL":true}'

/** Feeds rows until the page is full, as the engine does. */
function pageOf(rows: readonly ScannedRow[], rules: Partial<PageRules> = {}) {
  const page = new PageBuilder({ countOnly: false, ...rules })
  for (const each of rows) if (!page.add(each)) break
  return page.finish()
}

describe('a page', () => {
  it('without rules holds every row as it is stored', () => {
    const rows = [row(1), row(2)]
    expect(pageOf(rows)).toMatchObject({
      items: rows.map(({ body }) => body),
      count: 2,
      scannedCount: 2,
      scannedSizeBytes: 200,
      fetchedSizesBytes: [],
    })
  })

  it(differs('pages-end-at-deleted-items'), () => {
    const page = new PageBuilder({ countOnly: false })
    const key = (n: number) => encodeItem({ n: { N: String(n) } })
    let walked = 0
    while (page.skip(key(walked + 1))) walked++
    expect(walked + 1).toBe(pageTombstonesMax)
    expect(page.finish()).toMatchObject({ count: 0, scannedCount: 0, lastItem: key(pageTombstonesMax) })
  })

  it('that walks past fewer deleted items names no place to go on from', () => {
    const page = new PageBuilder({ countOnly: false })
    expect(page.skip(encodeItem({ n: { N: '1' } }))).toBe(true)
    page.add(row(2))
    expect(page.finish()).not.toHaveProperty('lastItem')
  })

  it('looks at Limit rows before the filter', () => {
    const page = pageOf(
      [1, 2, 3, 4].map((n) => row(n)),
      { limit: 3, matches: isEven },
    )
    expect(page).toMatchObject({ count: 1, scannedCount: 3 })
    expect(decodeItem(page.lastItem ?? Buffer.of())).toMatchObject({ n: { N: '3' } })
  })

  it('says where it stopped although Limit was reached at the last row', () => {
    expect(pageOf([row(1), row(2)], { limit: 2 }).lastItem).toBeDefined()
    expect(pageOf([row(1), row(2)], { limit: 3 }).lastItem).toBeUndefined()
  })

  it('ends with the row that takes it to a megabyte', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 * 1024 }), { maxLength: 12 }), (sizes) => {
        const page = pageOf(sizes.map((size, n) => row(n, size)))
        const before = sizes.slice(0, page.scannedCount - 1).reduce((sum, size) => sum + size, 0)
        expect(before).toBeLessThan(megabyte)
        if (page.lastItem === undefined) expect(page.scannedCount).toBe(sizes.length)
        else expect(page.scannedSizeBytes).toBeGreaterThanOrEqual(megabyte)
      }),
    )
  })

  it('counts what a local index fetched, and shows it', () => {
    const whole = encodeItem({ n: { N: '1' }, more: { S: 'x' } })
    const fetching = { ...row(1, 10), fetched: { body: whole, sizeBytes: megabyte } }
    const page = pageOf([fetching, row(2)])
    expect(page).toMatchObject({ items: [whole], scannedSizeBytes: 10, fetchedSizesBytes: [megabyte] })
    expect(page.lastItem).toBe(fetching.body)
  })

  it('projects what the filter lets through', () => {
    const project = (item: Item): Item => projectItem(item, [['n']])
    const page = pageOf([row(1), row(2)], { matches: isEven, project })
    expect(page.items.map(decodeItem)).toEqual([{ n: { N: '2' } }])
  })

  it('holds no items when only their count is asked for', () => {
    expect(pageOf([row(1), row(2)], { countOnly: true, matches: isEven })).toMatchObject({ items: [], count: 1 })
  })
})
