/** A cache before a region of the test's own: a map with positions, whose answers come when the test says so. */
import type { KeySchema } from '../../../src/core/table/table.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { Mark } from '../../../src/core/wire/cache-mark.ts'
import type { ItemRead, Origin, PageRead, Written } from '../../../src/cache/core/asks.ts'
import { Cache } from '../../../src/cache/core/cache.ts'
import type { CacheOptions } from '../../../src/cache/core/cache-options.ts'
import type { Cached } from '../../../src/cache/core/entry.ts'

export const schema: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] }

export const keyOf = (pk: string, sk: number): Buffer =>
  encodePrimaryKey(schema, { pk: { S: pk }, sk: { N: String(sk) } })

export class FakeRegion {
  epoch = 'one'
  position = 0
  tableId = 'T1'
  reads = 0
  readonly items = new Map<string, string>()

  put(pk: string, sk: number, value: string | undefined): number {
    const key = keyOf(pk, sk).toString('latin1')
    if (value === undefined) this.items.delete(key)
    else this.items.set(key, value)
    return ++this.position
  }

  recreate(): number {
    this.items.clear()
    this.tableId = `T${++this.position}`
    return this.position
  }

  mark(commits: readonly number[] = []): Mark {
    return {
      place: { epoch: this.epoch, position: this.position },
      after: this.position,
      commits,
      tables: new Map([['T', { id: this.tableId, key: schema }]]),
      verified: false,
      policed: false,
    }
  }

  read(pk: string, sk: number): Origin<string> {
    this.reads++
    const value = this.items.get(keyOf(pk, sk).toString('latin1'))
    const body = value === undefined ? '{}' : `{"Item":${JSON.stringify(value)}}`
    return { reply: body, mark: this.mark(), body }
  }

  /** Every item of the partition, or of the table. */
  page(pk?: string): Origin<string> {
    this.reads++
    const body = JSON.stringify(
      [...this.items.values()].filter((value) => pk === undefined || value.startsWith(pk)).toSorted(),
    )
    return { reply: body, mark: this.mark(), body }
  }
}

export class Keeper {
  nowMs = 0
  readonly region = new FakeRegion()
  readonly cache: Cache

  constructor(options: Partial<CacheOptions> = {}) {
    this.cache = new Cache({
      clock: { monotonicMs: () => this.nowMs },
      mode: 'coherent',
      itemTtlMs: 300_000,
      queryTtlMs: 300_000,
      memoryBytes: 1024 * 1024,
      ...options,
    })
    if (this.cache.mode === 'coherent') {
      this.cache.restart(this.region.epoch, 0)
      this.cache.freshUntil(Number.POSITIVE_INFINITY)
    }
  }

  itemRead(pk: string, sk: number, more: Partial<ItemRead> = {}): ItemRead {
    return {
      table: 'T',
      who: 'me',
      shown: '',
      keyOf: () => keyOf(pk, sk).toString('latin1'),
      text: `${pk} ${sk} ${more.shown ?? ''}`,
      project: undefined,
      slot: undefined,
      ...more,
    }
  }

  /** What a client sees, and whether the region was asked. */
  async get(pk: string, sk: number, more: Partial<ItemRead> = {}): Promise<string> {
    const found = await this.cache.readItem(this.itemRead(pk, sk, more), () =>
      Promise.resolve(this.region.read(pk, sk)),
    )
    return textOf(found)
  }

  pageRead(pk?: string): PageRead {
    return {
      kind: pk === undefined ? 'scan' : 'query',
      table: 'T',
      id: `page ${pk ?? '*'}`,
      partitionOf: () => (pk === undefined ? undefined : partition(pk)),
    }
  }

  async page(pk?: string): Promise<string> {
    return textOf(await this.cache.readPage(this.pageRead(pk), () => Promise.resolve(this.region.page(pk))))
  }

  /** A write through the cache. */
  put(pk: string, sk: number, value: string | undefined, body = true): void {
    const position = this.region.put(pk, sk, value)
    const whole = value === undefined ? '{}' : `{"Item":${JSON.stringify(value)}}`
    const write: Written = {
      table: 'T',
      keyOf: () => keyOf(pk, sk).toString('latin1'),
      body: body ? whole : undefined,
    }
    this.cache.wrote('me', [write], this.region.mark([position]))
  }

  /** What the log says of a change. */
  tell(position: number, key: Buffer | undefined, table = this.region.tableId): void {
    this.cache.invalidate([{ position, table, key }])
  }
}

export function textOf(found: { readonly cached: Cached } | { readonly reply: string }): string {
  return 'cached' in found ? found.cached.body : found.reply
}

function partition(pk: string): string {
  const key = keyOf(pk, 0)
  return key.toString('latin1', 0, 10 + key.readUInt16BE(8))
}
