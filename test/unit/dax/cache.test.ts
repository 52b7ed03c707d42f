import { describe, expect, it } from 'vitest'
import { cacheTableConfirmedMs } from '../../../src/core/limits/limits.ts'
import type { Origin } from '../../../src/cache/core/asks.ts'
import { Keeper, keyOf, textOf } from './keeper.ts'

const item = (value: string): string => `{"Item":${JSON.stringify(value)}}`

/** An answer that the test lets come when it wants. */
function held<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

for (const mode of ['dax', 'coherent'] as const)
  describe(`a cache in mode ${mode}`, () => {
    it('answers what it has been told once, an absent item too', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'a1')
      expect([await keeper.get('a', 1), await keeper.get('a', 1)]).toEqual([item('a1'), item('a1')])
      expect([await keeper.get('a', 2), await keeper.get('a', 2)]).toEqual(['{}', '{}'])
      expect(keeper.region.reads).toBe(2)
      expect(keeper.cache.figures).toMatchObject({ itemHits: 2, itemMisses: 2 })
    })

    it('answers a write through it at once, deletes and unknown results included', async () => {
      const keeper = new Keeper({ mode })
      await keeper.get('a', 1)
      keeper.put('a', 1, 'a1')
      expect(await keeper.get('a', 1)).toBe(item('a1'))
      keeper.put('a', 1, 'a2', false)
      expect(await keeper.get('a', 1)).toBe(item('a2'))
      keeper.put('a', 1, undefined)
      expect(await keeper.get('a', 1)).toBe('{}')
      expect(keeper.region.reads).toBe(2)
    })

    it('forgets an item of which a write’s fate is unknown', async () => {
      const keeper = new Keeper({ mode })
      await keeper.get('a', 1)
      keeper.region.put('a', 1, 'perhaps')
      keeper.cache.wrote(
        'me',
        [{ table: 'T', keyOf: () => keyOf('a', 1).toString('latin1'), body: item('perhaps') }],
        undefined,
      )
      expect(await keeper.get('a', 1)).toBe(item('perhaps'))
    })

    it('does not keep what was read before a write through it, however late it comes', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'old')
      const late = held<Origin<string>>()
      const read = keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
      const answer = keeper.region.read('a', 1)
      keeper.put('a', 1, 'new')
      late.resolve(answer)
      expect(textOf(await read)).toBe(item('old'))
      expect(await keeper.get('a', 1)).toBe(item('new'))
    })

    it('makes one read of a thousand misses at once, also before it knows the table, and after an expiry', async () => {
      const keeper = new Keeper({ mode, itemTtlMs: 100 })
      keeper.region.put('a', 1, 'a1')
      for (const reads of [1, 2]) {
        const answers = await Promise.all(Array.from({ length: 1000 }, () => keeper.get('a', 1)))
        expect(new Set(answers)).toEqual(new Set([item('a1')]))
        expect(keeper.region.reads).toBe(reads)
        keeper.nowMs += 200
      }
      expect(keeper.cache.figures.coalesced).toBe(2 * 999)
    })

    it('lets nobody join a read that began before a write was acknowledged', async () => {
      const keeper = new Keeper({ mode })
      await keeper.get('b', 1)
      const late = held<Origin<string>>()
      void keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
      const before = keeper.region.read('a', 1)
      keeper.put('a', 1, 'new', false)
      const after = keeper.get('a', 1)
      late.resolve(before)
      expect(await after).toBe(item('new'))
    })

    it('never shows one principal what another was answered', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'a1')
      await keeper.get('a', 1)
      const refused = () => Promise.resolve({ reply: 'AccessDenied' })
      const read = keeper.itemRead('a', 1, { who: 'other' })
      expect(textOf(await keeper.cache.readItem(read, refused))).toBe('AccessDenied')
      expect(textOf(await keeper.cache.readItem(read, refused))).toBe('AccessDenied')
      expect(await keeper.get('a', 1)).toBe(item('a1'))
    })

    it('does not take one principal’s refusal for another’s while both read', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'a1')
      const late = held<Origin<string>>()
      const first = keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
      const second = keeper.get('a', 1)
      late.resolve({ reply: 'AccessDenied' })
      expect(textOf(await first)).toBe('AccessDenied')
      expect(await second).toBe(item('a1'))
    })

    it('keeps nothing where the region verifies signatures and it cannot', async () => {
      const keeper = new Keeper({ mode })
      await keeper.get('a', 1)
      keeper.cache.close(true)
      await keeper.get('a', 1)
      await keeper.get('a', 1)
      expect(keeper.region.reads).toBe(3)
    })

    it('keeps an item until its time is up, and for ever when that is 0', async () => {
      const keeper = new Keeper({ mode, itemTtlMs: 1000 })
      await keeper.get('a', 1)
      keeper.nowMs += 400
      await keeper.get('a', 1)
      expect(keeper.region.reads).toBe(1)
      keeper.nowMs += 600
      await keeper.get('a', 1)
      expect(keeper.region.reads).toBe(2)
      const lasting = new Keeper({ itemTtlMs: 0 })
      await lasting.get('a', 1)
      lasting.nowMs += 1e12
      await lasting.get('a', 1)
      expect(lasting.region.reads).toBe(1)
    })

    it('keeps pages by their parameters, and none when their time is 0', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'a1')
      expect([await keeper.page('a'), await keeper.page('a'), await keeper.page()]).toEqual([
        '["a1"]',
        '["a1"]',
        '["a1"]',
      ])
      expect(keeper.region.reads).toBe(2)
      expect(keeper.cache.figures).toMatchObject({ queryHits: 1, queryMisses: 1, scanMisses: 1 })
      const none = new Keeper({ mode, queryTtlMs: 0 })
      await none.page('a')
      await none.page('a')
      expect(none.region.reads).toBe(2)
    })

    it('a query never fills the item cache', async () => {
      const keeper = new Keeper({ mode })
      await keeper.page('a')
      await keeper.get('a', 1)
      expect(keeper.cache.figures).toMatchObject({ itemHits: 0, itemMisses: 1 })
    })

    it('drops the least recently used when there is no room, and never holds more bytes than it may', async () => {
      const keeper = new Keeper({ mode, memoryBytes: 64 * 1024 })
      for (let n = 0; n < 200; n++) {
        keeper.region.put('a', n, 'x'.repeat(1000))
        await keeper.get('a', n)
        await keeper.get('a', 0)
        expect(keeper.cache.items.lru.bytes).toBeLessThanOrEqual(32 * 1024)
      }
      expect(keeper.cache.items.lru.evictedBytes).toBeGreaterThan(100_000)
      const reads = keeper.region.reads
      await keeper.get('a', 0)
      expect(keeper.region.reads).toBe(reads)
    })

    it('answers part of an item from its whole, and never the whole from a part', async () => {
      const keeper = new Keeper({ mode })
      keeper.region.put('a', 1, 'a1')
      const part = { shown: 'p', project: (body: string) => `part of ${body}` }
      // Read as a part by the region: the whole is not known by that.
      const read = keeper.itemRead('a', 1, part)
      const partly = () => Promise.resolve({ reply: 'part', mark: keeper.region.mark(), body: 'part' })
      expect(textOf(await keeper.cache.readItem(read, partly))).toBe('part')
      expect(await keeper.get('a', 1)).toBe(item('a1'))
      keeper.put('a', 1, 'a2')
      expect(await keeper.get('a', 1, part)).toBe(`part of ${item('a2')}`)
    })
  })

describe('a cache in mode dax', () => {
  it('shows what was written around it when the time is up, and not before', async () => {
    const keeper = new Keeper({ mode: 'dax', itemTtlMs: 300 })
    keeper.region.put('a', 1, 'old')
    await keeper.get('a', 1)
    const position = keeper.region.put('a', 1, 'new')
    keeper.tell(position, keyOf('a', 1))
    expect(await keeper.get('a', 1)).toBe(item('old'))
    keeper.nowMs += 300
    expect(await keeper.get('a', 1)).toBe(item('new'))
  })

  it('leaves pages alone when something is written through it', async () => {
    const keeper = new Keeper({ mode: 'dax' })
    await keeper.page('a')
    keeper.put('a', 1, 'a1')
    expect(await keeper.page('a')).toBe('[]')
  })

  it('asks within a second whether a table is still the same, by one read of many', async () => {
    const keeper = new Keeper({ mode: 'dax' })
    keeper.region.put('a', 1, 'a1')
    keeper.region.put('a', 2, 'a2')
    await keeper.get('a', 1)
    await keeper.get('a', 2)
    keeper.nowMs += cacheTableConfirmedMs / 2
    const late = held<Origin<string>>()
    void keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
    expect(await keeper.get('a', 2)).toBe(item('a2'))
    expect(keeper.region.reads).toBe(2)
    keeper.region.recreate()
    late.resolve(keeper.region.read('a', 1))
    await late.promise
    await Promise.resolve()
    expect(await keeper.get('a', 2)).toBe('{}')
  })

  it('never answers for a table that was made again once a second has passed', async () => {
    const keeper = new Keeper({ mode: 'dax' })
    keeper.region.put('a', 1, 'a1')
    await keeper.get('a', 1)
    keeper.region.recreate()
    keeper.nowMs += cacheTableConfirmedMs
    expect(await keeper.get('a', 1)).toBe('{}')
  })

  it('forgets everything when a reply shows that the region has begun another log', async () => {
    const keeper = new Keeper({ mode: 'dax' })
    keeper.region.put('a', 1, 'a1')
    await keeper.get('a', 1)
    keeper.region.items.clear()
    keeper.region.epoch = 'two'
    keeper.region.position = 0
    await keeper.get('b', 1)
    expect(await keeper.get('a', 1)).toBe('{}')
  })
})

describe('a coherent cache', () => {
  it('shows what was written around it as soon as the log has told', async () => {
    const keeper = new Keeper()
    await keeper.get('a', 1)
    keeper.tell(keeper.region.put('a', 1, 'new'), keyOf('a', 1))
    expect(await keeper.get('a', 1)).toBe(item('new'))
  })

  it('keeps what was written through it when the log tells of that', async () => {
    const keeper = new Keeper()
    keeper.put('a', 1, 'a1')
    keeper.tell(keeper.region.position, keyOf('a', 1))
    await keeper.get('a', 1)
    expect(keeper.region.reads).toBe(0)
  })

  it('does not keep what was read before a change that it has been told of', async () => {
    const keeper = new Keeper()
    await keeper.get('b', 1)
    const late = held<Origin<string>>()
    const read = keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
    const before = keeper.region.read('a', 1)
    keeper.tell(keeper.region.put('a', 1, 'new'), keyOf('a', 1))
    late.resolve(before)
    expect(textOf(await read)).toBe('{}')
    expect(await keeper.get('a', 1)).toBe(item('new'))
    expect(keeper.cache.figures.missedMoments).toBe(1)
  })

  it('passes everything on while the log is not known', async () => {
    const keeper = new Keeper()
    await keeper.get('a', 1)
    keeper.cache.freshUntil(keeper.nowMs)
    keeper.region.put('a', 1, 'anew')
    expect(await keeper.get('a', 1)).toBe(item('anew'))
    expect(await keeper.page('a')).toBe('["anew"]')
    // Nothing was kept meanwhile, and nothing was missed: what it had is as good as before the log was away.
    keeper.cache.restart(keeper.region.epoch, keeper.region.position)
    keeper.cache.freshUntil(Number.POSITIVE_INFINITY)
    const { reads } = keeper.region
    await keeper.get('a', 1)
    expect(keeper.region.reads).toBe(reads + 1)
  })

  it('sends two reads and no thousand when many ask for the same meanwhile, none of which has begun before it was asked for', async () => {
    const keeper = new Keeper()
    keeper.cache.freshUntil(keeper.nowMs)
    const late = held<Origin<string>>()
    const first = keeper.cache.readItem(keeper.itemRead('a', 1), () => late.promise)
    const before = keeper.region.read('a', 1)
    keeper.region.put('a', 1, 'new')
    const others = Array.from({ length: 1000 }, () => keeper.get('a', 1))
    late.resolve(before)
    expect(textOf(await first)).toBe('{}')
    expect(new Set(await Promise.all(others))).toEqual(new Set([item('new')]))
    expect(keeper.region.reads).toBe(2)
  })

  it('ends the pages of the partition that changed and those of the whole table, and no others', async () => {
    const keeper = new Keeper()
    keeper.region.put('a', 1, 'a1')
    keeper.region.put('b', 1, 'b1')
    await keeper.page('a')
    await keeper.page('b')
    await keeper.page()
    keeper.tell(keeper.region.put('a', 2, 'a2'), keyOf('a', 2))
    const { reads } = keeper.region
    expect(await keeper.page('b')).toBe('["b1"]')
    expect(keeper.region.reads).toBe(reads)
    expect(await keeper.page('a')).toBe('["a1","a2"]')
    expect(await keeper.page()).toBe('["a1","a2","b1"]')
    expect(keeper.region.reads).toBe(reads + 2)
  })

  it('ends the pages that a write through it may change before the writer is answered', async () => {
    const keeper = new Keeper()
    await keeper.page('a')
    await keeper.page()
    keeper.put('a', 1, 'a1')
    expect([await keeper.page('a'), await keeper.page()]).toEqual(['["a1"]', '["a1"]'])
  })

  it('answers nothing of a table that was deleted and made again, however late its replies come', async () => {
    const keeper = new Keeper()
    keeper.region.put('a', 1, 'a1')
    await keeper.get('a', 1)
    await keeper.page()
    const late = held<Origin<string>>()
    const read = keeper.cache.readItem(keeper.itemRead('a', 2), () => late.promise)
    const before = keeper.region.read('a', 2)
    const gone = keeper.region.tableId
    keeper.tell(keeper.region.recreate(), undefined, gone)
    late.resolve(before)
    await read
    expect(await keeper.get('a', 1)).toBe('{}')
    expect(await keeper.page()).toBe('[]')
    keeper.region.put('a', 2, 'again')
    expect(await keeper.get('a', 2)).toBe(item('again'))
  })

  it('does not take what was written to a table for an item of the one made after it', async () => {
    const keeper = new Keeper()
    const position = keeper.region.put('a', 1, 'old')
    const mark = keeper.region.mark([position])
    const gone = keeper.region.tableId
    const written = { table: 'T', keyOf: () => keyOf('a', 1).toString('latin1'), body: item('old') }
    keeper.tell(keeper.region.recreate(), undefined, gone)
    await keeper.get('b', 1)
    keeper.cache.wrote('me', [written], mark)
    expect(await keeper.get('a', 1)).toBe('{}')
  })

  it('keeps nothing of a log that it does not follow', async () => {
    const keeper = new Keeper()
    keeper.region.epoch = 'two'
    await keeper.get('a', 1)
    await keeper.get('a', 1)
    expect(keeper.region.reads).toBe(2)
  })
})

describe('a batch', () => {
  it('asks the region only for what is not kept, and joins what others are reading', async () => {
    const keeper = new Keeper()
    for (const n of [1, 2, 3]) keeper.region.put('a', n, `a${n}`)
    await keeper.get('a', 1)
    const late = held<Origin<string>>()
    void keeper.cache.readItem(keeper.itemRead('a', 2), () => late.promise)
    const asked: (readonly number[])[] = []
    const batch = keeper.cache.readItems(
      [1, 2, 3].map((n) => keeper.itemRead('a', n)),
      (missing) => {
        asked.push(missing)
        const bodies = new Map(missing.map((at) => [at, keeper.region.read('a', at + 1).body ?? '']))
        return Promise.resolve({ reply: 'some', mark: keeper.region.mark(), bodies })
      },
    )
    late.resolve(keeper.region.read('a', 2))
    const { found, replies } = await batch
    expect([...found].map(([at, { body }]) => [at, body])).toEqual([
      [0, item('a1')],
      [1, item('a2')],
    ])
    expect(replies).toEqual(['some'])
    expect(asked).toEqual([[2]])
    expect(await keeper.get('a', 3)).toBe(item('a3'))
    expect(keeper.region.reads).toBe(3)
  })
})
