/**
 * A coherent cache beside a reader without one. Whatever the order in which replies, changes and their telling meet, the
 * cache answers what the region had no earlier than the last change that was told to it; and once all is told and
 * nothing is on its way, both readers see the same.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { InvalidatedKey } from '../../../src/core/change/invalidation.ts'
import type { ItemRead, Origin } from '../../../src/cache/core/asks.ts'
import { Keeper, keyOf, textOf } from './keeper.ts'

const partition = fc.constantFrom('a', 'b')
const sort = fc.constantFrom(1, 2)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('read' as const), pk: partition, sk: sort }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('page' as const), pk: fc.option(partition, { nil: undefined }) }),
  },
  /** Written around the cache, or by another region: the log alone tells. */
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('change' as const), pk: partition, sk: sort, remove: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('write' as const), pk: partition, sk: sort, known: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('recreate' as const) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('tell' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('silence' as const) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('reply' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('later' as const), ms: fc.nat(400) }) },
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class Race {
  readonly keeper = new Keeper({ itemTtlMs: 1000, queryTtlMs: 1000, memoryBytes: 16 * 1024 })
  /** Not told yet. */
  readonly #log: InvalidatedKey[] = []
  readonly #underWay: (() => void)[] = []
  readonly #answers: Promise<void>[] = []
  /** What the region has had, by position: the last one told says what a reader may see at the oldest. */
  readonly #history: {
    readonly position: number
    readonly items: ReadonlyMap<string, string>
    readonly table: string
  }[] = []
  /** Reads that come again. */
  readonly #reads = new Map<string, ItemRead>()
  #told = 0
  #writes = 0

  constructor() {
    this.#remember()
  }

  async take(each: Step): Promise<void> {
    const { keeper } = this
    const { region } = keeper
    switch (each.what) {
      case 'read': {
        const late = this.#reply(() => region.read(each.pk, each.sk))
        const expected = this.#allowed((items) => itemBody(items.get(keyOf(each.pk, each.sk).toString('latin1'))))
        const read = this.#readOf(each.pk, each.sk)
        // As a front asks: what is where it was last time is answered from there.
        const again = keeper.cache.findItem(read)
        return this.#expect(again === undefined ? keeper.cache.readItem(read, late) : { cached: again }, expected)
      }
      case 'page': {
        const late = this.#reply(() => region.page(each.pk))
        const expected = this.#allowed((items) => pageBody(items, each.pk))
        return this.#expect(keeper.cache.readPage(keeper.pageRead(each.pk), late), expected)
      }
      case 'change': {
        const position = region.put(each.pk, each.sk, each.remove ? undefined : this.#value(each.pk))
        this.#log.push({ position, table: region.tableId, key: keyOf(each.pk, each.sk) })
        return this.#remember()
      }
      case 'write': {
        keeper.put(each.pk, each.sk, this.#value(each.pk), each.known)
        this.#log.push({ position: region.position, table: region.tableId, key: keyOf(each.pk, each.sk) })
        return this.#remember()
      }
      case 'recreate': {
        const gone = region.tableId
        this.#log.push({ position: region.recreate(), table: gone, key: undefined })
        return this.#remember()
      }
      case 'tell': {
        const changes = this.#log.splice(0, each.count)
        keeper.cache.invalidate(changes)
        this.#told = Math.max(this.#told, changes.at(-1)?.position ?? 0)
        return undefined
      }
      // The follower finds a hole, or comes back after a silence: it begins where the region is.
      case 'lose':
        return this.#restart()
      case 'silence':
        keeper.cache.freshUntil(Number.NEGATIVE_INFINITY)
        return undefined
      case 'reply':
        this.#underWay.splice(each.which % Math.max(1, this.#underWay.length), 1)[0]?.()
        return await turns()
      case 'later':
        keeper.nowMs += each.ms
        return undefined
      default:
        return each satisfies never
    }
  }

  /** All is told and nothing is on its way: the cache is as good as none. */
  async end(): Promise<void> {
    // One reply may be what another read has waited for.
    for (let round = 0; round < 200; round++) {
      for (const reply of this.#underWay.splice(0)) reply()
      await turns()
    }
    await Promise.all(this.#answers)
    this.keeper.cache.invalidate(this.#log.splice(0))
    this.keeper.cache.freshUntil(Number.POSITIVE_INFINITY)
    const { region } = this.keeper
    for (const pk of ['a', 'b']) {
      for (const sk of [1, 2]) expect(await this.keeper.get(pk, sk)).toBe(region.read(pk, sk).body)
      expect(await this.keeper.page(pk)).toBe(region.page(pk).body)
    }
    expect(await this.keeper.page()).toBe(region.page().body)
  }

  #readOf(pk: string, sk: number): ItemRead {
    const name = `${pk} ${sk}`
    const read = this.#reads.get(name) ?? this.keeper.itemRead(pk, sk)
    this.#reads.set(name, read)
    return read
  }

  #restart(): void {
    const { region, cache } = this.keeper
    this.#log.length = 0
    cache.restart(region.epoch, region.position)
    cache.freshUntil(Number.POSITIVE_INFINITY)
    this.#told = region.position
  }

  /** The region reads when the request arrives, or later; the test says when the reply comes. */
  #reply(read: () => Origin<string>): () => Promise<Origin<string>> {
    return () => {
      const answer = read()
      return new Promise((resolve) => this.#underWay.push(() => resolve(answer)))
    }
  }

  /** What may be answered to a question of now: anything from the last told state on. */
  #allowed(view: (items: ReadonlyMap<string, string>) => string): () => ReadonlySet<string> {
    const { serves } = this.keeper.cache
    const from = serves ? this.#told : this.keeper.region.position
    return () => {
      const at = this.#history.findLastIndex(({ position }) => position <= from)
      return new Set(this.#history.slice(Math.max(0, at)).map(({ items }) => view(items)))
    }
  }

  #expect(
    found: Parameters<typeof textOf>[0] | Promise<Parameters<typeof textOf>[0]>,
    allowed: () => ReadonlySet<string>,
  ): void {
    const check = (each: Parameters<typeof textOf>[0]): void => {
      expect([...allowed()]).toContain(textOf(each))
    }
    if (found instanceof Promise) this.#answers.push(found.then(check))
    else check(found)
  }

  #remember(): void {
    const { position, items, tableId } = this.keeper.region
    this.#history.push({ position, items: new Map(items), table: tableId })
  }

  #value(pk: string): string {
    return `${pk}${++this.#writes}`
  }
}

const itemBody = (value: string | undefined): string =>
  value === undefined ? '{}' : `{"Item":${JSON.stringify(value)}}`

const pageBody = (items: ReadonlyMap<string, string>, pk: string | undefined): string =>
  JSON.stringify([...items.values()].filter((value) => pk === undefined || value.startsWith(pk)).toSorted())

async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await Promise.resolve()
}

it('answers nothing older than the last change that was told, and in the end what a reader without a cache sees', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const race = new Race()
      for (const each of steps) await race.take(each)
      await race.end()
    }),
    { numRuns: 1000 },
  )
})
