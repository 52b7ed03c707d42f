/**
 * A coherent cache beside one region, with a reader that holds it to its promises. What it answers from what is kept is
 * compared with the region's log: true at the position that it was read at, nothing told since, not older than the lease
 * allows, and of a table that is still the same. Its line to the log is cut, slow and loses messages by chance; the
 * cache itself is killed now and then.
 */
import { MemoryCacheLine } from '../../src/adapters/memory/memory-cache-line.ts'
import type { Position } from '../../src/core/change/change.ts'
import { bodyOffset } from '../../src/core/item/row.ts'
import { cacheLeaseMs } from '../../src/core/limits/limits.ts'
import { encodePrimaryKey } from '../../src/core/key/primary-key.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { Mark } from '../../src/core/wire/cache-mark.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { ItemRead, Origin } from '../../src/cache/core/asks.ts'
import { Cache } from '../../src/cache/core/cache.ts'
import type { CachedTable } from '../../src/cache/core/cached-table.ts'
import type { Cached } from '../../src/cache/core/entry.ts'
import { type Follower, startFollower } from '../../src/cache/core/follower.ts'
import { isUsable } from './client.ts'
import { type Intent, keyBytes, writeOf } from './intent.ts'
import { isItem } from './log-watch.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat, Violation } from './violation.ts'
import type { World } from './world.ts'

const tables = ['orders', 'notes', 'late', 'scratch']
const settleMsMax = 30_000

type Sample = { readonly atMs: number; readonly epoch: string; readonly position: Position }
type Kept = { readonly table: string; readonly key: Buffer }

export class SimulatedCache {
  hits = 0
  readonly #world: World
  readonly #region: SimulatedRegion
  /** Its own: what it draws changes nothing of a world without caches. */
  readonly #random: SeededRandom
  readonly #line: MemoryCacheLine
  readonly #samples: Sample[] = []
  /** Reads that come again. */
  readonly #reads = new Map<string, ItemRead>()
  #cache!: Cache
  #follower!: Follower
  #writes = 0
  #stopped = false

  constructor(world: World, region: SimulatedRegion, seed: number) {
    this.#world = world
    this.#region = region
    this.#random = new SeededRandom(seed)
    this.#line = new MemoryCacheLine(world.network, region.name)
    this.#line.delayMs = this.#random.pick([0.2, 5, 40])
    this.#line.loseChance = this.#random.pick([0, 0, 0.02, 0.2])
    this.#start()
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    const thinkMs = this.#random.pick([5, 20, 100])
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(thinkMs * 2 * this.#random.fraction())
      this.#sample()
      if (this.#random.chance(0.03)) this.#trouble()
      const table = this.#random.pick(tables)
      const key = { id: this.#random.chance(0.7) ? 'hot1' : 'cold3', part: this.#random.pick(['a', 'b']) }
      const work = this.#random.chance(0.15) ? this.#write(table, key) : this.#read(table, key)
      work.catch((error: unknown) => {
        if (error instanceof Violation || error instanceof TypeError || error instanceof RangeError)
          scheduler.fail(error)
      })
    }
  }

  /** Once everything is healed it follows, and what it answers is what the region has. */
  async settle(): Promise<void> {
    // A region that has left for good leaves its cache with nothing to follow.
    if (!this.#world.regions.includes(this.#region)) return
    const { scheduler } = this.#world
    this.#line.state = 'up'
    this.#line.loseChance = 0
    const startedMs = scheduler.nowMs
    // A region may have left for good.
    while (this.#world.network.node(this.#region.name) !== undefined && !this.#cache.serves) {
      expectThat(
        scheduler.nowMs - startedMs < settleMsMax,
        'a cache follows again after the heal',
        () => this.#region.name,
      )
      await scheduler.sleep(100)
    }
    // What is on its way, and two answers of the region.
    await scheduler.sleep(2 * cacheLeaseMs)
    const { engine } = this.#region
    if (engine === undefined || !this.#cache.serves) return
    for (const table of engine.tables()) {
      if (!isUsable(table, this.#region.name)) continue
      for (const { key } of engine.rows(table.id, undefined, 100, 1_000_000)) {
        const read = this.#itemRead(table.name, key.toString('latin1'), () => key)
        const found = await this.#cache.readItem(read, () => Promise.resolve(this.#answer(engine, table.name, key)))
        const body = 'cached' in found ? found.cached.body : found.reply
        expectThat(
          body === bodyOf(engine, table, key),
          'a cache ends with what its region has',
          () => `${this.#region.name}: ${key.toString('latin1')} of ${table.name} is ${body}`,
        )
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#follower.stop()
  }

  #start(): void {
    const { scheduler, story } = this.#world
    this.#reads.clear()
    this.#cache = new Cache({
      clock: scheduler,
      mode: 'coherent',
      itemTtlMs: this.#random.pick([0, 300, 300_000]),
      queryTtlMs: 300_000,
      memoryBytes: this.#random.pick([4096, 1024 * 1024]),
    })
    const log = story.logOf(`cache of ${this.#region.name}`)
    const report = () => ({ id: this.#region.name, endpoint: '', mode: 'coherent', figures: {} })
    this.#follower = startFollower({ env: { clock: scheduler, log }, line: this.#line, cache: this.#cache, report })
  }

  #trouble(): void {
    const { scheduler, story } = this.#world
    const trouble = this.#random.pick(['black-hole', 'black-hole', 'reset', 'kill'] as const)
    const durationMs = this.#random.between(10, 8000)
    story.tell(this.#region.name, 'trouble of its cache', { trouble, durationMs })
    if (trouble === 'kill') {
      void this.#follower.stop()
      this.#start()
      return
    }
    this.#line.state = trouble
    scheduler.after(durationMs, () => {
      this.#line.state = 'up'
    })
  }

  #sample(): void {
    const { watch } = this.#region
    const atMs = this.#world.scheduler.nowMs
    this.#samples.push({ atMs, epoch: watch.epoch, position: watch.position })
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - cacheLeaseMs) this.#samples.shift()
  }

  async #read(name: string, key: Intent['key']): Promise<void> {
    const told = this.#follower.place()
    const cache = this.#cache
    let kept: Kept | undefined
    const read = this.#itemRead(name, JSON.stringify(key), (table) => {
      const bytes = encodePrimaryKey(table.key, { id: { S: key.id }, part: { S: key.part } })
      kept = { table: table.id, key: bytes }
      return bytes
    })
    this.#readAgain(name, key, told)
    const found = await cache.readItem(read, () => this.#ask(name, key))
    if (!('cached' in found) || kept === undefined || this.#stopped) return
    this.hits++
    this.#check(found.cached, kept, told)
  }

  /** The shortest way to a hit, by where the same read has found its item before. */
  #readAgain(name: string, key: Intent['key'], told: ReturnType<Follower['place']>): void {
    const text = JSON.stringify([name, key])
    const read =
      this.#reads.get(text) ??
      this.#itemRead(name, text, (table) => encodePrimaryKey(table.key, { id: { S: key.id }, part: { S: key.part } }))
    this.#reads.set(text, read)
    const cached = this.#cache.findItem(read)
    if (cached === undefined || read.slot === undefined) return
    this.hits++
    this.#check(cached, { table: read.slot.table.id, key: Buffer.from(read.slot.key, 'latin1') }, told)
  }

  #itemRead(table: string, text: string, keyOf: (table: CachedTable) => Buffer): ItemRead {
    return {
      table,
      who: 'reader',
      shown: '',
      keyOf: (known) => keyOf(known).toString('latin1'),
      text,
      project: undefined,
      slot: undefined,
    }
  }

  /** There and back; the region may be gone by then, or go meanwhile. */
  async #ask(name: string, key: Intent['key']): Promise<Origin<string>> {
    const { scheduler } = this.#world
    await scheduler.sleep(this.#random.pick([0.1, 1, 30]))
    const { engine } = this.#region
    const table = engine?.tableNamed(name)
    if (engine === undefined || table === undefined) throw new Error('the region does not answer')
    const answer = this.#answer(engine, name, keyBytes(table, key))
    await scheduler.sleep(this.#random.pick([0.1, 1, 30, 300]))
    return answer
  }

  #answer(engine: Engine, name: string, key: Buffer): Origin<string> {
    const table = engine.tableNamed(name)
    if (table === undefined || !isUsable(table, this.#region.name)) return { reply: 'ResourceNotFoundException' }
    const mark = markOf(engine, table, [])
    const body = bodyOf(engine, table, key)
    return { reply: body, mark, body }
  }

  async #write(name: string, key: Intent['key']): Promise<void> {
    const { engine, ended } = this.#region
    const table = engine?.tableNamed(name)
    if (engine === undefined || table === undefined || !isUsable(table, this.#region.name)) return
    const cache = this.#cache
    const tag = `cache of ${this.#region.name} ${++this.#writes}`
    const write = writeOf(table, { act: this.#random.chance(0.7) ? 'put' : 'delete', key, tag, count: this.#writes })
    const body = write.kind === 'put' ? textOf(JSON.stringify(write.item)) : '{}'
    const written = { table: name, keyOf: () => write.key.toString('latin1'), body }
    const mark = markOf(engine, table, [])
    const result = await Promise.race([engine.commit([write]), ended]).catch(() => undefined)
    await this.#world.scheduler.sleep(this.#random.pick([0.1, 1, 30]))
    if (result === undefined || !result.accepted) return cache.wrote('reader', [written], undefined)
    const position = Math.min(result.position, engine.flushed())
    cache.wrote('reader', [written], { ...mark, after: engine.flushed(), commits: [position] })
  }

  #check(cached: Cached, { table, key }: Kept, told: ReturnType<Follower['place']>): void {
    const { watch, name } = this.#region
    if (told === undefined || told.epoch !== watch.epoch) return this.#checkLease(cached, { table, key })
    const what = (): string => `${name} answered ${cached.body} of ${table}, read at ${cached.position}`
    const since = watch.entries.slice(cached.position, Math.min(told.position, watch.position))
    for (const { change } of since) {
      if (change.table !== table) continue
      expectThat(
        isItem(change),
        'a cache answers nothing of a table that has changed since',
        () => `${what()}, with ${told.position} told: ${change.position} changed the table`,
      )
      expectThat(
        !change.key.equals(key),
        'a cached read is not older than what was told',
        () => `${what()}, with ${told.position} told: ${change.position} changed the item`,
      )
    }
    this.#checkLease(cached, { table, key })
    const row = watch.rowAt(table, key, cached.position)
    const was = row === undefined ? undefined : row.tombstone ? '{}' : textOf(row.body.toString())
    // A history that begins later says nothing of before; of what was never there there is none.
    expectThat(
      was === undefined || was === cached.body,
      'a cached read was true when it was read',
      () => `${what()}: ${was}`,
    )
  }

  /** Whatever the region had flushed when the lease could have begun at the earliest must have been seen. */
  #checkLease(cached: Cached, { table, key }: Kept): void {
    const { watch, name } = this.#region
    const [sample] = this.#samples
    if (sample === undefined || sample.atMs > this.#world.scheduler.nowMs - cacheLeaseMs) return
    if (sample.epoch !== watch.epoch) return
    const missed = watch.entries
      .slice(cached.position, sample.position)
      .find(({ change }) => change.table === table && (!isItem(change) || change.key.equals(key)))
    expectThat(
      missed === undefined,
      'a cached read is not older than its lease',
      () =>
        `${name} answered ${cached.body}, read at ${cached.position}; ${missed?.change.position} is older than the lease`,
    )
  }
}

function markOf(engine: Engine, table: Table, commits: readonly Position[]): Mark {
  return {
    place: { epoch: engine.epoch, position: engine.flushed() },
    after: engine.flushed(),
    commits,
    tables: new Map([[table.name, { id: table.id, key: table.key }]]),
    verified: false,
    policed: false,
  }
}

function bodyOf(engine: Engine, table: Table, key: Buffer): string {
  const row = engine.get(table, key)
  return row === undefined ? '{}' : textOf(row.subarray(bodyOffset(row)).toString())
}

function textOf(item: string): string {
  return `{"Item":${item}}`
}
