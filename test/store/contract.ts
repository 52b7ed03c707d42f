/** What the engine relies on, of every store: run by one test file per adapter. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/ports/store.ts'

export type StoreUnderTest = {
  readonly store: Store
  /** Closes the store and opens what its disk holds. */
  readonly reopen: () => Promise<Store>
  readonly remove: () => Promise<void>
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const put = (key: string, value: string) => ({ key: bytes(key), value: bytes(value) })
const del = (key: string) => ({ key: bytes(key), value: undefined })
const everything = { from: bytes('\x00'), to: bytes('\xff') }

export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let tested: StoreUnderTest
    let store: Store

    beforeEach(async () => {
      tested = await open()
      store = tested.store
    })

    afterEach(() => tested.remove())

    const keys = (range: Parameters<Store['entries']>[0]): string[] =>
      [...store.entries(range)].map(({ key }) => key.toString('latin1'))

    it('has what was written once the write has resolved, and nothing before', async () => {
      const written = store.write([put('a', '1')])
      expect(store.get(bytes('a'))).toBeUndefined()
      await written
      expect(store.get(bytes('a'))?.toString()).toBe('1')
    })

    it('replaces and removes', async () => {
      await store.write([put('a', '1'), put('b', '1')])
      await store.write([put('a', '2'), del('b'), del('never there')])
      expect(store.get(bytes('a'))?.toString()).toBe('2')
      expect(store.get(bytes('b'))).toBeUndefined()
    })

    it('lends what a step of a range finds until the next one, either way, and whatever is asked meanwhile is right', async () => {
      const texts = Array.from({ length: 40 }, (_, n) =>
        String(n)
          .padStart(2, '0')
          .repeat(1 + (n % 7) * 100),
      )
      await store.write(texts.map((text) => ({ key: bytes(text.slice(0, 2 + (text.length % 3))), value: bytes(text) })))
      for (const reverse of [false, true]) {
        const found: string[] = []
        for (const { key, value } of store.entries({ ...everything, lent: true, reverse })) {
          found.push(`${key.toString()} ${value.toString()}`)
          expect(store.get(bytes('00'))?.length).toBeGreaterThan(0)
          expect([...store.entries({ ...everything, limit: 2 })].map((entry) => entry.value.toString())).toEqual([
            texts[0],
            texts[1],
          ])
        }
        const kept = [...store.entries({ ...everything, reverse })]
        expect(found).toEqual(kept.map(({ key, value }) => `${key.toString()} ${value.toString()}`))
      }
    })

    it('applies the edits of a batch in their order', async () => {
      await store.write([put('a', '1'), put('a', '2'), put('b', '1'), del('b'), del('c'), put('c', '3')])
      expect(store.get(bytes('a'))?.toString()).toBe('2')
      expect(store.get(bytes('b'))).toBeUndefined()
      expect(store.get(bytes('c'))?.toString()).toBe('3')
    })

    it('gives a range in byte order, from included, to excluded', async () => {
      await store.write([
        put('\x10b', '1'),
        put('\x10a', '1'),
        put('\x10\xff', '1'),
        put('\x10', '1'),
        put('\x11', '1'),
      ])
      expect(keys({ from: bytes('\x10'), to: bytes('\x11') })).toEqual(['\x10', '\x10a', '\x10b', '\x10\xff'])
      expect(keys({ from: bytes('\x10b'), to: bytes('\x12') })).toEqual(['\x10b', '\x10\xff', '\x11'])
    })

    it('gives a range backwards within the same bounds', async () => {
      await store.write(['a', 'b', 'c', 'd'].map((key) => put(key, key)))
      expect(keys({ from: bytes('b'), to: bytes('d'), reverse: true })).toEqual(['c', 'b'])
      expect(keys({ from: bytes('a'), to: bytes('zz'), reverse: true, limit: 2 })).toEqual(['d', 'c'])
      expect(keys({ from: bytes('b'), to: bytes('cc'), reverse: true })).toEqual(['c', 'b'])
      expect(keys({ from: bytes('e'), to: bytes('zz'), reverse: true })).toEqual([])
    })

    it('gives nothing for an empty or inverted range', async () => {
      await store.write(['a', 'b', 'c'].map((key) => put(key, key)))
      expect(keys({ from: bytes('b'), to: bytes('b') })).toEqual([])
      expect(keys({ from: bytes('c'), to: bytes('a') })).toEqual([])
      expect(keys({ from: bytes('c'), to: bytes('a'), reverse: true })).toEqual([])
      expect(keys({ from: bytes('d'), to: bytes('e') })).toEqual([])
    })

    it('gives at most the limit', async () => {
      await store.write(['a', 'b', 'c'].map((key) => put(key, key)))
      expect(keys({ ...everything, limit: 2 })).toEqual(['a', 'b'])
      expect(keys({ ...everything, limit: 0 })).toEqual([])
    })

    it('lets a walk be left early and others be walked meanwhile', async () => {
      await store.write(['a', 'b', 'c'].map((key) => put(key, key)))
      for (const outer of store.entries(everything)) {
        expect(keys(everything)).toEqual(['a', 'b', 'c'])
        if (outer.key.toString() === 'b') break
      }
      expect(keys(everything)).toEqual(['a', 'b', 'c'])
    })

    it('gives the keys of a range as its entries have them', async () => {
      await store.write(['a', 'b', 'c', 'd'].map((key) => put(key, '1')))
      for (const range of [
        everything,
        { from: bytes('b'), to: bytes('d') },
        { from: bytes('a'), to: bytes('d'), reverse: true, limit: 2 },
        { ...everything, limit: 0 },
        { from: bytes('d'), to: bytes('b') },
      ])
        expect([...store.keys(range)].map((key) => key.toString('latin1'))).toEqual(keys(range))
    })

    it('hands out copies that later writes do not touch', async () => {
      await store.write([put('a', 'first')])
      const value = store.get(bytes('a'))
      const [entry] = store.entries(everything)
      await store.write([put('a', 'other'), ...Array.from({ length: 200 }, (_, n) => put(`b${n}`, 'x'.repeat(5000)))])
      expect(value?.toString()).toBe('first')
      expect(entry?.value.toString()).toBe('first')
      expect(entry?.key.toString()).toBe('a')
    })

    it('makes batches durable in the order in which they were written', async () => {
      const order: number[] = []
      const writes = Array.from({ length: 20 }, async (_, n) => {
        await store.write([put('a', String(n))])
        order.push(n)
      })
      await Promise.all(writes)
      expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n))
      expect(store.get(bytes('a'))?.toString()).toBe('19')
    })

    it('takes empty values, an empty batch, and the longest keys', async () => {
      const longest = Buffer.alloc(4026, 0x61)
      await store.write([])
      await store.write([put('empty', ''), { key: longest, value: bytes('1') }])
      expect(store.get(bytes('empty'))?.length).toBe(0)
      expect(store.get(longest)?.toString()).toBe('1')
    })

    it('takes values of megabytes', async () => {
      const value = Buffer.alloc(6 * 1024 * 1024, 0x7a)
      await store.write([{ key: bytes('large'), value }])
      expect(Buffer.compare(store.get(bytes('large')) as Buffer, value)).toBe(0)
    })

    it('shows a batch of many edits as a whole', async () => {
      const count = 20_000
      const written = store.write(Array.from({ length: count }, (_, n) => put(`k${n}`, 'v'.repeat(100))))
      const seen = new Set<number>()
      const progress = { done: false }
      const finished = written.then(() => (progress.done = true))
      while (!progress.done) {
        seen.add(keys(everything).length)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      await finished
      seen.add(keys(everything).length)
      expect([...seen].toSorted((a, b) => a - b)).toEqual([0, count])
    })

    it('has everything after it was closed and opened', async () => {
      await store.write(['a', 'b', 'c'].map((key) => put(key, key)))
      await store.write([del('b')])
      store = await tested.reopen()
      expect(keys(everything)).toEqual(['a', 'c'])
    })
  })
}
