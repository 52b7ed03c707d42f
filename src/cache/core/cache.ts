/**
 * A cache with DAX's semantics, before one region, whatever protocol it is asked by: an item cache and a query cache, read
 * through and written through. It acts on nothing: time comes from a clock, the region is a function of the caller's.
 *
 *   dax        faithful: what is written around the cache, or comes from another region, is seen when the time is up
 *   coherent   the region's log says what changes (follower.ts); while it cannot be followed nothing kept is answered
 *
 *   fences.ts   what was read too early to be kept      flights.ts   many misses, one read
 *   lru.ts      what goes when there is no room         cached-tables.ts which table a name means
 */
import type { Position } from '../../core/change/change.ts'
import type { InvalidatedKey } from '../../core/change/invalidation.ts'
import { cacheFencesMax } from '../../core/limits/limits.ts'
import type { KeySchema } from '../../core/table/table.ts'
import type { Mark } from '../../core/wire/cache-mark.ts'
import { type CachedTable, fenceOf, type ItemSlot, partitionOf, Variant } from './cached-table.ts'
import { Cached } from './entry.ts'
import { Fences } from './fences.ts'
import { Figures } from './cache-counts.ts'
import { Flights } from './flights.ts'
import type { CacheMode, CacheOptions } from './cache-options.ts'
import {
  type Answer,
  type BatchOrigin,
  flightOf,
  type ItemRead,
  type Kept,
  type Origin,
  type PageRead,
  type Written,
} from './asks.ts'
import { ItemCache } from './item-cache.ts'
import { QueryCache } from './query-cache.ts'
import { isConfirmed, Tables } from './cached-tables.ts'

type Outcome = Cached | undefined
/** `outcome` is what others may be told who asked the same. */
type Read = { readonly outcome: Outcome; readonly reply: unknown }

export class Cache {
  readonly figures = new Figures()
  readonly items: ItemCache
  readonly queries: QueryCache
  readonly #options: CacheOptions
  readonly #fences = new Fences(cacheFencesMax)
  readonly #flights: Flights<Read>
  readonly #tables: Tables
  /** The log that positions are of. */
  #epoch: string | undefined
  /** Until when what is kept may be answered by what the log has told. */
  #freshUntilMs = Number.NEGATIVE_INFINITY
  /** The region verifies signatures, and whoever asks here has not been. */
  #closed = false

  constructor(options: CacheOptions) {
    this.#options = options
    this.items = new ItemCache(options.memoryBytes / 2)
    this.queries = new QueryCache(options.memoryBytes / 2)
    this.#flights = new Flights(this.#fences)
    this.#tables = new Tables((table) => {
      this.items.dropTable(table)
      this.queries.dropTable(table)
    })
  }

  get mode(): CacheMode {
    return this.#options.mode
  }

  /** Whether what is kept may be answered now. */
  get serves(): boolean {
    return !this.#closed && (this.mode === 'dax' || this.#isFresh(this.#nowMs()))
  }

  /** Once the region verifies signatures, a cache that cannot keeps nothing; where policies decide, none does. */
  close(closed: boolean): void {
    if (closed && !this.#closed) this.clear()
    this.#closed = closed
  }

  // Reading

  /** An answer at once on a hit; else through the region, together with all that miss the same. */
  readItem<Reply>(read: ItemRead, origin: () => Promise<Origin<Reply>>): Answer<Reply> | Promise<Answer<Reply>> {
    const { found, kept } = this.#look(read)
    if (found !== undefined) {
      this.figures.itemHits++
      return { cached: found }
    }
    this.figures.itemMisses++
    const [name, fenced] = flightOf(read, kept)
    return this.#together(name, fenced, origin, (mark, body) => this.#fillItem(read, mark, body))
  }

  /** What is kept, while the log is known: a miss is not counted, and is to be asked for by `readItem`. */
  findItem(read: ItemRead): Cached | undefined {
    const nowMs = this.#nowMs()
    if (this.#closed || !this.#isFresh(nowMs)) return undefined
    const { slot, who, shown } = read
    // With a table that its name no longer means all of its slots have gone.
    const again = slot?.held === true ? this.items.find(slot, who, shown, nowMs) : undefined
    const found = again ?? this.#look(read).found
    if (found !== undefined) this.figures.itemHits++
    return found
  }

  /** Returns the key of the table that the name means, while the log says so. */
  keyOf(name: string): KeySchema | undefined {
    return this.#isFresh(this.#nowMs()) ? this.#tables.named(name)?.key : undefined
  }

  /** What is kept of a batch, and what others are reading now; `origin` is asked for the rest, if any, by their places in `reads`. */
  async readItems<Reply>(
    reads: readonly ItemRead[],
    origin: (missing: readonly number[]) => Promise<BatchOrigin<Reply>>,
  ): Promise<{ readonly found: ReadonlyMap<number, Cached>; readonly replies: readonly Reply[] }> {
    const found = new Map<number, Cached>()
    const missing: number[] = []
    const waiting: { readonly at: number; readonly flight: Promise<{ readonly outcome: Outcome }> }[] = []
    for (const [at, read] of reads.entries()) {
      const { found: cached, kept } = this.#look(read)
      const flight = cached === undefined && this.serves ? this.#flights.join(...flightOf(read, kept)) : undefined
      if (cached !== undefined) found.set(at, cached)
      else if (flight !== undefined) waiting.push({ at, flight })
      else missing.push(at)
    }
    this.figures.itemHits += found.size
    this.figures.itemMisses += reads.length - found.size
    this.figures.coalesced += waiting.length
    const replies: Reply[] = []
    if (missing.length > 0) replies.push(await this.#readMissing(reads, missing, origin))
    const left: number[] = []
    for (const { at, flight } of waiting) {
      const { outcome } = await flight
      if (outcome === undefined || this.#closed) left.push(at)
      else found.set(at, outcome)
    }
    if (left.length > 0) replies.push(await this.#readMissing(reads, left, origin))
    return { found, replies }
  }

  readPage<Reply>(read: PageRead, origin: () => Promise<Origin<Reply>>): Answer<Reply> | Promise<Answer<Reply>> {
    const nowMs = this.#nowMs()
    const table = this.#options.queryTtlMs === 0 ? undefined : this.#tableFor(read.table, nowMs)
    const found = table === undefined ? undefined : this.queries.find(table, read.id, nowMs)
    if (found !== undefined) {
      this.figures.page(read.kind, true)
      return { cached: found }
    }
    this.figures.page(read.kind, false)
    // The partition is worked out again when the page is kept: until then anything of the table ends the flight.
    const fenced = table === undefined ? undefined : [fenceOf.items(table.id), fenceOf.table(table.id)]
    return this.#together(`${read.kind} ${table?.id ?? read.table}\0${read.id}`, fenced, origin, (mark, body) =>
      this.#fillPage(read, mark, body),
    )
  }

  // Writing

  /**
   * After the region has answered a write and before the client is: what was written takes the place of all that was kept of
   * its items. Of a write whose fate is unknown (no mark) nothing is known of them any more.
   */
  wrote(who: string, writes: readonly (Written | undefined)[], mark: Mark | undefined): void {
    if (mark !== undefined) this.#follow(mark)
    for (const [at, write] of writes.entries()) {
      if (write === undefined) continue
      if (mark === undefined) this.#forget(write)
      else this.#takeOver(who, write, mark, mark.commits[at])
    }
  }

  // The log

  /** What the region's log says has changed; whatever is kept of it from before goes. */
  invalidate(changes: readonly InvalidatedKey[]): void {
    for (const { position, table: id, key } of changes) {
      if (key === undefined) this.#tableChanged(id, position)
      else if (this.mode === 'coherent') this.#itemChanged(id, key, position)
    }
    this.figures.told += changes.length
  }

  /** Something may have been missed: nothing that was read before `position` is kept. Another epoch is another log. */
  restart(epoch: string, position: Position): void {
    this.clear()
    if (epoch !== this.#epoch) this.#fences.restart()
    this.#epoch = epoch
    this.#fences.raise(position)
  }

  clear(): void {
    this.#tables.clear()
    this.#fences.raise(0)
    this.figures.cleared++
  }

  /** The log is known as it was not longer ago than is allowed; until `untilMs` by the monotonic clock. */
  freshUntil(untilMs: number): void {
    this.#freshUntilMs = untilMs
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  #isFresh(nowMs: number): boolean {
    return nowMs < this.#freshUntilMs
  }

  /** When what is kept of it may be answered. */
  #tableFor(name: string, nowMs: number): CachedTable | undefined {
    if (this.#closed) return undefined
    const table = this.#tables.named(name)
    if (table === undefined || this.#isFresh(nowMs)) return table
    return this.mode === 'dax' && isConfirmed(table, nowMs) ? table : undefined
  }

  #look(read: ItemRead): { readonly found?: Cached; readonly kept?: Kept } {
    const nowMs = this.#nowMs()
    const table = this.#tableFor(read.table, nowMs)
    const key = table === undefined ? undefined : read.keyOf(table)
    if (table === undefined || key === undefined) return {}
    const kept = { table, key }
    const slot = table.slots.get(key)
    if (slot === undefined) return { kept }
    read.slot = slot
    const found = this.items.find(slot, read.who, read.shown, nowMs) ?? this.#projected(slot, read, nowMs)
    return found === undefined ? { kept } : { found, kept }
  }

  async #readMissing<Reply>(
    reads: readonly ItemRead[],
    missing: readonly number[],
    origin: (missing: readonly number[]) => Promise<BatchOrigin<Reply>>,
  ): Promise<Reply> {
    const answer = origin(missing)
    const each = async (read: ItemRead, at: number) => {
      const { mark, bodies } = await answer
      const body = bodies?.get(at)
      return {
        outcome: mark === undefined || body === undefined ? undefined : this.#fillItem(read, mark, body),
        reply: undefined,
      }
    }
    const filled = missing.map((at) => {
      const read = reads[at] as ItemRead
      if (!this.serves) return each(read, at)
      const [name] = flightOf(read, this.#look(read).kept)
      return this.#flights.start(name, () => each(read, at))
    })
    await Promise.all(filled)
    return (await answer).reply
  }

  /** One read for all that ask the same meanwhile, unless something was told since it began. */
  async #together<Reply>(
    name: string,
    fenced: readonly string[] | undefined,
    origin: () => Promise<Origin<Reply>>,
    fill: (mark: Mark, body: string) => Outcome,
  ): Promise<Answer<Reply>> {
    if (this.#closed) return { reply: (await origin()).reply }
    const read = async () => {
      const { reply, mark, body } = await origin()
      return { reply, outcome: mark === undefined || body === undefined ? undefined : fill(mark, body) }
    }
    const { outcome: shared, own } = this.serves
      ? this.#joinOrStart(name, fenced, read)
      : this.#flights.following(name, read)
    if (own) return { reply: (await shared).reply as Reply }
    this.figures.coalesced++
    const { outcome } = await shared
    // What the other was refused with, or was answered because it had proved who it is, is not for this one.
    return outcome === undefined || this.#closed ? { reply: (await origin()).reply } : { cached: outcome }
  }

  #joinOrStart(name: string, fenced: readonly string[] | undefined, read: () => Promise<Read>) {
    const joined = this.#flights.join(name, fenced)
    return joined === undefined
      ? { outcome: this.#flights.start(name, read), own: true }
      : { outcome: joined, own: false }
  }

  /** Returns what others who asked the same may be told, whether or not it could be kept. */
  #fillItem(
    { table: name, who, shown, keyOf }: Pick<ItemRead, 'table' | 'who' | 'shown' | 'keyOf'>,
    mark: Mark,
    body: string,
  ): Cached {
    const table = this.#learn(name, mark)
    const key = table === undefined ? undefined : keyOf(table)
    const variant = this.#variant(body, mark.place.position, { who, shown })
    if (table === undefined || key === undefined) return variant
    if (this.#admits([fenceOf.item(table.id, key)], mark.place.position)) this.items.put(table, key, variant)
    return variant
  }

  #fillPage({ table: name, id, partitionOf: partitionIn }: PageRead, mark: Mark, body: string): Cached {
    const table = this.#learn(name, mark)
    const cached = new Cached(body, mark.place.position, this.#expiresMs(this.#options.queryTtlMs))
    if (table === undefined || this.#options.queryTtlMs === 0) return cached
    const partition = partitionIn(table)
    const fence = partition === undefined ? fenceOf.items(table.id) : fenceOf.partition(table.id, partition)
    if (this.#admits([fence], mark.place.position)) this.queries.put(table, id, partition, cached)
    return cached
  }

  #admits(keys: readonly string[], position: Position): boolean {
    if (!this.serves) return false
    const admitted = this.#fences.admits(keys, position)
    if (!admitted) this.figures.missedMoments++
    return admitted
  }

  #variant(body: string, position: Position, whose: Pick<Variant, 'who' | 'shown'>): Variant {
    return new Variant({ body, position, expiresMs: this.#expiresMs(this.#options.itemTtlMs) }, whose)
  }

  /** Whole milliseconds: another number would be an object of its own, to be fetched at each hit. */
  #expiresMs(ttlMs: number): number {
    return ttlMs === 0 ? Number.POSITIVE_INFINITY : Math.floor(this.#nowMs() + ttlMs)
  }

  /** A part of an item that is there as a whole, kept from now on for itself. */
  #projected(slot: ItemSlot, { who, shown, project }: ItemRead, nowMs: number): Cached | undefined {
    const whole = project === undefined ? undefined : this.items.find(slot, who, '', nowMs)
    const body = whole === undefined ? undefined : project?.(whole.body)
    if (whole === undefined || body === undefined) return undefined
    const { position, expiresMs } = whole
    const variant = new Variant({ body, position, expiresMs }, { who, shown })
    this.items.put(slot.table, slot.key, variant)
    return variant
  }

  /** The table that the reply was about, if what it says still holds. */
  #learn(name: string, mark: Mark): CachedTable | undefined {
    this.#follow(mark)
    const marked = mark.tables.get(name)
    const { epoch, position } = mark.place
    if (marked === undefined || epoch !== this.#epoch) return undefined
    if (!this.#fences.admits([fenceOf.table(marked.id)], position)) return undefined
    return this.#tables.learn(name, marked, position, this.#nowMs())
  }

  /** Without a log to follow, the replies alone tell that the region has begun another one. */
  #follow({ place }: Mark): void {
    if (place.epoch === this.#epoch) return
    if (this.#epoch === undefined || (this.mode === 'dax' && !this.#isFresh(this.#nowMs())))
      this.restart(place.epoch, 0)
  }

  #forget({ table: name, keyOf }: Written): void {
    const table = this.#tables.named(name)
    const key = table === undefined ? undefined : keyOf(table)
    if (table === undefined || key === undefined) return
    this.items.drop(table, key)
    this.#fences.note(fenceOf.item(table.id, key), 0)
  }

  #takeOver(who: string, write: Written, mark: Mark, commit: Position | undefined): void {
    const table = this.#learn(write.table, mark)
    const key = table === undefined ? undefined : write.keyOf(table)
    if (table === undefined || key === undefined) return this.#forget(write)
    const exact = commit === undefined || commit === 0 ? undefined : commit
    const position = exact ?? mark.after
    const fence = fenceOf.item(table.id, key)
    // The table may be another by now than the one that was written to.
    const isLatest = this.#fences.admits([fence, fenceOf.table(table.id)], position)
    this.#fences.note(fence, position)
    this.#endPages(table.id, key, position)
    const { body } = write
    if (exact === undefined || body === undefined || !isLatest || !this.serves) this.items.drop(table, key, position)
    else this.items.replace(table, key, this.#variant(body, position, { who, shown: '' }))
  }

  /** In DAX a write leaves the pages alone; where the log ends them anyway, the writer need not wait for that. */
  #endPages(id: string, key: string, position: Position): void {
    if (this.mode === 'coherent') this.#itemChanged(id, Buffer.from(key, 'latin1'), position)
  }

  #tableChanged(id: string, position: Position): void {
    this.#fences.note(fenceOf.table(id), position)
    const table = this.#tables.withId(id)
    if (table !== undefined) this.#tables.drop(table)
  }

  #itemChanged(id: string, key: Buffer, position: Position): void {
    const text = key.toString('latin1')
    const partition = partitionOf(key)
    this.#fences.note(fenceOf.item(id, text), position)
    this.#fences.note(fenceOf.partition(id, partition), position)
    this.#fences.note(fenceOf.items(id), position)
    const table = this.#tables.withId(id)
    if (table === undefined) return
    this.items.drop(table, text, position)
    this.queries.drop(table, partition, position)
  }
}
