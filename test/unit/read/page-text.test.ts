/** Pages share the place where their items are put together: what one has of it must not be seen in another. */
import { describe, expect, it, vi } from 'vitest'
import { PageText, pageTextBytesShared } from '../../../src/core/read/page-text.ts'

const item = (n: number, more = 0): Buffer => Buffer.from(JSON.stringify({ n, more: 'x'.repeat(more) }))
const textOf = (page: PageText): string => {
  const text = Buffer.from(`[${'.'.repeat(page.sizeBytes)}]`)
  expect(page.copyTo(text, 1)).toBe(text.length - 1)
  return text.toString()
}
const expected = (items: readonly Buffer[]): string => `[${items.map(String).join(',')}]`

function pageOf(items: readonly Buffer[]): PageText {
  const page = new PageText()
  for (const each of items) page.add(each)
  return page
}

describe('the text of a page', () => {
  it('is its items with commas in between', () => {
    expect(textOf(new PageText())).toBe('[]')
    const items = [item(1), item(2), item(3)]
    const page = pageOf(items)
    expect(textOf(page)).toBe(expected(items))
    expect(page.list()).toEqual(items)
    expect(textOf(page)).toBe(expected(items))
    expect(page.last()).toEqual(items[2])
  })

  it('is a copy: the bytes that were added may be gone', () => {
    const bytes = item(7)
    const page = pageOf([bytes])
    bytes.fill(0)
    expect(page.last()).toEqual(item(7))
    expect(textOf(page)).toBe(expected([item(7)]))
  })

  it('stays what it is while others are put together', () => {
    const items = Array.from({ length: 30 }, (_, n) => item(n))
    const pages = [new PageText(), new PageText(), new PageText()]
    for (const [n, each] of items.entries()) pages[n % 3]?.add(each)
    for (const [at, page] of pages.entries()) {
      const own = items.filter((_, n) => n % 3 === at)
      expect(page.last()).toEqual(own.at(-1))
      expect(textOf(page)).toBe(expected(own))
      expect(page.list()).toEqual(own)
    }
  })

  it('is gone once it has been released, and the place is free for the next one', () => {
    const page = pageOf([item(1), item(2)])
    page.release()
    const from = vi.spyOn(Buffer, 'from')
    const next = pageOf([item(3)])
    expect(from.mock.calls.filter(([of]) => ArrayBuffer.isView(of))).toEqual([])
    from.mockRestore()
    expect(textOf(next)).toBe(expected([item(3)]))
    for (const asked of [
      () => page.sizeBytes,
      () => page.copyTo(Buffer.alloc(100), 0),
      () => page.last(),
      () => page.list(),
    ])
      expect(asked).toThrow('released')
    expect(() => page.add(item(4))).toThrow('released')
  })

  it('of another page stays when one is released that no longer has the place', () => {
    const [first, second] = [pageOf([item(1)]), pageOf([item(2)])]
    first.release()
    expect(textOf(second)).toBe(expected([item(2)]))
  })

  it('may be larger than the place, and so may an item', () => {
    const sizes = [10, pageTextBytesShared, 40_000, 30_000, 10, pageTextBytesShared - 30, 5, 200_000, 1]
    const items = sizes.map((size, n) => item(n, size))
    const page = pageOf(items)
    const whole = expected(items)
    expect(page.last()?.toString()).toBe(items.at(-1)?.toString())
    expect(page.list().map(String)).toEqual(items.map(String))
    expect(textOf(page) === whole).toBe(true)
    expect(textOf(pageOf(items)) === whole).toBe(true)
  })
})
